"""Rounds of secure aggregation, step by step, so that tests can stand in anybody's place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from offchain.ppdl.aggregation.alive import AliveSet
from offchain.ppdl.aggregation.lanes import Lanes, Signed, chunk_tree, to_chunks
from offchain.ppdl.aggregation.participant import Participant
from offchain.ppdl.aggregation.record import RoundRecord
from offchain.ppdl.aggregation.reveal import Reveal
from offchain.ppdl.aggregation.seeds import SeedCommitment
from offchain.ppdl.aggregation.shares import Parcel
from offchain.ppdl.aggregation.transcript import Transcript

ROUND = 7


def address(index: int) -> bytes:
    """An account's 20 bytes."""
    return bytes(19) + bytes([index + 1])


def random_updates(clients: int, lanes: int = 70, seed: int = 1) -> Signed:
    """Updates of the largest size allowed, shape (clients, lanes)."""
    return np.random.default_rng(seed).integers(-(1 << 20), (1 << 20) + 1, (clients, lanes), dtype=np.int32)


@dataclass
class Stage:
    """A round of so many participants, and what they said so far."""

    members: list[Participant]
    said: dict[int, tuple[SeedCommitment, Parcel]] = field(default_factory=dict)
    uploads: dict[int, Lanes] = field(default_factory=dict)

    @classmethod
    def of(cls, count: int) -> Stage:
        """All have committed their keys."""
        return cls([Participant(ROUND, address(at), RoundRecord(ROUND, address(at))) for at in range(count)])

    @property
    def transcript(self) -> Transcript:
        """What is on the chain and published."""
        keys = tuple(member.keys() for member in self.members)
        seeds = {index: commitment for index, (commitment, _) in self.said.items()}
        return Transcript(ROUND, keys, seeds, {index: parcel for index, (_, parcel) in self.said.items()})

    def share(self, but: Iterable[int] = ()) -> Stage:
        """All but these commit seeds and publish shares."""
        transcript = self.transcript
        self.said = {
            index: member.share(transcript) for index, member in enumerate(self.members) if index not in set(but)
        }
        return self

    def upload(self, updates: Signed, but: Iterable[int] = ()) -> Stage:
        """All with seeds but these upload."""
        transcript = self.transcript
        self.uploads = {
            index: self.members[index].upload(to_chunks(updates[index]), transcript)
            for index in self.said
            if index not in set(but)
        }
        return self

    @property
    def alive(self) -> AliveSet:
        """All who uploaded."""
        return AliveSet.of(len(self.members), self.uploads)

    @property
    def roots(self) -> dict[int, bytes]:
        """Of the uploads."""
        return {index: chunk_tree(upload).root for index, upload in self.uploads.items()}

    def reveal(self, index: int) -> Reveal:
        """What one reveals for those who uploaded."""
        return self.members[index].reveal(self.alive, self.roots, self.roots.items(), self.transcript)

    def reveals(self, but: Iterable[int] = ()) -> list[Reveal]:
        """What all who uploaded but these reveal."""
        return [self.reveal(index) for index in self.uploads if index not in set(but)]
