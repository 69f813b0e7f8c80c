/** What is traded, by the names people use: ETH, or a microgrid's energy. Amounts are integers on chain, 18 decimals. */

import type { Hex } from "viem";

import { UserError } from "../errors";
import { AMOUNT_LIMIT, ETH } from "../wallet/asset";
import type { Network } from "./network";

const DECIMALS = 18;
const SHOWN_DECIMALS = 6;
const AMOUNT = /^(\d{1,30})(?:\.(\d*))?$/;

export interface Asset {
  readonly address: Hex;
  readonly name: string;
  /** What its amounts count. */
  readonly unit: string;
}

/** The assets of a network, ETH first. */
export function assetsOf(network: Network): Asset[] {
  const energy = Object.entries(network.tokens).map(([name, address]) => ({ address, name, unit: "kWh" }));
  return [{ address: ETH, name: "ETH", unit: "ETH" }, ...energy];
}

/** The asset at an address; one that isn't of the network goes by its address. */
export function assetAt(network: Network, address: Hex): Asset {
  return assetsOf(network).find((asset) => asset.address === address) ?? { address, name: address, unit: "" };
}

/** Base units of an amount as a person writes it. Throws UserError for anything else, 0, and more than a note holds. */
export function parseAmount(text: string): bigint {
  const found = AMOUNT.exec(text.trim().replace(",", "."));
  if (!found) throw new UserError("amountText", { text: text.trim().slice(0, 30) });
  const decimals = found[2] ?? "";
  if (decimals.length > DECIMALS) throw new UserError("amountDecimals", { decimals: DECIMALS });
  const amount = BigInt(found[1] + decimals.padEnd(DECIMALS, "0"));
  if (amount === 0n) throw new UserError("amountZero");
  if (amount >= AMOUNT_LIMIT) throw new UserError("amountLarge");
  return amount;
}

/** Base units as people read them, with at most six decimals, cut and not rounded up: nobody is shown more than there is. */
export function shownAmount(amount: bigint): string {
  const digits = amount.toString().padStart(DECIMALS + 1, "0");
  const whole = digits.slice(0, -DECIMALS).replace(/\B(?=(\d{3})+$)/g, ",");
  const decimals = digits.slice(-DECIMALS).slice(0, SHOWN_DECIMALS).replace(/0+$/, "");
  return decimals ? `${whole}.${decimals}` : amount > 0n && whole === "0" ? "<0.000001" : whole;
}
