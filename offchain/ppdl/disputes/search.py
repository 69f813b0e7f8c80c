"""Finds the wrong place of a posted sum tree that its poster keeps to itself.

Whoever posted it has to show nodes that are demanded, or is convicted. What was shown tells which child isn't as it
should be: the next demand is for that one. So either a wrong leaf is shown, or a node that nobody can show remains.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from eth_utils.crypto import keccak

from offchain.merkle import depth_of, leaf, root_of
from offchain.ppdl.aggregation.sum_tree import SumTree, node_hash
from offchain.ppdl.disputes.faults import Place
from offchain.ppdl.disputes.proofs import Kind

Node = tuple[int, int]
"""Chunk, and place in its heap."""


class SumSearch:
    """The nodes of a posted tree with a `root` that are known, beside the right one, whose first `alive` leaves are
    updates."""

    def __init__(self, root: bytes, right: SumTree, alive: int) -> None:
        self._root = root
        self._right = right
        self._alive = alive
        self._leaves = right.chunk_trees[0].leaves
        self._hashes: dict[Node, bytes] = {}
        self._paths: dict[Node, list[bytes]] = {}
        self._shown: set[Node] = set()

    @property
    def height(self) -> int:
        """Levels of inner nodes."""
        return depth_of(self._leaves)

    def take(self, chunk: int, node: int, proof: Sequence[Any] | None) -> None:
        """Takes a node that was shown to be the sum of its children: its `SumProof`, None if nobody could read it. What
        doesn't lead to the posted root is none: the real one was shown elsewhere."""
        self._shown.add((chunk, node))
        if proof is None or not self._leads_to_root(chunk, node, proof):
            return
        total, left, right, *below, path = proof
        contents = [b"".join(word.to_bytes(32, "big") for word in words) for words in (total, left, right)]
        parent, hashes = keccak(contents[0]), []
        for side, (content, children) in enumerate(zip(contents[1:], below, strict=True)):
            if 2 * node >= self._leaves:
                hashes.append(leaf(content))
                continue
            hashes.append(node_hash(keccak(content), *map(bytes, children)))
            for place, hash_ in enumerate(children, start=2 * (2 * node + side)):
                self._hashes[chunk, place] = bytes(hash_)
        for side, hash_ in enumerate(hashes):
            self._hashes[chunk, 2 * node + side] = hash_
            self._paths[chunk, 2 * node + side] = [parent, hashes[1 - side], *map(bytes, path)]

    def _leads_to_root(self, chunk: int, node: int, proof: Sequence[Any]) -> bool:
        total, left, right, *below, path = proof
        place, steps = node, list(map(bytes, path))
        if len(steps) < 2 * (place.bit_length() - 1):
            return False
        contents = [b"".join(word.to_bytes(32, "big") for word in words) for words in (total, left, right)]
        children = [
            leaf(content) if 2 * node >= self._leaves else node_hash(keccak(content), *map(bytes, pair))
            for content, pair in zip(contents[1:], below, strict=True)
        ]
        hash_ = node_hash(keccak(contents[0]), *children)
        while place > 1:
            parent, sibling, *steps = steps
            hash_ = node_hash(parent, *((sibling, hash_) if place & 1 else (hash_, sibling)))
            place >>= 1
        return root_of(hash_, chunk, steps) == self._root

    def confirm(self, chunk: int, number: int) -> None:
        """Takes a leaf, by its number among the leaves, that was shown to be right."""
        node = self._leaves + number
        self._hashes[chunk, node] = self._right.chunk_trees[chunk].hashes[node]

    def wrong_leaf(self) -> tuple[int, int, bytes, list[bytes]] | None:
        """A leaf that isn't as it should be: chunk, place in the heap, hash, and path; None if none was shown."""
        for (chunk, node), path in self._paths.items():
            if node >= self._leaves and not self._is_right(chunk, node):
                return chunk, node, self._hashes[chunk, node], path
        return None

    def unseen(self, levels: int) -> list[Place]:
        """What is to be demanded next: nodes that may be wrong, and those so many levels from them on downwards."""
        chunks = range(len(self._right.chunk_trees))
        return [place for chunk in chunks for place in self._unseen(chunk, 1, levels, levels)]

    def _unseen(self, chunk: int, node: int, left: int, levels: int) -> Iterator[Place]:
        if self._is_right(chunk, node):
            return
        if node >= self._leaves:
            if (chunk, node // 2) in self._shown:
                number = node - self._leaves
                yield Place(Kind.LEAF if number < self._alive else Kind.MASK, chunk, number)
            return
        if (chunk, node) in self._shown:
            left = levels
        elif left:
            yield Place(Kind.SUM, chunk, node)
            left -= 1
        else:
            return
        for child in (2 * node, 2 * node + 1):
            yield from self._unseen(chunk, child, left, levels)

    def _is_right(self, chunk: int, node: int) -> bool:
        """Whether a node is known to be what it should be."""
        return self._hashes.get((chunk, node)) == self._right.chunk_trees[chunk].hashes[node]
