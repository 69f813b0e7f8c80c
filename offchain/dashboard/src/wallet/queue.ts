/** The pool's queue of new notes, which somebody has to flush into the tree. */

import { parseAbi, type Hex } from "viem";

import type { Node } from "../chain/node";

const ABI = parseAbi(["function queued() view returns (uint256)", "function flushed() view returns (uint256)"]);

/** How many notes wait. */
export async function waitingNotes(node: Node, pool: Hex): Promise<bigint> {
  const [queued, flushed] = await Promise.all(["queued", "flushed"].map((name) => node.ask<bigint>(pool, ABI, name)));
  return queued - flushed;
}
