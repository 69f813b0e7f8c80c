/** Field, hash and trees are those of circuits, contracts and Python. */

import { describe, expect, it, test } from "vitest";

import { MODULUS } from "../src/zk/field";
import { poseidon } from "../src/zk/poseidon";
import { MerkleTree, pathRoot, zeroHash } from "../src/zk/tree";
import { number, numbers, vectors } from "./vectors";

test.each(vectors.hashes)("Poseidon of $inputs.length inputs is Python's", ({ inputs, hash }) => {
  expect(poseidon(numbers(inputs))).toBe(number(hash));
});

test.each([[[]], [new Array(7).fill(1n)], [[MODULUS]], [[-1n]]])("Poseidon refuses %s", (inputs) => {
  expect(() => poseidon(inputs)).toThrow(RangeError);
});

it("knows the hashes of empty subtrees", () => {
  expect(vectors.zeroHashes.map((_, level) => zeroHash(level))).toEqual(numbers(vectors.zeroHashes));
});

describe.each(vectors.trees)("a tree of depth $depth", ({ leaves, root, indices, paths, ...vector }) => {
  const depth = Number(vector.depth);

  it("has Python's root and paths, whether leaves come at once or one by one", () => {
    const [whole, grown] = [new MerkleTree(depth), new MerkleTree(depth)];
    whole.append(numbers(leaves));
    for (const leaf of numbers(leaves)) grown.append([leaf]);
    for (const tree of [whole, grown]) {
      expect(tree.root).toBe(number(root));
      expect(indices.map((index) => tree.path(Number(index)))).toEqual(paths.map(numbers));
    }
    indices.forEach((index, place) => {
      const leaf = number(leaves[Number(index)]);
      expect(pathRoot(leaf, Number(index), numbers(paths[place]))).toBe(number(root));
    });
  });

  it("is kept and read again; other bytes are refused or give another root", () => {
    const tree = new MerkleTree(depth);
    tree.append(numbers(leaves));
    const data = tree.toBytes();
    expect(MerkleTree.fromBytes(depth, leaves.length, data).root).toBe(number(root));
    expect(() => MerkleTree.fromBytes(depth, leaves.length, data.slice(1))).toThrow(RangeError);
    data[data.length - 1] ^= 1;
    expect(MerkleTree.fromBytes(depth, leaves.length, data).root).not.toBe(number(root));
  });

  it("refuses leaves that are no field elements, and appends none", () => {
    const tree = new MerkleTree(depth);
    expect(() => tree.append([1n, MODULUS])).toThrow(RangeError);
    expect(tree.length).toBe(0);
    expect(() => tree.path(0)).toThrow(RangeError);
  });
});
