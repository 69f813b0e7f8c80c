"""What the participants of a round published, as far as it agrees with the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import combinations, islice, product
from typing import TypeVar

from offchain.errors import UserError
from offchain.ppdl.aggregation.alive import AliveSet
from offchain.ppdl.aggregation.lanes import Lanes
from offchain.ppdl.aggregation.messages import Domain
from offchain.ppdl.aggregation.reveal import Reveal
from offchain.ppdl.aggregation.shares import Parcel, ShareError
from offchain.ppdl.aggregation.transcript import Transcript
from offchain.ppdl.aggregation.unmasking import Unmasking
from offchain.ppdl.disputes.proofs import Closed
from offchain.ppdl.model_chain.evidence import Evidence
from offchain.ppdl.network.kept import Kept
from offchain.ppdl.network.publication import Kind, Publication, PublicationError
from offchain.ppdl.network.registry import Round
from offchain.ppdl.network.store import Store
from offchain.ppdl.network.upload import Upload, differing

MOST_CHOICES = 1 << 10
"""So many sets of updates are tried to find the one that a closing names, where participants signed two."""

Content = TypeVar("Content")


class BoardError(UserError):
    """Says in one line what is missing of a round."""


class Board:
    """Of a round as the chain has it now, read from a store once; `chunks` is how many chunks an update has. What can
    be read is `kept`, where that is given, before anything follows from it, and counts from then on, whatever the store
    shows; once a round is closed it may be enough without any store."""

    def __init__(self, round_: Round, store: Store, domain: Domain, chunks: int, kept: Kept | None = None) -> None:
        self._round = round_
        self._store = store
        self._domain = domain
        self._chunks = chunks
        self._kept = kept
        self._shown: dict[Kind, list[Publication]] = {}
        self._silence: PublicationError | None = None

    @cached_property
    def transcript(self) -> Transcript:
        """Keys and seeds from the chain, and the parcels that their owners committed to."""
        bare = self._round.transcript()

        def read(index: int, publication: Publication) -> Parcel | None:
            try:
                parcel = Parcel.from_bytes(publication.content, bare.graph.degree)
            except ShareError:
                return None
            return parcel if bare.accepts(index, parcel) else None

        return Transcript(bare.round, bare.keys, bare.seeds, dict(self._read(Kind.SHARES, read)))

    @cached_property
    def signed(self) -> dict[int, list[Upload]]:
        """By index, those that are whole and signed, the one that was seen first first; who signed several has broken
        the rules."""

        def read(_: int, publication: Publication) -> Upload | None:
            upload = Upload.read(self._domain, publication)
            return upload if upload is not None and len(upload.chunks) == self._chunks else None

        found: dict[int, list[Upload]] = {}
        for index, upload in self._read(Kind.UPDATE, read):
            found.setdefault(index, []).append(upload)
        return {index: differing(uploads) for index, uploads in found.items()}

    @cached_property
    def uploads(self) -> dict[int, Upload]:
        """By index, those that count: of who signed several the one that the closing names."""
        first = self._first
        closing = self._round.closing
        if closing is None or not first.keys() >= set(closing.alive.indices):
            return first
        for choice in islice(self._choices(closing.alive), MOST_CHOICES):
            roots = {index: choice[index].root for index in closing.alive.indices}
            if self._root_over(closing.alive, roots) == closing.alive_root:
                return choice
        return first

    @cached_property
    def _first(self) -> dict[int, Upload]:
        return {index: uploads[0] for index, uploads in self.signed.items()}

    @cached_property
    def visible(self) -> list[tuple[int, bytes]]:
        """Index and root of each signed upload."""
        return [(index, upload.root) for index, uploads in self.signed.items() for upload in uploads]

    @cached_property
    def reveals(self) -> list[Reveal]:
        """What could be read of what was revealed."""

        def read(index: int, publication: Publication) -> Reveal | None:
            try:
                return Reveal.from_bytes(index, publication.content, self.transcript.graph)
            except ShareError:
                return None

        return [reveal for _, reveal in self._read(Kind.REVEAL, read)]

    def shows(self, kind: Kind, sender: bytes) -> bool:
        """Whether the store shows something of a sender; what was kept doesn't count."""
        return any(publication.sender == sender for publication in self._listed(kind))

    def check_answered(self) -> None:
        """Raises PublicationError if the store gave no answer: what is missing then tells nothing."""
        if self._silence is not None:
            raise self._silence

    def alive_now(self) -> AliveSet:
        """All who committed seeds and whose uploads are there."""
        seeded = self._round.seeds or {}
        return AliveSet.of(len(self._round.keys), [index for index in self.uploads if index in seeded])

    def alive_root(self, alive: AliveSet) -> bytes:
        """The root over the alive's addresses and updates. Raises BoardError if an update isn't there."""
        return self._root_over(alive, self.update_roots(alive))

    def update_roots(self, alive: AliveSet) -> dict[int, bytes]:
        """By index. Raises BoardError if an update isn't there."""
        missing = [index for index in alive.indices if index not in self.uploads]
        if missing:
            raise BoardError(f"the update of participant {missing[0]} is not in the store (round {self._round.number})")
        return {index: self.uploads[index].root for index in alive.indices}

    def closed(self) -> Closed | None:
        """What the closing is shown to be right with; None while there is none, or it isn't of what is in the store."""
        closing = self._round.closing
        if closing is None or not self.uploads.keys() >= set(closing.alive.indices):
            return None
        if self.alive_root(closing.alive) != closing.alive_root:
            return None
        signatures = {index: self.uploads[index].signature for index in closing.alive.indices}
        return Closed(self._round.transcript(), closing.alive, self.alive_uploads(), signatures)

    def evidence(self) -> Evidence:
        """All that shows how the sum came about. Raises BoardError if the round isn't closed or something is missing,
        UnmaskError while too few shares are there."""
        closing = self._round.closing
        if closing is None:
            raise BoardError(f"round {self._round.number} isn't closed")
        roots = self.update_roots(closing.alive)
        if self.alive_root(closing.alive) != closing.alive_root:
            raise BoardError(f"round {self._round.number} was closed with other updates than those in the store")
        masks = Unmasking(self.transcript, closing.alive, self.reveals).masks()
        signatures = {index: self.uploads[index].signature for index in closing.alive.indices}
        return Evidence.of(self.transcript, closing.alive, roots, signatures, masks, closing.close_block_hash)

    def alive_uploads(self) -> dict[int, Lanes]:
        """The masked updates of the alive, by index."""
        closing = self._round.closing
        return {} if closing is None else {index: self.uploads[index].chunks for index in closing.alive.indices}

    def _read(self, kind: Kind, read: Callable[[int, Publication], Content | None]) -> list[tuple[int, Content]]:
        """What participants published that can be read, by index: what was kept before, then what is new."""
        members = {keys.participant: index for index, keys in enumerate(self._round.keys)}
        kept = [] if self._kept is None else self._kept.publications(self._round.number, kind)
        found = []
        for publication in {(one.sender, one.content): one for one in (*kept, *self._listed(kind))}.values():
            index = members.get(publication.sender)
            content = None if index is None else read(index, publication)
            if index is not None and content is not None:
                if self._kept is not None:
                    self._kept.keep(publication)
                found.append((index, content))
        return found

    def _listed(self, kind: Kind) -> list[Publication]:
        """What the store shows."""
        if kind not in self._shown:
            try:
                self._shown[kind] = self._store.publications(self._round.number, kind)
            except PublicationError as error:
                if self._kept is None or self._round.closing is None:
                    raise
                self._shown[kind], self._silence = [], error
        return self._shown[kind]

    def _choices(self, alive: AliveSet) -> Iterator[dict[int, Upload]]:
        """Every way to take one upload of each: the first ones, then those that differ in one, in two, and so on."""
        several = [index for index in alive.indices if len(self.signed[index]) > 1]
        for count in range(len(several) + 1):
            for changed in combinations(several, count):
                for taken in product(*(self.signed[index][1:] for index in changed)):
                    yield self._first | dict(zip(changed, taken, strict=True))

    def _root_over(self, alive: AliveSet, roots: dict[int, bytes]) -> bytes:
        members = {index: keys.participant for index, keys in enumerate(self._round.keys)}
        return alive.tree(members, roots).root
