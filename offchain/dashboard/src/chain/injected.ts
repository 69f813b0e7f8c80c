/** A wallet with public accounts that the browser injects into the page. Source: EIP-1193, EIP-3326, EIP-3085. */

import { numberToHex, type Hex } from "viem";

import { UserError } from "../errors";
import type { Transaction } from "../wallet/shielding";
import type { Network } from "./network";

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
export async function sendInjected(network: Network, { to, data, value }: Transaction): Promise<Hex> {
  const { chainId, node: nodeUrl } = network;
  const found = provider();
  if (!found) throw new UserError("senderMissing");
  try {
    const [from] = (await found.request({ method: "eth_requestAccounts" })) as Hex[];
    await switchTo(found, chainId, nodeUrl);
    const call = { from, to, data, value: numberToHex(value) };
    return (await found.request({ method: "eth_sendTransaction", params: [call] })) as Hex;
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError("senderRefused", { reason: String((error as Error)?.message ?? error).slice(0, 200) });
  }
}

/** What wallets answer that don't know a chain yet. */
const UNKNOWN_CHAIN = 4902;
const CURRENCY = { name: "Ether", symbol: "ETH", decimals: 18 };

/** Has the wallet use the chain, which it is told of if it doesn't know it. Throws UserError if it stays on another one: a
 * transaction would be sent there. */
async function switchTo(wallet: Provider, expected: number, node: string): Promise<void> {
  const chainId = numberToHex(expected);
  try {
    await wallet.request({ method: "wallet_switchEthereumChain", params: [{ chainId }] });
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNKNOWN_CHAIN) throw error;
    const chain = { chainId, chainName: `Open MG ${expected}`, rpcUrls: [node], nativeCurrency: CURRENCY };
    await wallet.request({ method: "wallet_addEthereumChain", params: [chain] });
  }
  const found = Number(await wallet.request({ method: "eth_chainId" }));
  if (found !== expected) throw new UserError("senderChain", { found, expected });
}
