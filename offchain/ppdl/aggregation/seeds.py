"""Committed seeds: which pairs keep their masks, and at which leaf of the sum tree each mask is taken off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from offchain.merkle import Tree
from offchain.ppdl.aggregation.alive import AliveSet
from offchain.ppdl.aggregation.graph import Graph
from offchain.ppdl.aggregation.masks import sign_of


@dataclass(frozen=True)
class SeedCommitment:
    """What a participant commits second: the root over its shares, and hashes of its self seed and then of the pair
    seed of each slot, 32 bytes each."""

    shares_root: bytes
    seed_hashes: tuple[bytes, ...]

    def tree(self) -> Tree:
        """The tree over the hashes, whose root the chain keeps."""
        return Tree(self.seed_hashes)


@dataclass(frozen=True)
class MaskPlace:
    """A mask that the aggregate takes off: whose seed's it is (`participant`'s self seed, or that of its pair with
    `neighbour`), and the sign with which its stream is added."""

    participant: int
    neighbour: int | None
    sign: int


def is_kept(graph: Graph, seeds: Mapping[int, SeedCommitment], one: int, other: int) -> bool:
    """Whether two neighbours mask with each other: both committed seeds and name the same hash for their pair."""
    slot, back = graph.slot(one, other), graph.slot(other, one)
    if slot is None or back is None or one not in seeds or other not in seeds:
        return False
    return seeds[one].seed_hashes[1 + slot] == seeds[other].seed_hashes[1 + back]


def kept_neighbours(graph: Graph, seeds: Mapping[int, SeedCommitment], index: int) -> list[int]:
    """The neighbours with which one masks, by slot."""
    return [other for other in graph.neighbours(index) if is_kept(graph, seeds, index, other)]


def mask_places(graph: Graph, seeds: Mapping[int, SeedCommitment], alive: AliveSet) -> list[MaskPlace | None]:
    """What stands at the leaves `n` to `2n + m k - 1` of the sum tree, with n alive and m others; None for zeros."""
    return [MaskPlace(index, None, -1) for index in alive.indices] + list(_pair_places(graph, seeds, alive))


def _pair_places(graph: Graph, seeds: Mapping[int, SeedCommitment], alive: AliveSet) -> Iterator[MaskPlace | None]:
    for other in alive.others:
        for neighbour in graph.neighbours(other):
            if neighbour in alive and is_kept(graph, seeds, other, neighbour):
                yield MaskPlace(other, neighbour, -sign_of(neighbour, other))
            else:
                yield None
