"""Secure aggregation among participants of one process: the whole protocol but for the chain and its signatures.

Each participant has only its own secrets; what it says to others is counted in the bytes it would publish.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from offchain.ppdl.aggregation.alive import LEAST_ALIVE, AliveError, AliveSet
from offchain.ppdl.aggregation.lanes import Lanes, Signed, chunk_tree, to_bytes, to_chunks, to_lanes
from offchain.ppdl.aggregation.participant import Participant
from offchain.ppdl.aggregation.record import RoundRecord
from offchain.ppdl.aggregation.reveal import Reveal
from offchain.ppdl.aggregation.sum_tree import Mask
from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.aggregation.transcript import Transcript
from offchain.ppdl.aggregation.unmasking import Unmasking, unmasked


@dataclass(frozen=True)
class DropOuts:
    """Who goes silent after it committed its keys, after its seeds and shares, or after its upload; by the place of
    its update."""

    keys: frozenset[int] = frozenset()
    seeds: frozenset[int] = frozenset()
    upload: frozenset[int] = frozenset()


@dataclass
class Costs:
    """Of a round: bytes that each participant published, by what they are, and seconds of the processor by phase, for
    everybody together."""

    published: dict[int, Counter[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, index: int, what: str, content: int) -> None:
        """Counts so many bytes."""
        self.published.setdefault(index, Counter())[what] += content

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Times what happens within."""
        start = time.process_time()
        yield
        self.seconds[phase] = time.process_time() - start


@dataclass(frozen=True)
class Finished:
    """What everybody can see of a round after it: uploads by index, the masks that were taken off, and the sum."""

    transcript: Transcript
    alive: AliveSet
    uploads: Mapping[int, Lanes]
    masks: Sequence[Mask | None]
    sum: Sum


class SecureAggregation:
    """Sums updates of which nobody sees a single one. `costs` are those of the latest round. `addresses` are the
    participants', of 20 bytes; without them made-up ones. `check_alive` is asked with how many are alive before anybody
    reveals anything: what it raises ends the round with the sum still masked."""

    def __init__(
        self,
        drop_outs: DropOuts | None = None,
        addresses: Sequence[bytes] = (),
        check_alive: Callable[[int], None] | None = None,
    ) -> None:
        self.drop_outs = drop_outs or DropOuts()
        self.costs = Costs()
        self._addresses = addresses
        self._check_alive = check_alive

    def __call__(self, round_: int, updates: Signed) -> Sum:
        """The sum of the updates, shape (clients, lanes), of those who uploaded. Raises what `run` raises."""
        return self.run(round_, updates).sum

    def run(self, round_: int, updates: Signed) -> Finished:
        """Sums the updates, shape (clients, lanes), of those who uploaded. Raises AliveError, Refusal or UnmaskError if
        the round ends without a result."""
        if len(updates) < LEAST_ALIVE:
            raise AliveError(f"only {len(updates)} take part: a round needs {LEAST_ALIVE}")
        self.costs = Costs()
        members = self._members(round_, len(updates))
        transcript = self._share(members, Transcript(round_, tuple(member.keys() for member in members)))
        uploads = self._upload(members, transcript, updates)
        alive = AliveSet.of(len(members), uploads)
        alive.check_quorum(transcript.seeds)
        if self._check_alive is not None:
            self._check_alive(len(alive))
        reveals = self._reveal(members, transcript, alive, uploads)
        with self.costs.timed("unmask"):
            masks = Unmasking(transcript, alive, reveals).masks()
            total = unmasked(uploads, alive, masks)
        return Finished(transcript, alive, uploads, masks, Sum(to_lanes(total, updates.shape[1]), len(alive)))

    def _members(self, round_: int, count: int) -> list[Participant]:
        with self.costs.timed("keys"):
            addresses = self._addresses or [sha256(index.to_bytes(8, "big")).digest()[:20] for index in range(count)]
            members = [Participant(round_, address, RoundRecord(round_, address)) for address in addresses]
        for index, member in enumerate(members):
            self.costs.add(index, "keys", len(member.keys().channel_key + member.keys().mask_key))
        return members

    def _share(self, members: list[Participant], transcript: Transcript) -> Transcript:
        with self.costs.timed("shares"):
            said = {
                index: member.share(transcript)
                for index, member in enumerate(members)
                if index not in self.drop_outs.keys
            }
        for index, (commitment, parcel) in said.items():
            self.costs.add(index, "seed hashes", len(commitment.shares_root + b"".join(commitment.seed_hashes)))
            self.costs.add(index, "shares", len(parcel.to_bytes()))
        seeds = {index: commitment for index, (commitment, _) in said.items()}
        parcels = {index: parcel for index, (_, parcel) in said.items()}
        return Transcript(transcript.round, transcript.keys, seeds, parcels)

    def _upload(self, members: list[Participant], transcript: Transcript, updates: Signed) -> dict[int, Lanes]:
        with self.costs.timed("upload"):
            uploads = {
                index: members[index].upload(to_chunks(updates[index]), transcript)
                for index in transcript.seeds
                if index not in self.drop_outs.seeds
            }
        for index, upload in uploads.items():
            self.costs.add(index, "update", len(to_bytes(upload)))
        return uploads

    def _reveal(
        self, members: list[Participant], transcript: Transcript, alive: AliveSet, uploads: dict[int, Lanes]
    ) -> list[Reveal]:
        with self.costs.timed("reveal"):
            roots = {index: chunk_tree(upload).root for index, upload in uploads.items()}
            reveals = [
                members[index].reveal(alive, roots, roots.items(), transcript)
                for index in uploads
                if index not in self.drop_outs.upload
            ]
        for reveal in reveals:
            self.costs.add(reveal.participant, "revealed", len(reveal.to_bytes(transcript.graph)))
        return reveals
