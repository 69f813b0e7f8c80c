/** What a home wrote about its tariff and prices, and what is asked with it. */

import type { Query } from "../../api/client";

/** As a person wrote them; empty: the service's own. Prices in the tariff's currency. */
export interface Settings {
  readonly tariff: string;
  readonly contract: string;
  readonly ether: string;
  readonly feedIn: string;
}

/** What questions about tariffs say of the home. */
export function tariffQuery({ tariff, contract }: Settings): Query {
  return { tariff: tariff || undefined, contract_kw: written(contract) };
}

/** What questions about the market say of the home. */
export function marketQuery(settings: Settings): Query {
  return { ...tariffQuery(settings), eth_price: written(settings.ether), feed_in: written(settings.feedIn) };
}

/** A number that a person wrote, undefined if it is none. */
export function written(text: string): number | undefined {
  const value = Number(text.trim().replace(/,/g, ""));
  return text.trim() && Number.isFinite(value) && value >= 0 ? value : undefined;
}
