"""What the participants of a round published, as far as it agrees with the chain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from offchain.errors import UserError
from offchain.ppdl.aggregation.alive import AliveSet
from offchain.ppdl.aggregation.lanes import CHUNK_BYTES, LaneError, Lanes, chunk_tree, from_bytes, to_bytes
from offchain.ppdl.aggregation.messages import Domain, Update
from offchain.ppdl.aggregation.reveal import Reveal
from offchain.ppdl.aggregation.shares import Parcel, ShareError
from offchain.ppdl.aggregation.transcript import Transcript
from offchain.ppdl.aggregation.unmasking import Unmasking
from offchain.ppdl.model_chain.evidence import Evidence
from offchain.ppdl.network.publication import Kind, Publication
from offchain.ppdl.network.registry import Round
from offchain.ppdl.network.store import Store
from offchain.signature import SIGNATURE_LENGTH, SignatureError


class BoardError(UserError):
    """Says in one line what is missing of a round."""


@dataclass(frozen=True)
class Upload:
    """A masked update, shape (chunks, 64), its root, and the signature of that."""

    chunks: Lanes
    root: bytes
    signature: bytes

    def to_bytes(self) -> bytes:
        """The content of its publication."""
        return self.signature + to_bytes(self.chunks)


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
        for index, publication in self._published(Kind.SHARES).items():
            try:
                parcel = Parcel.from_bytes(publication.content, bare.graph.degree)
            except ShareError:
                continue
            if bare.accepts(index, parcel):
                parcels[index] = parcel
        return Transcript(bare.round, bare.keys, bare.seeds, parcels)

    @cached_property
    def uploads(self) -> dict[int, Upload]:
        """By index, those that are whole and signed."""
        found = {}
        for index, publication in self._published(Kind.UPDATE).items():
            upload = self._upload(index, publication.content)
            if upload is not None:
                found[index] = upload
        return found

    @cached_property
    def visible(self) -> list[tuple[int, bytes]]:
        """Index and root of each upload."""
        return [(index, upload.root) for index, upload in self.uploads.items()]

    @cached_property
    def reveals(self) -> list[Reveal]:
        """What could be read of what was revealed."""
        found = []
        for index, publication in self._published(Kind.REVEAL).items():
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
        members = {index: keys.participant for index, keys in enumerate(self._round.keys)}
        return alive.tree(members, self.update_roots(alive)).root

    def update_roots(self, alive: AliveSet) -> dict[int, bytes]:
        """By index. Raises BoardError if an update isn't there."""
        missing = [index for index in alive.indices if index not in self.uploads]
        if missing:
            raise BoardError(f"the update of participant {missing[0]} is not in the store (round {self._round.number})")
        return {index: self.uploads[index].root for index in alive.indices}

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

    def _published(self, kind: Kind) -> dict[int, Publication]:
        publications = self._store.publications(self._round.number, kind)
        members = {keys.participant: index for index, keys in enumerate(self._round.keys)}
        return {members[sender]: one for sender, one in publications.items() if sender in members}

    def _upload(self, index: int, content: bytes) -> Upload | None:
        signature, chunks = content[:SIGNATURE_LENGTH], content[SIGNATURE_LENGTH:]
        if len(chunks) != self._chunks * CHUNK_BYTES:
            return None
        root, signer = _signed(self._domain, self._round.number, content)
        participant = self._round.keys[index].participant
        return Upload(from_bytes(chunks), root, signature) if root is not None and signer == participant else None


@lru_cache(maxsize=4096)
def _signed(domain: Domain, round_: int, content: bytes) -> tuple[bytes | None, bytes | None]:
    """The root of an update's chunks and who signed it; None both for what is no signed update."""
    try:
        root = chunk_tree(from_bytes(content[SIGNATURE_LENGTH:])).root
        return root, domain.signer(Update(round_, root), content[:SIGNATURE_LENGTH])
    except (LaneError, SignatureError):
        return None, None
