/** The circuits and their parameters, as `circuits/circuits.json` lists them. */

import table from "../../../../circuits/circuits.json";

export const PARAMETERS = {
  noteTreeDepth: table.noteTreeDepth,
  amountBits: table.amountBits,
  registrationTreeDepth: table.registrationTreeDepth,
  readingsTreeDepth: table.readingsTreeDepth,
  /** Base units of a token in one Wh. */
  wattHour: BigInt(table.wattHour),
  /** A trade in a slot moves at most the meter's capacity divided by the slot's share. */
  slotShares: table.slotShares.map(BigInt),
  /** First inputs of the hashes, so that none of them can pass for another. */
  tags: {
    spendingKey: BigInt(table.tags.spendingKey),
    nullifierKey: BigInt(table.tags.nullifierKey),
    meter: BigInt(table.tags.meter),
    issue: BigInt(table.tags.issue),
    settle: BigInt(table.tags.settle),
    trade: BigInt(table.tags.trade),
    receipt: BigInt(table.tags.receipt),
  },
};

/** The circuits that a wallet proves with. */
export type CircuitName = "joinsplit" | "consolidate" | "trade" | "issue" | "settle";
