"""Large rounds without secrets: seeds come from the participants' numbers, updates are noise, and nobody shares.

The chain sees of them what it sees of real ones: their sum is right, but is of nothing. They are made in no time, and
alike each time.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from offchain.ppdl.aggregation.graph import RoundKeys
from offchain.ppdl.aggregation.lanes import Lanes
from offchain.ppdl.aggregation.masks import seed_hash
from offchain.ppdl.aggregation.seeds import SeedCommitment, mask_places
from offchain.ppdl.aggregation.shares import Parcel
from offchain.ppdl.aggregation.sum_tree import Mask
from offchain.ppdl.aggregation.transcript import Transcript
from tests.ppdl.rounds import Round


class Member:
    """A participant as `rounds.Round` needs one."""

    def __init__(self, round_: int, address: bytes) -> None:
        self.round = round_
        self._keys = RoundKeys(address, keccak(b"channel" + address), keccak(b"mask" + address))

    def keys(self) -> RoundKeys:
        """What it commits first."""
        return self._keys

    def share(self, transcript: Transcript) -> tuple[SeedCommitment, Parcel]:
        """What it commits second, and nothing to share."""
        index = self._index(transcript)
        hashes = [seed_hash(self_seed(index))]
        hashes += [seed_hash(pair_seed(index, other)) for other in transcript.graph.neighbours(index)]
        return SeedCommitment(keccak(b"shares"), tuple(hashes)), Parcel((), ())

    def upload(self, vector: Lanes, transcript: Transcript) -> Lanes:
        """What a masked update looks like: noise."""
        draw = np.random.default_rng([self.round, self._index(transcript)])
        return draw.integers(0, 1 << 32, vector.shape, dtype=np.uint32)

    def _index(self, transcript: Transcript) -> int:
        return transcript.keys.index(self._keys)


class LargeRound(Round):
    """A round of such participants. It is summed without anybody's unmasking."""

    def member(self, key: LocalAccount) -> Member:  # type: ignore[override]
        return Member(self.number, bytes.fromhex(key.address[2:]))

    @cached_property
    def masks(self) -> list[Mask | None]:
        """What is to be taken off."""
        transcript = self.transcript()
        places = mask_places(transcript.graph, transcript.seeds, self.alive)
        return [
            None
            if place is None
            else (
                place.sign,
                self_seed(place.participant)
                if place.neighbour is None
                else pair_seed(place.participant, place.neighbour),
            )
            for place in places
        ]


def self_seed(index: int) -> bytes:
    """What masks a participant's update alone."""
    return keccak(b"self" + bytes([index]))


def pair_seed(one: int, other: int) -> bytes:
    """What masks the updates of two."""
    return keccak(b"pair" + bytes([min(one, other), max(one, other)]))
