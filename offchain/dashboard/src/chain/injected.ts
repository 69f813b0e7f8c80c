/** A wallet with public accounts that the browser injects into the page. Source: EIP-1193, EIP-3326. */

import { numberToHex, type Hex } from "viem";

import { UserError } from "../errors";
import type { Transaction } from "../wallet/shielding";

interface Provider {
  request(call: { method: string; params?: unknown[] }): Promise<unknown>;
}

function provider(): Provider | undefined {
  return (globalThis as { ethereum?: Provider }).ethereum;
}

/** Whether there is one. */
export function hasInjected(): boolean {
  return provider() !== undefined;
}

/** Has a transaction sent on a chain by an account that the person chooses; gives its hash, mined or not. Throws
 * UserError if there is no such wallet, or it refuses. */
export async function sendInjected(chainId: number, { to, data, value }: Transaction): Promise<Hex> {
  const found = provider();
  if (!found) throw new UserError("senderMissing");
  try {
    const [from] = (await found.request({ method: "eth_requestAccounts" })) as Hex[];
    await found.request({ method: "wallet_switchEthereumChain", params: [{ chainId: numberToHex(chainId) }] });
    const call = { from, to, data, value: numberToHex(value) };
    return (await found.request({ method: "eth_sendTransaction", params: [call] })) as Hex;
  } catch (error) {
    throw new UserError("senderRefused", { reason: String((error as Error)?.message ?? error).slice(0, 200) });
  }
}
