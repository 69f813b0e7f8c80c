"""What the participants of a round published, as far as it agrees with the chain."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice, product

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
from offchain.ppdl.network.publication import Kind, Publication
from offchain.ppdl.network.registry import Round
from offchain.ppdl.network.store import Store
from offchain.ppdl.network.upload import Upload, differing

MOST_CHOICES = 1 << 10
"""So many sets of updates are tried to find the one that a closing names, where participants signed two."""


class BoardError(UserError):
    """Says in one line what is missing of a round."""


class Board:
    """Of a round as the chain has it now, read from a store once; `chunks` is how many chunks an update has."""

    def __init__(self, round_: Round, store: Store, domain: Domain, chunks: int) -> None:
        self._round = round_
        self._store = store
        self._domain = domain
        self._chunks = chunks

    @cached_property
    def transcript(self) -> Transcript:
        """Keys and seeds from the chain, and the parcels that their owners committed to."""
        bare = self._round.transcript()
        parcels = {}
        for index, publication in self._published(Kind.SHARES):
            try:
                parcel = Parcel.from_bytes(publication.content, bare.graph.degree)
            except ShareError:
                continue
            if bare.accepts(index, parcel):
                parcels[index] = parcel
        return Transcript(bare.round, bare.keys, bare.seeds, parcels)

    @cached_property
    def signed(self) -> dict[int, list[Upload]]:
        """By index, those that are whole and signed; who signed several has broken the rules."""
        found: dict[int, list[Upload]] = {}
        for index, publication in self._published(Kind.UPDATE):
            upload = Upload.read(self._domain, publication)
            if upload is not None and len(upload.chunks) == self._chunks:
                found.setdefault(index, []).append(upload)
        return {index: differing(uploads) for index, uploads in found.items()}

    @cached_property
    def uploads(self) -> dict[int, Upload]:
        """By index, those that count: of who signed several the one that the closing names."""
        first = self._first
        closing = self._round.closing
        if closing is None or not first.keys() >= set(closing.alive.indices):
            return first
        for choice in self._choices(closing.alive):
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
        found = []
        for index, publication in self._published(Kind.REVEAL):
            try:
                found.append(Reveal.from_bytes(index, publication.content, self.transcript.graph))
            except ShareError:
                continue
        return found

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

    def _published(self, kind: Kind) -> Iterator[tuple[int, Publication]]:
        members = {keys.participant: index for index, keys in enumerate(self._round.keys)}
        for publication in self._store.publications(self._round.number, kind):
            if publication.sender in members:
                yield members[publication.sender], publication

    def _choices(self, alive: AliveSet) -> Iterator[dict[int, Upload]]:
        """Every way to take one upload of each, as far as there is time for it."""
        several = [index for index in alive.indices if len(self.signed[index]) > 1]
        for taken in islice(product(*(self.signed[index] for index in several)), MOST_CHOICES):
            yield self._first | dict(zip(several, taken, strict=True))

    def _root_over(self, alive: AliveSet, roots: dict[int, bytes]) -> bytes:
        members = {index: keys.participant for index, keys in enumerate(self._round.keys)}
        return alive.tree(members, roots).root
