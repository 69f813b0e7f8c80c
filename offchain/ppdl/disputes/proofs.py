"""What PPDLChallenges is shown of a round, in the shape of its ABI, from the round's data as they were published.

Whoever has the data can show every place to be right or wrong. Each function stands for one kind of place and returns
the struct of that kind (contracts/interfaces/IPPDLChallenges.sol).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any

from offchain.merkle import Tree, leaf
from offchain.ppdl.aggregation.alive import AliveSet
from offchain.ppdl.aggregation.lanes import CHUNK_BYTES, Lanes, Signed, chunk_tree, to_bytes, to_chunks
from offchain.ppdl.aggregation.sum_tree import Mask, NodeProof, SumTree
from offchain.ppdl.aggregation.transcript import Transcript
from offchain.ppdl.inference.commitments import chunk_hash
from offchain.ppdl.inference.integer_model import quantise_weights
from offchain.ppdl.inference.quaternary import QuaternaryTree

Words = list[int]
"""A chunk as eight words of 32 bytes."""


class Kind(IntEnum):
    """What is shown to be right or wrong, as IPPDLChallenges has it."""

    SUM = 0
    LEAF = 1
    MASK = 2
    UPDATE = 3
    HASH = 4
    SIGNATURE = 5


@dataclass(frozen=True)
class Closed:
    """A round whose alive are named: their `uploads` by index, shape (chunks, 64), and the updates' `signatures`."""

    transcript: Transcript
    alive: AliveSet
    uploads: Mapping[int, Lanes]
    signatures: Mapping[int, bytes]

    def signature(self, rank: int) -> tuple[Any, ...]:
        """A `SignatureProof`."""
        index = self.alive.indices[rank]
        root, siblings = self._update_trees[index].root, list(self._records.path(rank))
        return (self.alive.bitmap, index, root, siblings, self.signatures[index])

    @cached_property
    def _update_trees(self) -> dict[int, Tree]:
        return {index: chunk_tree(self.uploads[index]) for index in self.alive.indices}

    @cached_property
    def _records(self) -> Tree:
        participants = {index: keys.participant for index, keys in enumerate(self.transcript.keys)}
        return self.alive.tree(participants, {index: tree.root for index, tree in self._update_trees.items()})


@dataclass(frozen=True)
class Disputed(Closed):
    """A round whose aggregate is posted: the masks that were taken off by their place after the updates, their sum, the
    model `before` and `after` it."""

    masks: Sequence[Mask | None]
    sums: SumTree
    before: Signed
    after: Signed

    def sum(self, chunk: int, node: int) -> tuple[Any, ...]:
        """A `SumProof` of an inner node."""
        proof = self.sums.proof(chunk, node)
        left, right = (self.sums.chunk_trees[chunk].node(2 * node + side) for side in (0, 1))
        below = [list(child.children or (bytes(32), bytes(32))) for child in (left, right)]
        return (*(words(one.content) for one in (proof.node, left, right)), *below, path(proof))

    def leaf(self, chunk: int, rank: int) -> tuple[Any, ...]:
        """A `LeafProof` of an alive rank."""
        index = self.alive.indices[rank]
        proof, update = self.sums.proof(chunk, self.first_leaf + rank), self._update_trees[index]
        content = to_bytes(self.uploads[index][chunk])
        return (
            proof.node.hash,
            path(proof),
            self.transcript.keys[index].participant,
            update.root,
            list(self._records.path(rank)),
            leaf(content),
            list(update.path(chunk)),
        )

    def mask(self, chunk: int, place: int) -> tuple[Any, ...]:
        """A `MaskProof` of a leaf from the number of the alive on."""
        proof = self.sums.proof(chunk, self.first_leaf + place)
        return (proof.node.hash, path(proof), self.alive.bitmap, *self._seed(place - len(self.alive)))

    def update(self, chunk: int) -> tuple[Any, ...]:
        """An `UpdateProof`."""
        node = self.sums.proof(chunk, 1)
        before, after = (self._model_chunk(state, chunk) for state in (self.before, self.after))
        return (*before, words(node.node.content), list(node.node.children or ()), path(node), *after)

    def hash(self, chunk: int) -> tuple[Any, ...]:
        """A `HashProof`."""
        content, siblings = self._model_chunk(self.after, chunk)
        return (content, siblings, self._weight_tree[chunk], list(self._weight_tree.path(chunk)))

    @property
    def first_leaf(self) -> int:
        """The place in each heap where leaves begin."""
        return self.sums.chunk_trees[0].leaves

    @cached_property
    def _weight_tree(self) -> QuaternaryTree:
        return QuaternaryTree([chunk_hash(chunk) for chunk in quantise_weights(to_chunks(self.after).view("int32"))])

    def _model_chunk(self, state: Signed, chunk: int) -> tuple[Words, list[bytes]]:
        chunks = to_chunks(state)
        return words(to_bytes(chunks[chunk])), list(chunk_tree(chunks).path(chunk))

    def _seed(self, number: int) -> tuple[Any, ...]:
        """Index, seed and both commitments of the mask of a place after the updates."""
        graph, seeds, others = self.transcript.graph, self.transcript.seeds, self.alive.others
        mask = self.masks[number] if number < len(self.masks) else None
        seed = mask[1] if mask else bytes(32)
        none: tuple[Any, ...] = (bytes(32), [], bytes(32), [])
        if number < len(self.alive):
            index = self.alive.indices[number]
            return (index, seed, bytes(32), list(seeds[index].tree().path(0)), bytes(32), [])
        pair, slot = divmod(number - len(self.alive), graph.degree)
        if pair >= len(others):
            return (0, seed, *none)
        index, neighbour = others[pair], graph.neighbours(others[pair])[slot]
        if index not in seeds or neighbour not in seeds:
            return (index, seed, *none)
        shown: list[Any] = []
        for one, other in ((index, neighbour), (neighbour, index)):
            place = 1 + (graph.slot(one, other) or 0)
            shown += [seeds[one].seed_hashes[place], list(seeds[one].tree().path(place))]
        return (index, seed, *shown)


def path(proof: NodeProof) -> list[bytes]:
    """A node's path as SumTree.sol reads it."""
    return [part for step in proof.path for part in (step.content_hash, step.sibling)] + list(proof.siblings)


def words(content: bytes) -> Words:
    """A chunk's 256 bytes as words."""
    return [int.from_bytes(content[at : at + 32], "big") for at in range(0, CHUNK_BYTES, 32)]


def content_of(chunk: Sequence[int]) -> bytes:
    """A chunk's bytes: the inverse of `words`."""
    return b"".join(word.to_bytes(32, "big") for word in chunk)
