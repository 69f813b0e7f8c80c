/** What a private trade needs to know beforehand: the exchange's quote, the epoch, the cap class, a free slot. */

import { parseAbi, type Hex } from "viem";

import type { Network } from "../chain/network";
import { NodeRefusal, type Node } from "../chain/node";
import { UserError } from "../errors";
import { capClass, SLOTS, tradeNullifier, type OwnMeter } from "./meter";
import { ETH } from "./asset";

/** How far below the quote the output may end, in ten-thousandths. */
export const SLIPPAGE = 100n;
const WHOLE = 10_000n;

const ABI = parseAbi([
  "function getExchange(address token) view returns (address)",
  "function getTokenToEthInputPrice(uint256 tokens) view returns (uint256)",
  "function getEthToTokenInputPrice(uint256 eth) view returns (uint256)",
  "function tradeRules(address asset) view returns (uint256 microgrid, uint256 epoch, uint256 window, uint256 deviation)",
  "function isSlotUsed(uint256 nullifier) view returns (bool)",
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

  /** What the exchange pays for `amount`; slippage in ten-thousandths. Throws UserError if it can't. */
  async quote(sold: Hex, amount: bigint, wanted: Hex, slippage = SLIPPAGE): Promise<Quote> {
    if (sold === wanted) throw new UserError("tradeSame");
    if (slippage < 0n || slippage >= WHOLE) throw new UserError("tradeSlippage");
    const eth = await this.priced(sold, amount, "getTokenToEthInputPrice");
    const expected = await this.priced(wanted, eth, "getEthToTokenInputPrice");
    if (!expected) throw new UserError("tradeNothing");
    const least = (expected * (WHOLE - slippage)) / WHOLE;
    return { sold, amount, wanted, expected, minimum: least > 1n ? least : 1n };
  }

  /** A slot for the trade. Throws UserError if no meter is large enough, or its slots of the epoch are used. */
  async allowance(quote: Quote, meters: OwnMeter[]): Promise<Allowance> {
    if (!meters.length) throw new UserError("meterMissing");
    const energy = quote.wanted === ETH ? quote.sold : quote.wanted;
    const rules = await this.node.ask<bigint[]>(this.network.registry, ABI, "tradeRules", [energy], "pending");
    const [microgrid, epoch] = rules;
    if (!microgrid) throw new UserError("tradeNotEnergy");
    // The output may be a little more than the quote by the time the trade is mined.
    const margin = (quote.expected * (WHOLE + SLIPPAGE)) / WHOLE;
    const moved = [quote.sold === ETH ? 0n : quote.amount, quote.wanted === ETH ? 0n : margin];
    const sorted = [...meters].sort((one, other) => Number(one.capacity - other.capacity));
    const cap = capClass(moved[0] > moved[1] ? moved[0] : moved[1], sorted[sorted.length - 1].capacity);
    for (const meter of sorted.filter((one) => one.capacity >= cap)) {
      for (let slot = 0; slot < SLOTS; slot++) {
        const nullifier = tradeNullifier(meter, epoch, slot);
        const isUsed = await this.node.ask<boolean>(this.network.pool, ABI, "isSlotUsed", [nullifier]);
        if (!isUsed) return { meter, epoch, slot, cap };
      }
    }
    throw new UserError("meterSlots", { slots: SLOTS });
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
