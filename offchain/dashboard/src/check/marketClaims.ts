/** What the service tells of exchanges: trades, candles' closing prices, the oracle's average. */

import { parseAbi, parseAbiItem, type AbiEvent, type Hex } from "viem";

import type { Averages, Candle, Exchange, Trade } from "../api/market";
import type { Network } from "../chain/network";
import type { Claim, Figures } from "./claim";
import { isSame, type Missing, type Witness } from "./witness";

type Side = Trade["side"];

const ETHER = 10n ** 18n;
/** Bits behind the point of the oracle's prices. */
const FIXED_POINT = 112n;

const TRADES: { readonly [side in Side]: AbiEvent } = {
  buy: parseAbiItem(
    "event TokenPurchase(address indexed buyer, uint256 indexed eth_sold, uint256 indexed tokens_bought)",
  ),
  sell: parseAbiItem("event EthPurchase(address indexed buyer, uint256 indexed tokens_sold, uint256 indexed eth_bought)"),
};
const MADE: AbiEvent = parseAbiItem("event NewExchange(address indexed token, address indexed exchange)");
const ABI = parseAbi([
  "function getExchange(address token) view returns (address)",
  "function averagePrice(uint256 window) view returns (uint256)",
]);

/** That the factory made the exchange for the token. */
export function exchangeClaim({ exchange, token, source }: Exchange): Claim {
  return {
    place: source,
    shown: { figureExchange: exchange, figureToken: token },
    find: async (witness, { factory }) => {
      if (!witness.isOf(factory)) return "contract";
      const made = await witness.event<{ token: Hex; exchange: Hex }>(MADE);
      return typeof made === "string" ? made : { figureExchange: made.exchange, figureToken: made.token };
    },
  };
}

/** A trade of an exchange. */
export function tradeClaim(exchange: Exchange, { side, eth, tokens, price, source }: Trade): Claim {
  return {
    place: source,
    shown: { figureEth: eth, figureTokens: tokens, figurePrice: price },
    find: (witness, network) => tradeFigures(witness, network, exchange, side),
  };
}

/** The closing price of a candle, by its last trade. */
export function closeClaim(exchange: Exchange, { close, last }: Candle): Claim {
  return {
    place: last,
    shown: { figurePrice: close },
    find: async (witness, network) => {
      const bought = await tradeFigures(witness, network, exchange, "buy");
      return bought === "event" ? tradeFigures(witness, network, exchange, "sell") : bought;
    },
  };
}

/** What the exchange's own oracle says of a window of seconds. */
export function oracleClaim(
  exchange: Exchange,
  window: number,
  { price, state }: NonNullable<Averages["oracle"]>,
): Claim {
  return {
    place: state,
    shown: { figurePrice: price },
    find: async (witness, network) => {
      if (!(await isMade(witness, network, exchange))) return "contract";
      const found = await witness.ask<bigint>(ABI, "averagePrice", [BigInt(window)]);
      return { figurePrice: (found * ETHER) >> FIXED_POINT };
    },
  };
}

interface Traded {
  readonly eth_sold?: bigint;
  readonly eth_bought?: bigint;
  readonly tokens_bought?: bigint;
  readonly tokens_sold?: bigint;
}

async function tradeFigures(
  witness: Witness,
  network: Network,
  exchange: Exchange,
  side: Side,
): Promise<Figures | Missing> {
  if (!(await isMade(witness, network, exchange))) return "contract";
  const event = await witness.event<Traded>(TRADES[side]);
  if (typeof event === "string") return event;
  const eth = event.eth_sold ?? event.eth_bought ?? 0n;
  const tokens = event.tokens_bought ?? event.tokens_sold ?? 0n;
  return { figureEth: eth, figureTokens: tokens, figurePrice: tokens ? (eth * ETHER) / tokens : 0n };
}

/** Whether the place is the exchange that the platform's factory has for the token. */
async function isMade({ node, contract }: Witness, { factory, tokens }: Network, told: Exchange): Promise<boolean> {
  const token = Object.values(tokens).find((one) => isSame(one, told.token));
  return token !== undefined && isSame(await node.ask<Hex>(factory, ABI, "getExchange", [token]), contract);
}
