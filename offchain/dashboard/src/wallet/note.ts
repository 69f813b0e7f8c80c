/** A note: an amount of an asset that one owner can spend. */

import type { Hex } from "viem";

import { PARAMETERS } from "../zk/circuits";
import { poseidon } from "../zk/poseidon";

/** Places in a tree; a position is `tree number * TREE_LEAVES + index`. */
export const TREE_LEAVES = 2 ** PARAMETERS.noteTreeDepth;

/** `amount` base units of the token at the address `asset` (checksummed; `ETH` for ETH), for the owner of a public key. */
export class Note {
  /** The note public key, `Poseidon(owner, blinding)`. */
  readonly npk: bigint;
  /** What the chain keeps of it, `Poseidon(npk, asset, amount)`. */
  readonly commitment: bigint;

  constructor(
    readonly asset: Hex,
    readonly amount: bigint,
    readonly blinding: bigint,
    readonly owner: bigint,
  ) {
    this.npk = poseidon([owner, blinding]);
    this.commitment = commitment(this.npk, asset, amount);
  }

  /** What the chain sees when it is spent, `Poseidon(nullifier key, commitment, position)`. */
  nullifier(nullifierKey: bigint, position: number): bigint {
    return poseidon([nullifierKey, this.commitment, BigInt(position)]);
  }
}

/** The commitment of a note whose amount is public. */
export function commitment(npk: bigint, asset: Hex, amount: bigint): bigint {
  return poseidon([npk, BigInt(asset), amount]);
}

/** A note of this wallet at its position among all notes, with its nullifier. */
export interface OwnedNote {
  readonly note: Note;
  readonly position: number;
  readonly nullifier: bigint;
}

/** Number of the tree a position is in, once it is flushed. */
export function treeOf(position: number): number {
  return Math.floor(position / TREE_LEAVES);
}

/** Its place in that tree. */
export function indexOf(position: number): number {
  return position % TREE_LEAVES;
}
