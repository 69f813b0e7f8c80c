/** What a chain's node says about a place that somebody else names. */

import { decodeEventLog, numberToHex, toEventSelector, type Abi, type AbiEvent, type Hex } from "viem";

import type { Source, State } from "../api/source";
import type { Node } from "../chain/node";
import { UserError } from "../errors";

/** What isn't there: the named block, the transaction in it, the event in that, or the contract among the platform's. */
export type Missing = "block" | "transaction" | "event" | "contract";

interface Log {
  readonly address: Hex;
  readonly topics: [Hex, ...Hex[]];
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly logIndex: Hex;
}

interface Receipt {
  readonly blockHash: Hex;
  readonly logs: Log[];
}

/** Blocks asked for at a time. */
const RANGE = 5_000;
const HASH = /^0x[0-9a-f]{64}$/;

/** A node as the witness of one place. Methods throw UserError if it doesn't answer. */
export class Witness {
  constructor(
    readonly node: Node,
    readonly place: State | Source,
  ) {}

  /** The contract of the place: whatever text was told. */
  get contract(): Hex {
    return this.place.contract as Hex;
  }

  /** Whether the chain has the block, with that number, hash and time. */
  async hasBlock(): Promise<boolean> {
    const { block, block_hash, time } = this.place;
    if (!Number.isSafeInteger(block) || block < 0) return false;
    const found = await this.node.block(block);
    return found !== null && found.hash === block_hash && Number(found.timestamp) === time;
  }

  /** Whether the place's contract is that one. Throws UserError if the page's network file doesn't name it. */
  isOf(contract: Hex | undefined): boolean {
    if (!contract) throw new UserError("checkUnnamed");
    return isSame(this.contract, contract);
  }

  /** The arguments of the event at the place. */
  async event<T>(event: AbiEvent): Promise<T | Missing> {
    const { transaction, log: index, block_hash } = this.place as Source;
    if (!HASH.test(transaction)) return "transaction";
    const receipt = await this.node.call<Receipt | null>("eth_getTransactionReceipt", transaction);
    if (!receipt || receipt.blockHash !== block_hash) return "transaction";
    const log = receipt.logs.find((one) => Number(one.logIndex) === index);
    if (!log || !isSame(log.address, this.contract) || log.topics[0] !== toEventSelector(event)) return "event";
    return decoded<T>(event, log);
  }

  /** The arguments of all such events of the contract up to the place, in order; `topics` after the event's own, null for
   * any. */
  async eventsUpToHere<T>(event: AbiEvent, topics: (Hex | null)[] = []): Promise<T[]> {
    const { block, log: index } = this.place as Source;
    const wanted = [toEventSelector(event), ...topics];
    const found: T[] = [];
    for (let first = await this.node.firstBlockWithCode(this.contract); first <= block; first += RANGE) {
      const last = Math.min(first + RANGE - 1, block);
      const logs = (await this.node.logs([this.contract], first, last, wanted)) as unknown as Log[];
      const isEarly = (log: Log): boolean => Number(log.blockNumber) < block || Number(log.logIndex) <= index;
      found.push(...logs.filter(isEarly).map((log) => decoded<T>(event, log)));
    }
    return found;
  }

  /** What the place's contract returned after the place's block. */
  ask<T>(abi: Abi, name: string, args: unknown[] = []): Promise<T> {
    return this.node.ask<T>(this.contract, abi, name, args, numberToHex(this.place.block));
  }
}

/** Whether two texts are of one address. */
export function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function decoded<T>(event: AbiEvent, { topics, data }: Log): T {
  return decodeEventLog({ abi: [event], topics, data }).args as T;
}
