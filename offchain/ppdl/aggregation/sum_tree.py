"""The sum tree of an aggregate: for each chunk a heap whose every node is the sum of its two children.

Whoever disagrees shows one node and its children, one leaf, or the root: never more than a chunk of 256 bytes each. A
leaf hashes 0x00 and its content; an inner node 0x01, the hash of its content and its children's hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from eth_utils.crypto import keccak

from offchain.merkle import Tree, depth_of, leaf, root_of
from offchain.ppdl.aggregation.lanes import CHUNK_BYTES, CHUNK_LANES, Lanes, to_bytes
from offchain.ppdl.aggregation.masks import stream

Mask = tuple[int, bytes]
"""Sign (1 or -1) and seed of a mask that is added."""


def node_hash(content_hash: bytes, left: bytes, right: bytes) -> bytes:
    """The hash of an inner node, from the keccak hash of its 256 bytes and the hashes of its children."""
    return keccak(b"\x01" + content_hash + left + right)


@dataclass(frozen=True)
class Step:
    """One step from a node to its parent: the hash of the parent's content, and the node's sibling."""

    content_hash: bytes
    sibling: bytes


@dataclass(frozen=True)
class Node:
    """A node's preimage: its place in the heap, its 256 bytes, and its children's hashes, None for a leaf."""

    place: int
    content: bytes
    children: tuple[bytes, bytes] | None

    @property
    def hash(self) -> bytes:
        """By what its parent names it."""
        return node_hash(keccak(self.content), *self.children) if self.children else leaf(self.content)


@dataclass(frozen=True)
class NodeProof:
    """That an aggregate has this node in this chunk: the steps up to the chunk's root, then the siblings up to the
    aggregate's, lowest first."""

    chunk: int
    node: Node
    path: tuple[Step, ...]
    siblings: tuple[bytes, ...]

    def root(self) -> bytes:
        """The root it leads to. Raises ValueError if the path doesn't end at the chunk's root."""
        hash_, place = self.node.hash, self.node.place
        if place.bit_length() != len(self.path) + 1:
            raise ValueError(f"node {place} is not {len(self.path)} steps below the root")
        for step in self.path:
            pair = (step.sibling, hash_) if place & 1 else (hash_, step.sibling)
            hash_, place = node_hash(step.content_hash, *pair), place >> 1
        return root_of(hash_, self.chunk, self.siblings)


class ChunkTree:
    """The heap of one chunk: `sums`, shape (2M, 64), row i is node i, row 0 is unused; hashed as it stands, whether its
    sums are right or not."""

    def __init__(self, sums: Lanes) -> None:
        self.sums = sums
        self.leaves = len(sums) // 2
        self.hashes: list[bytes] = [b""] * len(sums)
        for height in range(depth_of(self.leaves) + 1):
            self._hash_level(self.leaves >> height, height)

    @classmethod
    def of(cls, leaves: Lanes) -> ChunkTree:
        """The tree over these leaves, shape (leaves, 64), filled with zeros to a power of two."""
        count = 1 << depth_of(len(leaves))
        sums = np.zeros((2 * count, CHUNK_LANES), np.uint32)
        sums[count : count + len(leaves)] = leaves
        start = count
        while start > 1:
            np.add(sums[start : 2 * start : 2], sums[start + 1 : 2 * start : 2], out=sums[start // 2 : start])
            start //= 2
        return cls(sums)

    @property
    def root(self) -> bytes:
        """The hash of node 1."""
        return self.hashes[1]

    def node(self, place: int) -> Node:
        """A node's preimage. Raises IndexError for a place that is none."""
        if not 1 <= place < len(self.sums):
            raise IndexError(f"no node {place} in a tree of {self.leaves} leaves")
        children = None if place >= self.leaves else (self.hashes[2 * place], self.hashes[2 * place + 1])
        return Node(place, to_bytes(self.sums[place]), children)

    def path(self, place: int) -> tuple[Step, ...]:
        """The steps from a node up to node 1."""
        steps = []
        while place > 1:
            steps.append(Step(keccak(to_bytes(self.sums[place // 2])), self.hashes[place ^ 1]))
            place //= 2
        return tuple(steps)

    def _hash_level(self, start: int, height: int) -> None:
        """Hashes the nodes `start` to `2 * start - 1`; those above zeros alone have a hash known beforehand."""
        level, hashes = self.sums[start : 2 * start], self.hashes
        used, content = level.any(axis=1).tolist(), to_bytes(level)
        zeros, below = zero_hash(height), zero_hash(height - 1) if height else b""
        for offset in range(start):
            place = start + offset
            if not used[offset] and (not height or hashes[2 * place] == hashes[2 * place + 1] == below):
                hashes[place] = zeros
                continue
            chunk = content[CHUNK_BYTES * offset : CHUNK_BYTES * (offset + 1)]
            hashes[place] = (
                node_hash(keccak(chunk), hashes[2 * place], hashes[2 * place + 1]) if height else leaf(chunk)
            )


class SumTree:
    """The trees of all chunks, at least one, and the tree over their roots."""

    def __init__(self, chunk_trees: Sequence[ChunkTree]) -> None:
        self.chunk_trees = list(chunk_trees)
        self._tree = Tree([one.root for one in self.chunk_trees])

    @classmethod
    def of(cls, uploads: Sequence[Lanes], masks: Sequence[Mask | None]) -> SumTree:
        """The tree of masked updates, each of shape (chunks, 64), then of masks that take masks off, None for zeros.

        Takes about 0.6 KB a chunk and leaf.
        """
        count = len(uploads[0])
        leaves = np.zeros((len(uploads) + len(masks), count, CHUNK_LANES), np.uint32)
        leaves[: len(uploads)] = uploads
        for row, mask in zip(leaves[len(uploads) :], masks, strict=True):
            if mask is not None:
                sign, seed = mask
                row += stream(seed, count, sign)
        return cls([ChunkTree.of(leaves[:, chunk]) for chunk in range(count)])

    @property
    def root(self) -> bytes:
        """The `aggregateRoot`."""
        return self._tree.root

    @property
    def total(self) -> Lanes:
        """The sum of all leaves modulo 2^32, shape (chunks, 64)."""
        return np.stack([one.sums[1] for one in self.chunk_trees])

    def siblings(self, chunk: int) -> tuple[bytes, ...]:
        """The siblings from a chunk's root up to the aggregate's, lowest first."""
        return self._tree.path(chunk)

    def proof(self, chunk: int, place: int) -> NodeProof:
        """That the aggregate has what it has at a place of a chunk. Raises IndexError for a place that is none."""
        tree = self.chunk_trees[chunk]
        return NodeProof(chunk, tree.node(place), tree.path(place), self.siblings(chunk))


@cache
def zero_hash(height: int) -> bytes:
    """The hash of a node so high above zeros alone."""
    content = bytes(CHUNK_BYTES)
    return node_hash(keccak(content), *[zero_hash(height - 1)] * 2) if height else leaf(content)
