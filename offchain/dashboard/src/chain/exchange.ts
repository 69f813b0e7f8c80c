/** An exchange as the page's own node has it: reserves, price, and what amounts would get. Amounts are wei and base units. */

import { hexToBigInt, parseAbi, type Hex } from "viem";

import { UserError } from "../errors";
import type { Network } from "./network";
import type { Block, Node } from "./node";

const ABI = parseAbi([
  "function getExchange(address token) view returns (address)",
  "function balanceOf(address account) view returns (uint256)",
]);
const WHOLE = 10n ** 18n;
/** Of an input, in thousandths, after the exchange's fee. */
const KEPT = 997n;

/** Both reserves after a block; `time` is the block's, in Unix seconds. */
export interface Pool {
  readonly exchange: Hex;
  readonly eth: bigint;
  readonly tokens: bigint;
  readonly block: number;
  readonly hash: Hex;
  readonly time: number;
}

/** The exchange of a token. Throws UserError if there is none, or nothing in it. */
export async function poolOf(node: Node, network: Network, token: Hex): Promise<Pool> {
  const { number, hash, timestamp } = await node.call<Block>("eth_getBlockByNumber", "latest", false);
  const exchange = await node.ask<Hex>(network.factory, ABI, "getExchange", [token], number);
  if (!BigInt(exchange)) throw new UserError("tradeNoExchange");
  const [balance, tokens] = await Promise.all([
    node.call<Hex>("eth_getBalance", exchange, number),
    node.ask<bigint>(token, ABI, "balanceOf", [exchange], number),
  ]);
  const eth = hexToBigInt(balance);
  if (!eth || !tokens) throw new UserError("tradeNoLiquidity");
  return { exchange, eth, tokens, block: Number(number), hash, time: Number(timestamp) };
}

/** Wei for a kWh at the margin, rounded down. */
export function priceOf({ eth, tokens }: Pool): bigint {
  return (eth * WHOLE) / tokens;
}

/** Mean prices in wei for a kWh of buying and of selling so many base units, fee included; null where the pool can't. */
export function tradePrices({ eth, tokens }: Pool, amount: bigint): { buy: bigint | null; sell: bigint | null } {
  if (amount <= 0n) return { buy: null, sell: null };
  const paid = amount < tokens ? (eth * amount * 1000n) / ((tokens - amount) * KEPT) + 1n : null;
  const got = (amount * KEPT * eth) / (tokens * 1000n + amount * KEPT);
  return { buy: paid === null ? null : (paid * WHOLE) / amount, sell: (got * WHOLE) / amount };
}
