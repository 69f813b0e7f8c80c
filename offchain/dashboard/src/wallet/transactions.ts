/** What the chain shows of one transaction: the events of pool and registry, read by its hash. */

import type { Hex } from "viem";

import type { Node } from "../chain/node";
import { UserError } from "../errors";
import { parse, type Event, type Origin, type RawLog } from "./events";
import { newLeaves } from "./scan";

/** A mined transaction's events, in their order. */
export class Shown {
  constructor(
    readonly origin: Origin,
    readonly events: Event[],
  ) {}

  /** Of the notes that it spends, dummies included. */
  get nullifiers(): Set<bigint> {
    return new Set(this.events.flatMap((event) => (event.kind === "nullifiersSpent" ? event.nullifiers : [])));
  }

  /** The commitments that it queues. */
  get commitments(): Set<bigint> {
    return new Set(newLeaves(this.events).values());
  }
}

/** A transaction's events of these contracts. Throws UserError if it isn't mined or has none of them. */
export async function readTransaction(node: Node, transaction: Hex, contracts: Hex[]): Promise<Shown> {
  if (!/^0x[0-9a-fA-F]{64}$/.test(transaction)) throw new UserError("transactionText", { transaction: transaction.slice(0, 70) });
  const receipt = await node.call<{ logs: RawLog[] } | null>("eth_getTransactionReceipt", transaction);
  if (!receipt) throw new UserError("transactionMissing", { transaction });
  const wanted = new Set(contracts.map((contract) => contract.toLowerCase()));
  const logs = receipt.logs.filter((log) => wanted.has(log.address.toLowerCase()));
  const parsed = logs.map(parse).filter((found) => found !== null);
  if (!parsed.length) throw new UserError("transactionOther", { transaction });
  return new Shown(parsed[0][0], parsed.map(([, event]) => event));
}
