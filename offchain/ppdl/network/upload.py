"""A masked update as its participant publishes it, and two of one round, which convict whoever signed both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from offchain.ppdl.aggregation.lanes import LaneError, Lanes, chunk_tree, from_bytes, to_bytes
from offchain.ppdl.aggregation.messages import Domain, Update
from offchain.ppdl.network.publication import Kind, Publication
from offchain.signature import SIGNATURE_LENGTH, SignatureError


@dataclass(frozen=True, eq=False)
class Upload:
    """A masked update, shape (chunks, 64), its root, and the signature of that."""

    chunks: Lanes
    root: bytes
    signature: bytes

    def to_bytes(self) -> bytes:
        """The content of its publication."""
        return self.signature + to_bytes(self.chunks)

    @classmethod
    def read(cls, domain: Domain, publication: Publication) -> Upload | None:
        """What a sender published as its update; None if it is none that it signed."""
        if publication.kind != Kind.UPDATE:
            return None
        root, signer = _signed(domain, publication.round, publication.content)
        if root is None or signer != publication.sender:
            return None
        signature, chunks = publication.content[:SIGNATURE_LENGTH], publication.content[SIGNATURE_LENGTH:]
        return cls(from_bytes(chunks), root, signature)


def differing(uploads: Iterable[Upload]) -> list[Upload]:
    """One upload of each root, in their order."""
    return list({upload.root: upload for upload in uploads}.values())


@lru_cache(maxsize=4096)
def _signed(domain: Domain, round_: int, content: bytes) -> tuple[bytes | None, bytes | None]:
    """The root of an update's chunks and who signed it; None both for what is no signed update."""
    try:
        root = chunk_tree(from_bytes(content[SIGNATURE_LENGTH:])).root
        return root, domain.signer(Update(round_, root), content[:SIGNATURE_LENGTH])
    except (LaneError, SignatureError):
        return None, None
