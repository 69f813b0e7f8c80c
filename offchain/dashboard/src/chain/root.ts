/** What the page's own node of the root chain says of the plasma chain's checkpoints. */

import { parseAbi } from "viem";

import type { RootChain } from "./network";
import { Node } from "./node";

const ABI = parseAbi([
  "struct Rules { uint64 challengePeriod; uint64 rollbackPeriod; uint64 silencePeriod; uint64 inboxPeriod; uint64 freezePeriod; uint64 changePeriod; uint128 bond; }",
  "function rules() view returns (Rules)",
]);

/** The seconds from a checkpoint's acceptance until it can be final, and the chain's time (Unix). */
export interface Finality {
  readonly period: number;
  readonly now: number;
}

/** Asks the root chain's node. Throws UserError. */
export async function finalityOf({ node: url, checkpoints }: RootChain): Promise<Finality> {
  const node = new Node(url);
  const { challengePeriod } = await node.ask<{ challengePeriod: bigint }>(checkpoints, ABI, "rules");
  return { period: Number(challengePeriod), now: await node.time() };
}
