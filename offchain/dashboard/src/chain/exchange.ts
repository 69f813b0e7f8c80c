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
/** Ten-thousandths in one. */
const SHARES = 10_000n;
/** Prices are UQ112.112 wei a base unit. */
const PRICE_BITS = 112n;
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

/** What so much of one side brings of the other, fee included, rounded down. */
function inputPrice(amount: bigint, given: bigint, wanted: bigint): bigint {
  return (amount * KEPT * wanted) / (given * 1000n + amount * KEPT);
}

/** An exchange, the average price (UQ112.112), and how far from it a trade may leave the price, in ten-thousandths. */
export interface Bound {
  readonly pool: Pick<Pool, "eth" | "tokens">;
  readonly average: bigint;
  readonly deviation: bigint;
}

/** Whether a sale of tokens, or a purchase for ETH, leaves the price within its bound on the side that it moves to. */
export function isWithin({ pool: { eth, tokens }, average, deviation }: Bound, sale: boolean, given: bigint): boolean {
  if (sale) {
    const spot = ((eth - inputPrice(given, tokens, eth)) << PRICE_BITS) / (tokens + given);
    return spot * SHARES >= average * (SHARES - deviation);
  }
  const spot = ((eth + given) << PRICE_BITS) / (tokens - inputPrice(given, eth, tokens));
  return spot * SHARES <= average * (SHARES + deviation);
}

/**
 * The most of `amount` that can be given: of the energy whose price `falls`, or of ETH; the price of what is bought
 * `rises`. All of it where both stay within their bounds.
 */
export function mostWithin(falls: Bound | null, rises: Bound | null, amount: bigint): bigint {
  const fits = (given: bigint): boolean => {
    if (falls && !isWithin(falls, true, given)) return false;
    const wei = falls ? inputPrice(given, falls.pool.tokens, falls.pool.eth) : given;
    return !rises || isWithin(rises, false, wei);
  };
  if (fits(amount)) return amount;
  let [low, high] = [0n, amount];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    [low, high] = fits(middle) ? [middle, high] : [low, middle];
  }
  return low;
}
