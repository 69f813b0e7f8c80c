"""Finds the wrong place of a posted sum tree that its poster keeps to itself.

Whoever posted it has to show nodes that are demanded, or is convicted. What was shown tells which child isn't as it
should be: the next demand is for that one. So either a wrong leaf is shown, or a node that nobody can show remains.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from eth_utils.crypto import keccak

from offchain.merkle import depth_of
from offchain.ppdl.aggregation.sum_tree import Node, NodeProof, Step, SumTree
from offchain.ppdl.disputes.faults import Place
from offchain.ppdl.disputes.proofs import Kind, content_of

Where = tuple[int, int]
"""Chunk, and place in its heap."""


class SumSearch:
    """The nodes of a posted tree with a `root` that are known, beside the right one, whose first `alive` leaves are
    updates."""

    def __init__(self, root: bytes, right: SumTree, alive: int) -> None:
        self._root = root
        self._right = right
        self._alive = alive
        self._leaves = right.chunk_trees[0].leaves
        self._hashes: dict[Where, bytes] = {}
        self._paths: dict[Where, list[bytes]] = {}
        self._shown: set[Where] = set()

    @property
    def height(self) -> int:
        """Levels of inner nodes."""
        return depth_of(self._leaves)

    def take(self, chunk: int, node: int, proof: Sequence[Any] | None) -> None:
        """Takes a node that was shown to be the sum of its children: its `SumProof`, None if nobody could read it. What
        doesn't lead to the posted root is none: the real one was shown elsewhere."""
        self._shown.add((chunk, node))
        if proof is None:
            return
        total, left, right, *below, path = proof
        children = [
            self._child(2 * node + side, words, pair)
            for side, (words, pair) in enumerate(zip((left, right), below, strict=True))
        ]
        parent, steps = Node(node, content_of(total), (children[0].hash, children[1].hash)), list(map(bytes, path))
        if not self._leads_to_root(chunk, parent, steps):
            return
        for child, other in (children, reversed(children)):
            for place, hash_ in enumerate(child.children or (), start=2 * child.place):
                self._hashes[chunk, place] = hash_
            self._hashes[chunk, child.place] = child.hash
            self._paths[chunk, child.place] = [keccak(parent.content), other.hash, *steps]

    def _child(self, place: int, words: Sequence[int], pair: Sequence[bytes]) -> Node:
        return Node(place, content_of(words), None if place >= self._leaves else (bytes(pair[0]), bytes(pair[1])))

    def _leads_to_root(self, chunk: int, node: Node, steps: Sequence[bytes]) -> bool:
        up = 2 * (node.place.bit_length() - 1)
        if len(steps) < up:
            return False
        path = tuple(Step(*steps[at : at + 2]) for at in range(0, up, 2))
        return NodeProof(chunk, node, path, tuple(steps[up:])).root() == self._root

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
