/** Binary Poseidon trees of fixed depth that grow leaf by leaf: of notes (depth 24) and of registered meters (depth 20).
 *
 * An absent leaf is 0, and a subtree without leaves has a hash known in advance, so only nodes above a leaf are kept. */

import { hexToBytes, bytesToBigInt, numberToHex } from "viem";

import { checked } from "./field";
import { poseidon } from "./poseidon";

const ELEMENT_BYTES = 32;
const zeroHashes: bigint[] = [0n];

/** The hash of a subtree with `level` levels of nodes and no leaf. */
export function zeroHash(level: number): bigint {
  for (let known = zeroHashes.length; known <= level; known++) {
    zeroHashes.push(poseidon([zeroHashes[known - 1], zeroHashes[known - 1]]));
  }
  return zeroHashes[level];
}

/** The root that a leaf and its siblings, lowest level first, lead to. */
export function pathRoot(leaf: bigint, index: number, siblings: bigint[]): bigint {
  let node = checked(leaf);
  siblings.forEach((sibling, level) => {
    node = bit(index, level) ? poseidon([sibling, node]) : poseidon([node, sibling]);
  });
  return node;
}

/** A tree of 2^depth leaves, the first `length` of which were appended. */
export class MerkleTree {
  private levels: bigint[][];

  constructor(readonly depth: number) {
    this.levels = Array.from({ length: depth + 1 }, () => []);
  }

  get length(): number {
    return this.levels[0].length;
  }

  /** The root's hash. */
  get root(): bigint {
    return this.node(this.depth, 0);
  }

  /** Appends leaves, hashing level by level. Throws RangeError, and appends none, if one is no field element or they
   * don't fit. */
  append(leaves: bigint[]): void {
    const start = this.length;
    if (start + leaves.length > 2 ** this.depth) throw new RangeError(`${leaves.length} more leaves don't fit`);
    for (const leaf of leaves) checked(leaf);
    this.levels[0] = this.levels[0].concat(leaves);
    for (let level = 0; level < this.depth; level++) this.hashAbove(level, Math.floor(start / 2 ** (level + 1)));
  }

  /** The siblings of an appended leaf and of the nodes above it, lowest level first. Throws RangeError if there is no
   * leaf at the index. */
  path(index: number): bigint[] {
    if (index < 0 || index >= this.length) throw new RangeError(`no leaf ${index} in a tree of ${this.length}`);
    return this.levels.slice(0, -1).map((_, level) => this.node(level, siblingOf(index, level)));
  }

  /** The whole tree, for `fromBytes`: its nodes, level by level, 32 bytes each, highest first. */
  toBytes(): Uint8Array {
    const nodes = this.levels.flat();
    const data = new Uint8Array(nodes.length * ELEMENT_BYTES);
    for (const [place, node] of nodes.entries()) {
      data.set(hexToBytes(numberToHex(node, { size: 32 })), place * ELEMENT_BYTES);
    }
    return data;
  }

  /** The tree of `length` leaves that `toBytes` wrote. Throws RangeError if the data has another size. What was altered
   * in it shows in the root, which is to be compared with a trusted one. */
  static fromBytes(depth: number, length: number, data: Uint8Array): MerkleTree {
    const tree = new MerkleTree(depth);
    const widths = tree.levels.map((_, level) => widthOf(length, level));
    const size = ELEMENT_BYTES * widths.reduce((sum, width) => sum + width, 0);
    if (size !== data.length) throw new RangeError(`a stored tree of ${length} leaves has ${size} bytes`);
    let at = 0;
    const next = (): bigint => {
      at += ELEMENT_BYTES;
      return bytesToBigInt(data.subarray(at - ELEMENT_BYTES, at));
    };
    tree.levels = widths.map((width) => Array.from({ length: width }, next));
    return tree;
  }

  private node(level: number, index: number): bigint {
    return this.levels[level][index] ?? zeroHash(level);
  }

  private hashAbove(level: number, first: number): void {
    for (let index = first; index < widthOf(this.length, level + 1); index++) {
      this.levels[level + 1][index] = poseidon([this.node(level, 2 * index), this.node(level, 2 * index + 1)]);
    }
  }
}

function bit(index: number, level: number): boolean {
  return Math.floor(index / 2 ** level) % 2 === 1;
}

function siblingOf(index: number, level: number): number {
  const place = Math.floor(index / 2 ** level);
  return place % 2 ? place - 1 : place + 1;
}

/** How many nodes of a level have one of the first `length` leaves below them. */
function widthOf(length: number, level: number): number {
  return Math.ceil(length / 2 ** level);
}
