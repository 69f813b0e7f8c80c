"""What a home saw published of a round, in its own folder: no store can make it unseen."""

from __future__ import annotations

from pathlib import Path

from offchain.ppdl.model_chain.blobs import BlobError, write
from offchain.ppdl.network.publication import Kind, Publication
from offchain.ppdl.network.round_files import forget_before

MOST_OF_ONE = 4
"""Of a kind and sender; whoever says more has said enough."""

BySender = dict[bytes, list[Publication]]


class Kept:
    """In a participant's folder of rounds: a folder a round and kind, a file a publication. What is of rounds before
    the one that is asked about is removed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[int, Kind], BySender] = {}

    def publications(self, round_: int, kind: Kind) -> list[Publication]:
        """Those of a sender in the order in which they were seen. Raises BlobError if one can't be read,
        PublicationError if it is damaged."""
        return [publication for same in self._of(round_, kind).values() for publication in same]

    def keep(self, publication: Publication) -> None:
        """It is on the disk when this returns, unless enough of its sender are. Raises BlobError if it can't be
        written, and what `publications` raises."""
        same = self._of(publication.round, publication.kind).setdefault(publication.sender, [])
        if len(same) >= MOST_OF_ONE or any(known.content == publication.content for known in same):
            return
        name = f"{publication.sender.hex()}.{len(same)}"
        write(self._place(publication.round, publication.kind) / name, publication.to_bytes())
        same.append(publication)

    def _of(self, round_: int, kind: Kind) -> BySender:
        if (round_, kind) not in self._known:
            self._known = {about: known for about, known in self._known.items() if about[0] >= round_}
            forget_before(self._folder, round_)
            self._known[round_, kind] = self._read(round_, kind)
        return self._known[round_, kind]

    def _read(self, round_: int, kind: Kind) -> BySender:
        found: BySender = {}
        try:
            for path in sorted(self._place(round_, kind).glob("[!.]*")):
                publication = Publication.from_bytes(path.read_bytes())
                found.setdefault(publication.sender, []).append(publication)
        except OSError as error:
            raise BlobError(f"{self._place(round_, kind)} can't be read: {error.strerror}") from error
        return found

    def _place(self, round_: int, kind: Kind) -> Path:
        return self._folder / str(round_) / kind
