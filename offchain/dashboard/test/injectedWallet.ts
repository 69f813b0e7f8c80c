/** A wallet with public accounts as browsers inject it (EIP-1193): it begins on another chain, and has a node send for an
 * unlocked account. This function is run within the page. */

export interface Injected {
  readonly node: string;
  readonly account: string;
}

interface Call {
  readonly method: string;
  readonly params?: unknown[];
}

export function inject({ node, account }: Injected): void {
  const known = new Set(["0x1"]);
  let current = "0x1";
  const page = globalThis as { stubborn?: boolean; ethereum?: object };
  const switchTo = (chainId: string): null => {
    if (!page.stubborn) current = chainId;
    return null;
  };
  const forward = async (method: string, params: unknown[]): Promise<unknown> => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const answer = await fetch(node, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const { result, error } = (await answer.json()) as { result?: unknown; error?: { message: string } };
    if (error) throw new Error(error.message);
    return result;
  };
  const request = async ({ method, params = [] }: Call): Promise<unknown> => {
    const [first] = params as { chainId: string }[];
    if (method === "eth_requestAccounts") return [account];
    if (method === "eth_chainId") return current;
    if (method === "wallet_addEthereumChain") {
      known.add(first.chainId);
      return switchTo(first.chainId);
    }
    if (method === "wallet_switchEthereumChain") {
      if (!known.has(first.chainId)) throw Object.assign(new Error("unknown chain"), { code: 4902 });
      return switchTo(first.chainId);
    }
    return forward(method, params);
  };
  page.ethereum = { request };
}
