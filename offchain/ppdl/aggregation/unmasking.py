"""From revealed shares to the seeds whose masks are taken off the sum; everything is checked against commitments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from offchain.errors import UserError
from offchain.ppdl.aggregation.alive import AliveSet
from offchain.ppdl.aggregation.lanes import Lanes, total
from offchain.ppdl.aggregation.masks import pair_seed, seed_hash, stream
from offchain.ppdl.aggregation.reveal import Reveal
from offchain.ppdl.aggregation.secret import public_key
from offchain.ppdl.aggregation.seeds import MaskPlace, mask_places
from offchain.ppdl.aggregation.shamir import join
from offchain.ppdl.aggregation.shares import Kind
from offchain.ppdl.aggregation.sum_tree import Mask, SumTree
from offchain.ppdl.aggregation.transcript import Transcript


class UnmaskError(UserError):
    """Says in one line why a sum stays masked, and who is to blame if somebody is."""


@dataclass(frozen=True)
class WrongShare:
    """That `holder` revealed a share of `owner` that isn't the committed one, or of the other kind."""

    holder: int
    owner: int


class Unmasking:
    """The masks to be taken off in a round with these alive. `wrong` are the shares that were left out."""

    def __init__(self, transcript: Transcript, alive: AliveSet, reveals: Iterable[Reveal]) -> None:
        alive.check_quorum(transcript.seeds)
        self._transcript = transcript
        self._alive = alive
        self.wrong: list[WrongShare] = []
        self._shares: dict[int, dict[int, bytes]] = {}
        for reveal in reveals:
            self._take(reveal)
        self._mask_secrets: dict[int, bytes] = {}

    def masks(self) -> list[Mask | None]:
        """What is added at the leaves of the sum tree after the masked updates. Raises UnmaskError if shares are
        missing, or for a participant whose shares or seeds are not what it committed."""
        places = mask_places(self._transcript.graph, self._transcript.seeds, self._alive)
        return [None if place is None else (place.sign, self._seed(place)) for place in places]

    def _take(self, reveal: Reveal) -> None:
        for owner, share in reveal.shares.items():
            parcel, slot = self._transcript.parcels.get(owner), self._transcript.graph.slot(owner, reveal.participant)
            if parcel is None or slot is None or not parcel.has(slot, self._kind(owner), share):
                self.wrong.append(WrongShare(reveal.participant, owner))
            else:
                self._shares.setdefault(owner, {})[reveal.participant + 1] = share

    def _kind(self, owner: int) -> Kind:
        return Kind.SELF if owner in self._alive else Kind.MASK

    def _seed(self, place: MaskPlace) -> bytes:
        if place.neighbour is None:
            return self._self_seed(place.participant)
        return self._pair_seed(place.participant, place.neighbour)

    def _self_seed(self, index: int) -> bytes:
        seed = self._joined(index)
        if seed_hash(seed) != self._transcript.seeds[index].seed_hashes[0]:
            raise UnmaskError(f"participant {index} shared another seed than it committed: the round has no result")
        return seed

    def _pair_seed(self, index: int, neighbour: int) -> bytes:
        if index not in self._mask_secrets:
            secret = self._joined(index)
            if public_key(secret) != self._transcript.keys[index].mask_key:
                raise UnmaskError(f"participant {index} shared another key than it committed: the round has no result")
            self._mask_secrets[index] = secret
        key = self._transcript.keys[neighbour].mask_key
        seed = pair_seed(self._transcript.round, index, neighbour, self._mask_secrets[index], key)
        slot = self._transcript.graph.slot(index, neighbour)
        if seed is None:
            raise UnmaskError(f"participant {neighbour} committed a key of small order: the round has no result")
        if slot is None or seed_hash(seed) != self._transcript.seeds[index].seed_hashes[1 + slot]:
            raise UnmaskError(f"participants {index} and {neighbour} agreed on a false seed: the round has no result")
        return seed

    def _joined(self, index: int) -> bytes:
        shares, threshold = self._shares.get(index, {}), self._transcript.graph.threshold
        if len(shares) < threshold:
            raise UnmaskError(self._too_few(index, len(shares), threshold))
        try:
            return join({point: shares[point] for point in sorted(shares)[:threshold]})
        except ValueError:
            raise UnmaskError(f"participant {index} shared numbers that are none: the round has no result") from None

    def _too_few(self, index: int, found: int, threshold: int) -> str:
        secret = "seed" if index in self._alive else "mask key"
        holders = sorted(one.holder for one in self.wrong if one.owner == index)
        reason = f"only {found} of {threshold} shares of the {secret} of participant {index} are there"
        if index not in self._transcript.parcels:
            return f"{reason}: it published none"
        return f"{reason}; wrong ones came from {', '.join(map(str, holders))}" if holders else reason


def unmasked(uploads: Mapping[int, Lanes], alive: AliveSet, masks: Iterable[Mask | None]) -> Lanes:
    """The sum of the alive's updates modulo 2^32, shape (chunks, 64), without the tree that a chain's round needs."""
    result = total([uploads[index] for index in alive.indices])
    for mask in masks:
        if mask is not None:
            sign, seed = mask
            result += stream(seed, len(result), sign)
    return result


def sum_tree(uploads: Mapping[int, Lanes], alive: AliveSet, masks: list[Mask | None]) -> SumTree:
    """The sum tree of the round, whose root is posted."""
    return SumTree.of([uploads[index] for index in alive.indices], masks)
