"""What everybody knows of a round: the keys and seeds on the chain and the parcels that were published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from offchain.ppdl.aggregation.graph import Graph, RoundKeys, graph_seed
from offchain.ppdl.aggregation.seeds import SeedCommitment, kept_neighbours
from offchain.ppdl.aggregation.shares import Parcel


@dataclass(frozen=True)
class Transcript:
    """A round, as far as it came; participants by the index of their keys. Whoever makes it sees to it that each
    commitment has as many hashes as there are slots, and one more, and that it `accepts` each parcel."""

    round: int
    keys: tuple[RoundKeys, ...]
    seeds: Mapping[int, SeedCommitment] = field(default_factory=dict)
    parcels: Mapping[int, Parcel] = field(default_factory=dict)

    @cached_property
    def graph(self) -> Graph:
        """Who is whose neighbour. Raises ValueError for fewer than two participants."""
        if len(self.keys) < 2:
            raise ValueError("a graph has two participants or more")
        return Graph(graph_seed(self.round, self.keys), len(self.keys))

    def accepts(self, index: int, parcel: Parcel) -> bool:
        """Whether this is the parcel that a participant committed to with its seeds."""
        return (
            index in self.seeds
            and len(parcel.boxes) == self.graph.degree
            and len(parcel.leaves) == 2 * self.graph.degree
            and parcel.root == self.seeds[index].shares_root
        )

    @cached_property
    def kept(self) -> dict[int, tuple[int, ...]]:
        """With whom each who committed seeds masks."""
        return {index: tuple(kept_neighbours(self.graph, self.seeds, index)) for index in self.seeds}
