/** What all that comes from a chain says of itself, so that anybody can check it there. */

import { fields, number, text, type Read } from "./shape";

/** The log that says so; `log` is its place among the block's, `time` Unix seconds. */
export const source = fields({
  chain: number,
  block: number,
  block_hash: text,
  transaction: text,
  contract: text,
  log: number,
  time: number,
});
export type Source = Read<typeof source>;

/** The block after which a contract was asked. */
export const state = fields({ chain: number, block: number, block_hash: text, contract: text, time: number });
export type State = Read<typeof state>;
