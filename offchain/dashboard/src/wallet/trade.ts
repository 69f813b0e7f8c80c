/** What a private trade needs to know beforehand: the exchange's quote, the price bound, epoch, cap class and slot. */

import { parseAbi, type Hex } from "viem";

import { shownAmount } from "../chain/assets";
import { PARAMETERS } from "../zk/circuits";
import { mostWithin, poolOf, type Bound } from "../chain/exchange";
import type { Network } from "../chain/network";
import { NodeRefusal, type Node } from "../chain/node";
import { UserError } from "../errors";
import { largestCap, SLOTS, smallestCap, tradeNullifier, type OwnMeter } from "./meter";
import { ETH } from "./asset";

/** How far below the quote the output may end, in ten-thousandths. */
export const SLIPPAGE = 100n;
const WHOLE = 10_000n;
/** Base units in the last decimal that is told. */
const MICRO = 10n ** 12n;

const ABI = parseAbi([
  "function getExchange(address token) view returns (address)",
  "function getTokenToEthInputPrice(uint256 tokens) view returns (uint256)",
  "function getEthToTokenInputPrice(uint256 eth) view returns (uint256)",
  "function tradeRules(address asset) view returns (uint256 microgrid, uint256 epoch, uint256 window, uint256 deviation)",
  "function isSlotUsed(uint256 nullifier) view returns (bool)",
  "function averagePrice(uint256 window) view returns (uint256)",
]);

/** What a trade gives and gets now, in base units; `minimum` is what it gets at the least. */
export interface Quote {
  readonly sold: Hex;
  readonly amount: bigint;
  readonly wanted: Hex;
  readonly expected: bigint;
  readonly minimum: bigint;
}

/** A meter's free slot of the epoch, and the cap (Wh) of the trade. */
export interface Allowance {
  readonly meter: OwnMeter;
  readonly epoch: bigint;
  readonly slot: number;
  readonly cap: bigint;
}

/** Asks exchanges, registry and pool of one chain. */
export class Desk {
  constructor(
    private readonly node: Node,
    private readonly network: Network,
  ) {}

  /**
   * What the exchange pays for `amount`; slippage in ten-thousandths. Throws UserError if it can't, or if the trade would
   * leave a price beyond its bound: the pool would refuse it.
   */
  async quote(sold: Hex, amount: bigint, wanted: Hex, slippage = SLIPPAGE): Promise<Quote> {
    if (sold === wanted) throw new UserError("tradeSame");
    if (slippage < 0n || slippage >= WHOLE) throw new UserError("tradeSlippage");
    const eth = await this.priced(sold, amount, "getTokenToEthInputPrice");
    const expected = await this.priced(wanted, eth, "getEthToTokenInputPrice");
    if (!expected) throw new UserError("tradeNothing");
    await this.checkBounds(sold, amount, wanted);
    const least = (expected * (WHOLE - slippage)) / WHOLE;
    return { sold, amount, wanted, expected, minimum: least > 1n ? least : 1n };
  }

  /** The smallest free slot that is large enough for the trade. Throws UserError if there is none. */
  async allowance(quote: Quote, meters: OwnMeter[]): Promise<Allowance> {
    if (!meters.length) throw new UserError("meterMissing");
    const energy = quote.wanted === ETH ? quote.sold : quote.wanted;
    const { epoch } = await this.rules(energy);
    // The output may be a little more than the quote by the time the trade is mined.
    const margin = (quote.expected * (WHOLE + SLIPPAGE)) / WHOLE;
    const moved = [quote.sold === ETH ? 0n : quote.amount, quote.wanted === ETH ? 0n : margin];
    const cap = smallestCap(moved[0] > moved[1] ? moved[0] : moved[1]);
    const slots = meters
      .flatMap((meter) => Array.from({ length: SLOTS }, (_, slot) => ({ meter, slot, most: largestCap(meter.capacity, slot) })))
      .sort((one, other) => Number(one.most - other.most));
    let left = 0n;
    for (const { meter, slot, most } of slots.filter((one) => one.most)) {
      const nullifier = tradeNullifier(meter, epoch, slot);
      const isUsed = await this.node.ask<boolean>(this.network.pool, ABI, "isSlotUsed", [nullifier]);
      if (isUsed) continue;
      if (most >= cap) return { meter, epoch, slot, cap };
      left = most;
    }
    const most = slots[slots.length - 1].most;
    if (most < cap) throw new UserError("meterCap", { most: shownAmount(most * PARAMETERS.wattHour) });
    if (left) throw new UserError("meterLeft", { most: shownAmount(left * PARAMETERS.wattHour) });
    throw new UserError("meterSlots", { slots: SLOTS });
  }

  private async checkBounds(sold: Hex, amount: bigint, wanted: Hex): Promise<void> {
    const falls = sold === ETH ? null : await this.bound(sold);
    const rises = wanted === ETH ? null : await this.bound(wanted);
    const most = mostWithin(falls, rises, amount);
    if (most === amount) return;
    const deviations = [falls, rises].map((bound) => Number(bound?.deviation ?? 0n) / 100);
    const deviation = Math.max(...deviations);
    if (!most) throw new UserError("tradeBack", { deviation });
    const unit = sold === ETH ? "ETH" : "kWh";
    throw new UserError("tradeBeyond", { deviation, most: shownAmount(most - (most % MICRO)), unit });
  }

  private async bound(energy: Hex): Promise<Bound> {
    const { window, deviation } = await this.rules(energy);
    const pool = await poolOf(this.node, this.network, energy);
    try {
      const average = await this.node.ask<bigint>(pool.exchange, ABI, "averagePrice", [window], "pending");
      return { pool, average, deviation };
    } catch (error) {
      if (!(error instanceof NodeRefusal)) throw error;
      throw new UserError("tradeNoAverage", { seconds: Number(window) });
    }
  }

  private async rules(energy: Hex): Promise<{ epoch: bigint; window: bigint; deviation: bigint }> {
    const rules = await this.node.ask<bigint[]>(this.network.registry, ABI, "tradeRules", [energy], "pending");
    const [microgrid, epoch, window, deviation] = rules;
    if (!microgrid) throw new UserError("tradeNotEnergy");
    return { epoch, window, deviation };
  }

  private async priced(asset: Hex, amount: bigint, price: string): Promise<bigint> {
    if (asset === ETH || !amount) return amount;
    const exchange = await this.node.ask<Hex>(this.network.factory, ABI, "getExchange", [asset]);
    if (!BigInt(exchange)) throw new UserError("tradeNoExchange");
    try {
      return await this.node.ask<bigint>(exchange, ABI, price, [amount]);
    } catch (error) {
      if (!(error instanceof NodeRefusal)) throw error;
      throw new UserError("tradeNoLiquidity");
    }
  }
}
