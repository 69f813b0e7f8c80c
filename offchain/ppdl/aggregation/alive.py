"""The alive of a round: those whose updates are in the sum, ranked by their indices; the others are ranked alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from offchain.errors import UserError
from offchain.merkle import Tree, leaf
from offchain.ppdl.aggregation.graph import Graph

LEAST_ALIVE = 8


class AliveError(UserError):
    """Says in one line why something is no set of alive participants, or one that ends the round."""


@dataclass(frozen=True)
class AliveSet:
    """Which of `size` participants are alive, by ascending index. Raises AliveError for others than those."""

    size: int
    indices: tuple[int, ...]

    def __post_init__(self) -> None:
        if list(self.indices) != sorted(set(self.indices)):
            raise AliveError("the alive are in ascending order, each once")
        if self.indices and not 0 <= self.indices[0] <= self.indices[-1] < self.size:
            raise AliveError(f"the alive are among the round's {self.size} participants")

    @classmethod
    def of(cls, size: int, indices: Iterable[int]) -> AliveSet:
        """The set of these, in any order."""
        return cls(size, tuple(sorted(set(indices))))

    @classmethod
    def from_bitmap(cls, size: int, bitmap: bytes) -> AliveSet:
        """The set of a bitmap. Raises AliveError if it has another length or bits beyond the participants."""
        if len(bitmap) != -(-size // 8):
            raise AliveError(f"a bitmap of {size} participants has {-(-size // 8)} bytes, not {len(bitmap)}")
        return cls(size, tuple(index for index in range(8 * len(bitmap)) if bitmap[index // 8] >> index % 8 & 1))

    @property
    def bitmap(self) -> bytes:
        """Bit `i % 8`, lowest first, of byte `i // 8` for participant `i`."""
        found = bytearray(-(-self.size // 8))
        for index in self.indices:
            found[index // 8] |= 1 << index % 8
        return bytes(found)

    @cached_property
    def others(self) -> tuple[int, ...]:
        """Who isn't alive, by ascending index."""
        return tuple(sorted(set(range(self.size)).difference(self.indices)))

    def __contains__(self, index: int) -> bool:
        return index in self._members

    def __len__(self) -> int:
        return len(self.indices)

    def check_quorum(self, with_seeds: Iterable[int]) -> None:
        """Raises AliveError if the round ends with this set: fewer than 8, or not more than half of those who
        committed seeds, or somebody who didn't."""
        committed = set(with_seeds)
        if not committed.issuperset(self.indices):
            raise AliveError("somebody without committed seeds can't be alive")
        if len(self) < LEAST_ALIVE:
            raise AliveError(f"only {len(self)} are alive: a round needs {LEAST_ALIVE}")
        if 2 * len(self) <= len(committed):
            raise AliveError(f"only {len(self)} of {len(committed)} are alive: a round needs more than half")

    def tree(self, participants: Mapping[int, bytes], update_roots: Mapping[int, bytes]) -> Tree:
        """The tree of the alive: of each its address (20 bytes) and the root of its signed update, both by index."""
        return Tree([leaf(participants[index] + update_roots[index]) for index in self.indices])

    @cached_property
    def _members(self) -> frozenset[int]:
        return frozenset(self.indices)


@lru_cache(maxsize=8)
def least_company(graph: Graph, alive: AliveSet) -> int:
    """How many alive neighbours everybody alive has at least."""
    return min((sum(other in alive for other in graph.neighbours(index)) for index in alive.indices), default=0)
