/** The trees that proofs show paths in, rebuilt from what a wallet has read. */

import { UserError } from "../errors";
import { PARAMETERS } from "../zk/circuits";
import { poseidon } from "../zk/poseidon";
import { MerkleTree } from "../zk/tree";
import type { MeterChanged } from "./events";
import { indexOf, treeOf } from "./note";
import type { Store } from "./store";

/** A leaf's place and the siblings on its way up, lowest level first, below `root`. */
export interface Path {
  readonly index: number;
  readonly siblings: bigint[];
  readonly root: bigint;
}

/** The trees of notes, as far as they are flushed. */
export class NoteTrees {
  private trees = new Map<number, MerkleTree>();

  /** Adds what was flushed. Throws UserError if that gives another root than the chain's. */
  update(store: Store): void {
    for (const flushed of store.flushes().values()) {
      let tree = this.trees.get(flushed.tree) ?? new MerkleTree(PARAMETERS.noteTreeDepth);
      if (tree.length > flushed.nextIndex) tree = new MerkleTree(PARAMETERS.noteTreeDepth);
      tree.append(store.leavesOf(flushed.tree, tree.length, flushed.nextIndex));
      if (tree.root !== flushed.root) {
        // Kept before the chain was reorganised, or damaged.
        tree = new MerkleTree(PARAMETERS.noteTreeDepth);
        tree.append(store.leavesOf(flushed.tree, 0, flushed.nextIndex));
      }
      if (tree.root !== flushed.root) throw new UserError("nodeWrongRoot", { tree: flushed.tree });
      this.trees.set(flushed.tree, tree);
    }
  }

  /** The path of a flushed note. */
  path(position: number): Path {
    const tree = this.trees.get(treeOf(position));
    if (!tree) throw new RangeError(`no tree has a note at ${position}`);
    const index = indexOf(position);
    return { index, siblings: tree.path(index), root: tree.root };
  }

  /** All trees by number, to be kept. */
  all(): Map<number, MerkleTree> {
    return this.trees;
  }

  /** Takes up trees that were kept; `update` checks them. */
  restore(trees: Map<number, MerkleTree>): void {
    this.trees = trees;
  }
}

/** The tree of registered meters. */
export class RegistrationTree {
  readonly meters: Map<bigint, MeterChanged>;
  private readonly tree = new MerkleTree(PARAMETERS.registrationTreeDepth);

  /** `changes`: the latest of each place, in the order of places. */
  constructor(changes: MeterChanged[]) {
    const present = changes.filter((change) => !change.removed);
    this.meters = new Map(present.map((change) => [change.commitment, change]));
    const leaves = new Array<bigint>(changes.length ? changes[changes.length - 1].index + 1 : 0).fill(0n);
    for (const { commitment, microgrid, capacity, index } of present) {
      leaves[index] = poseidon([commitment, microgrid, capacity]);
    }
    this.tree.append(leaves);
  }

  /** The path of a registered meter. */
  path(meter: MeterChanged): Path {
    return { index: meter.index, siblings: this.tree.path(meter.index), root: this.tree.root };
  }
}
