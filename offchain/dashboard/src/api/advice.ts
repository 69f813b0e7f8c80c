/** Costs and advice: routes below `/v1/me` and `/v1/advice`. `docs/reference/advice-routes.md` says what each field is.
 * Energy is Wh where the name says so, else kWh; money is in the tariff's currency; times are Unix seconds. */

import { fields, list, money, number, oneOf, optional, text, texts, type Read, type Reader } from "./shape";

const phrase = fields({ code: text, values: texts, joint: text });

/** The phrases of an English line; none where an older service tells none. */
const phrases: Reader<Read<typeof phrase>[]> = (value) => optional(list(phrase))(value) ?? [];

/** What an answer was computed from. */
const basis = fields({
  since: optional(number),
  until: optional(number),
  readings: optional(number),
  filled_hours: optional(number),
  text,
  phrases,
});
export type Basis = Read<typeof basis>;

const tariff = fields({ name: text, title: text, korean: optional(text), currency: text, zone: text });
export type Tariff = Read<typeof tariff>;

const line = fields({ name: text, amount: money, basis: text, phrases });
const bill = fields({ kwh: money, total: money, lines: list(line) });
export type Bill = Read<typeof bill>;

const nextTier = fields({ number, kwh: money, energy: money, extra_base: money, at: optional(number) });
const model = fields({ number, weight_hash: text });

/** `GET /v1/me/cost` */
export const cost = fields({
  month: text,
  start: number,
  end: number,
  tariff,
  so_far: bill,
  expected: bill,
  tier: optional(number),
  next_tier: optional(nextTier),
  forecast: optional(fields({ model: optional(model), model_hours: number, habit_hours: number })),
  basis,
});
export type Cost = Read<typeof cost>;

/** `GET /v1/me/tariffs` */
export const comparison = fields({
  own: text,
  tariffs: list(fields({ tariff, more: money, bill })),
  left_out: list(fields({ name: text, reason: text })),
  basis,
});
export type Comparison = Read<typeof comparison>;

/** `GET /v1/me/hours` */
export const cheapest = fields({
  chosen: list(fields({ start: number, wh: number })),
  cost: money,
  now: money,
  saved: money,
  tariff,
  hours: list(
    fields({ start: number, tariff: money, market: optional(money), surplus_wh: number, price: money }),
  ),
  basis,
});
export type Cheapest = Read<typeof cheapest>;

const traded = fields({
  bought_kwh: money,
  sold_kwh: money,
  paid: money,
  earned: money,
  bill: money,
  made: money,
  basis: text,
  phrases,
});
const best = list(fields({ start: number, price: money, wh: number }));

/** `GET /v1/me/trades` */
export const gain = fields({
  tariff,
  sell_all: traded,
  buy_all: traded,
  best: traded,
  best_to_sell: best,
  best_to_buy: best,
  average_price: optional(money),
  priced_hours: number,
  hours: number,
  basis,
});
export type Gain = Read<typeof gain>;

const band = fields({ wh: number, low: optional(number), high: optional(number), by: oneOf("model", "habit") });

/** `GET /v1/me/forecast` */
export const forecast = fields({
  since: number,
  zone: text,
  hours: list(fields({ start: number, imported: band, exported: band })),
  model: optional(model),
  basis,
});
export type Forecast = Read<typeof forecast>;

const payback = fields({
  years: optional(number),
  saved: money,
  earned: money,
  used_kwh: money,
  surplus_kwh: money,
  balance: list(money),
  basis: text,
  phrases,
});

/** `GET /v1/me/roof`, `GET /v1/advice/roof` */
export const roof = fields({
  place: text,
  kwh: money,
  months: list(money),
  curve: list(list(money)),
  payback: optional(payback),
  basis: fields({ text, phrases }),
});
export type Roof = Read<typeof roof>;

const known = { name: text, title: text, zone: text, source: text };

/** `GET /v1/advice/tariffs` */
export const offers = fields({
  tariffs: list(fields({ ...known, korean: optional(text), currency: text, kind: text })),
  places: list(fields(known)),
});
export type Offers = Read<typeof offers>;
