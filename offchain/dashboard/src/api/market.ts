/** Prices of exchanges: routes below `/v1/exchanges`. Amounts are wei or base units, prices wei for a kWh. */

import { amount, fields, list, number, oneOf, optional, text, type Read } from "./shape";
import { source, state } from "./source";

/** `buy` gave ETH for energy, `sell` energy for ETH. */
export const trade = fields({ side: oneOf("buy", "sell"), eth: amount, tokens: amount, price: amount, source });
export type Trade = Read<typeof trade>;

export const exchange = fields({
  exchange: text,
  token: text,
  microgrid: optional(text),
  last: optional(trade),
  source,
});
export type Exchange = Read<typeof exchange>;

export const exchanges = fields({ exchanges: list(exchange), next: optional(text) });
export const trades = fields({ trades: list(trade), next: optional(text) });

const candle = fields({
  start: number,
  open: amount,
  high: amount,
  low: amount,
  close: amount,
  eth: amount,
  tokens: amount,
  trades: number,
  last: source,
});
export type Candle = Read<typeof candle>;

/** `interval` in seconds; intervals without a trade are left out. */
export const candles = fields({ interval: number, since: number, until: number, candles: list(candle) });

/** `window` in seconds; null: there is no such average. */
export const averages = fields({
  window: number,
  trades: optional(fields({ price: amount, since: number, until: number, last: source })),
  oracle: optional(fields({ price: amount, state })),
});
export type Averages = Read<typeof averages>;
