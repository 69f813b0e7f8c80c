/** The readings of one epoch as a Merkle-sum tree: what a home proves its reading against.
 *
 * A leaf is Poseidon(meter's commitment, epoch, packed reading), a node Poseidon(left hash, left sum, right hash, right
 * sum), the published root Poseidon(hash of the root node, packed totals). A packed reading or sum is exported + 2^64 *
 * imported, in Wh. An absent leaf has hash 0 and sum 0. */

import { PARAMETERS } from "../zk/circuits";
import { MODULUS } from "../zk/field";
import { poseidon } from "../zk/poseidon";

export const DEPTH = PARAMETERS.readingsTreeDepth;
/** No reading of an epoch is as large, in Wh. */
export const READING_LIMIT = 1n << 32n;
const SUM_LIMIT = READING_LIMIT << BigInt(DEPTH);

/** What a meter counted in an epoch, in Wh, each below 2^32. */
export interface Reading {
  readonly commitment: bigint;
  readonly exported: bigint;
  readonly imported: bigint;
}

/** What proves a reading: its place and, lowest level first, each sibling's hash and sums in Wh. */
export interface ReadingPath {
  readonly index: number;
  readonly hashes: bigint[];
  readonly exported: bigint[];
  readonly imported: bigint[];
}

const emptyHashes: bigint[] = [0n];

/** The hash of a node with `level` levels below it and no reading. */
export function emptyHash(level: number): bigint {
  for (let known = emptyHashes.length; known <= level; known++) {
    const below = emptyHashes[known - 1];
    emptyHashes.push(poseidon([below, 0n, below, 0n]));
  }
  return emptyHashes[level];
}

/** Whether the published root holds the reading at the path's place; says false, too, for numbers out of range. */
export function verifyReading(root: bigint, epoch: bigint, reading: Reading, path: ReadingPath): boolean {
  if (![path.hashes, path.exported, path.imported].every((part) => part.length === DEPTH)) return false;
  if (path.index < 0 || path.index >= 2 ** DEPTH) return false;
  const within = (numbers: bigint[], limit: bigint): boolean =>
    numbers.every((number) => number >= 0n && number < limit);
  const isFitting =
    within([reading.exported, reading.imported], READING_LIMIT) &&
    within([...path.exported, ...path.imported], SUM_LIMIT) &&
    within([root, epoch, reading.commitment, ...path.hashes], MODULUS);
  if (!isFitting) return false;
  let total = packed(reading.exported, reading.imported);
  let node = poseidon([reading.commitment, epoch, total]);
  for (let level = 0; level < DEPTH; level++) {
    const sum = packed(path.exported[level], path.imported[level]);
    const isRight = Math.floor(path.index / 2 ** level) % 2 === 1;
    node = poseidon(isRight ? [path.hashes[level], sum, node, total] : [node, total, path.hashes[level], sum]);
    total += sum;
  }
  return poseidon([node, total]) === root;
}

function packed(exported: bigint, imported: bigint): bigint {
  return exported + (imported << 64n);
}
