/** Sends public transactions from an account whose key is at hand, through the page's own node. */

import { numberToHex, type Hex, type LocalAccount } from "viem";

import { UserError } from "../errors";
import type { Transaction } from "../wallet/shielding";
import type { Node } from "./node";

const MINED_MILLISECONDS = 60_000;
const POLL_MILLISECONDS = 300;

/** Sends a transaction and waits until it is mined; gives its hash. Throws UserError if it is refused or fails. */
export async function sendFrom(
  account: LocalAccount,
  node: Node,
  chainId: number,
  { to, data, value }: Transaction,
): Promise<Hex> {
  const call = { from: account.address, to, data, value: numberToHex(value) };
  const nonce = Number(await node.call<Hex>("eth_getTransactionCount", account.address, "pending"));
  const gasPrice = BigInt(await node.call<Hex>("eth_gasPrice"));
  const gas = (BigInt(await node.call<Hex>("eth_estimateGas", call)) * 5n) / 4n;
  const signed = await account.signTransaction({ type: "legacy", chainId, nonce, gasPrice, gas, to, data, value });
  return mined(node, await node.call<Hex>("eth_sendRawTransaction", signed));
}

/** Gas that a transaction may take that can't be tried before the one ahead of it is mined. */
const UNTRIED_GAS = 400_000n;

/** Wei that transactions, sent one after the other, cost the account at the most. Throws UserError if the first would fail. */
export async function costFrom(from: Hex, node: Node, transactions: Transaction[]): Promise<bigint> {
  const [{ to, data, value }, ...later] = transactions;
  const call = { from, to, data, value: numberToHex(value) };
  const gas = (BigInt(await node.call<Hex>("eth_estimateGas", call)) * 5n) / 4n;
  return (gas + BigInt(later.length) * UNTRIED_GAS) * BigInt(await node.call<Hex>("eth_gasPrice"));
}

/** Waits until a transaction is mined. Throws UserError if it failed, or isn't mined in a minute. */
export async function mined(node: Node, transaction: Hex): Promise<Hex> {
  const end = Date.now() + MINED_MILLISECONDS;
  for (;;) {
    const receipt = await node.call<{ status: Hex } | null>("eth_getTransactionReceipt", transaction);
    if (receipt?.status === "0x1") return transaction;
    if (receipt) throw new UserError("senderFailed", { transaction });
    if (Date.now() > end) throw new UserError("relayedPending", { transaction });
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
}
