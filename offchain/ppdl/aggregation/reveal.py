"""What a participant reveals once the alive are known: of each neighbour one share, never both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from offchain.ppdl.aggregation.graph import Graph
from offchain.ppdl.aggregation.shares import SHARE_BYTES, ShareError


@dataclass(frozen=True)
class Reveal:
    """The shares of a participant by the index of whose secret they are: of the self seed if that one is alive, else of
    its mask key."""

    participant: int
    shares: Mapping[int, bytes]

    def to_bytes(self, graph: Graph) -> bytes:
        """A bit for each slot, as in the bitmap of the alive, then the shares in the order of the slots."""
        slots = [owner in self.shares for owner in graph.neighbours(self.participant)]
        bits = sum(1 << slot for slot, there in enumerate(slots) if there)
        shares = [self.shares[owner] for owner in graph.neighbours(self.participant) if owner in self.shares]
        return bits.to_bytes(-(-graph.degree // 8), "little") + b"".join(shares)

    @classmethod
    def from_bytes(cls, participant: int, content: bytes, graph: Graph) -> Reveal:
        """What `to_bytes` wrote. Raises ShareError if it isn't that."""
        start = -(-graph.degree // 8)
        bits = int.from_bytes(content[:start], "little")
        if bits >> graph.degree or len(content) != start + SHARE_BYTES * bits.bit_count():
            raise ShareError(f"what participant {participant} revealed is no bit for each slot and the shares of these")
        owners = [owner for slot, owner in enumerate(graph.neighbours(participant)) if bits >> slot & 1]
        shares = [content[at : at + SHARE_BYTES] for at in range(start, len(content), SHARE_BYTES)]
        return cls(participant, dict(zip(owners, shares, strict=True)))
