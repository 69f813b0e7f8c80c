/** The plasma chain's standing at the root chain: `GET /v1/checkpoints`, `/v1/faults`, `/v1/exits`. */

import { amount, fields, list, number, oneOf, optional, text, type Read } from "./shape";
import { source } from "./source";

const checkpoint = fields({
  epoch: number,
  hash: text,
  start: number,
  end: number,
  blocks_root: text,
  exit_root: text,
  exits: number,
  state_root: text,
  signers: number,
  finality: oneOf("pending", "final", "void"),
  source,
  verdict: optional(source),
});
export type Checkpoint = Read<typeof checkpoint>;
export const checkpoints = fields({ checkpoints: list(checkpoint) });

/** `until`: when a freeze ends, Unix seconds. */
const fault = fields({
  happened: oneOf("Frozen", "FaultProven", "EquivocationProven"),
  fault: optional(text),
  until: optional(number),
  source,
});
export type Fault = Read<typeof fault>;
export const faults = fields({ faults: list(fault) });
export type Faults = Read<typeof faults>;

const exit = fields({ side: oneOf("started", "released"), exit: text, asset: text, amount, source });
export type Exit = Read<typeof exit>;
export const exits = fields({ exits: list(exit) });
