"""The store: publications by round, kind and sender, each once; a second, differing update of a sender is kept as
evidence, and a task once, whoever publishes it. Whoever keeps a store is trusted with nothing: signatures and hashes
are checked by who reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Protocol

from eth_utils.address import to_checksum_address

from offchain.ppdl.aggregation.messages import Domain
from offchain.ppdl.model_chain.blobs import write
from offchain.ppdl.network.publication import Kind, Publication, PublicationError
from offchain.ppdl.network.upload import Upload, differing

Permits = Callable[[Publication], bool]
"""Whether a sender may publish this: what the registry says of it."""


OTHER = ".other"
"""Ends the name of the file with a sender's second update."""
MOST_KEPT = 4_096
"""Checked publications that are kept in memory."""


class Store(Protocol):
    """Where participants publish and read."""

    def publish(self, publication: Publication) -> None:
        """Raises PublicationError if it isn't accepted."""

    def publications(self, round_: int, kind: Kind) -> list[Publication]:
        """Those with a valid signature; of a sender there may be several. Raises PublicationError if they can't be
        had."""


class FolderStore:
    """A store in a folder, with a file a publication. Without `permits` anyone may publish. What was read and checked
    is kept in memory for a while, as it never changes."""

    def __init__(self, folder: Path, domain: Domain, permits: Permits | None = None) -> None:
        self._folder = folder
        self._domain = domain
        self._permits = permits
        self._checked: dict[Path, Publication] = {}
        self._writing = Lock()

    def publish(self, publication: Publication) -> None:
        """It is on the disk when this returns. The same again changes nothing. Raises PublicationError for a wrong
        signature, a sender who may not, or another one than that sender published before, which is kept all the same
        if it is a signed update; BlobError if it can't be written."""
        publication.check(self._domain)
        with self._writing:
            known = self._read(self._path(publication))
            if known is None:
                self._keep(self._path(publication), publication)
            elif known.content != publication.content:
                self._keep_evidence(known, publication)
                raise PublicationError(f"{_named(publication)} was published before, with other content")

    def publications(self, round_: int, kind: Kind) -> list[Publication]:
        """By ascending senders, an update that is evidence after the first one of its sender."""
        found = (self._read(path) for path in sorted(self._place(round_, kind).glob("[!.]*")))
        return [publication for publication in found if publication is not None]

    def _keep(self, path: Path, publication: Publication) -> None:
        if self._permits is not None and not self._permits(publication):
            raise PublicationError(f"{_named(publication)} can't be published now")
        write(path, publication.to_bytes())

    def _keep_evidence(self, known: Publication, other: Publication) -> None:
        """Keeps the first update that differs from the one that a sender published, if it signed both as updates."""
        uploads = [Upload.read(self._domain, one) for one in (known, other)]
        path = self._path(other).with_suffix(OTHER)
        if len(differing(one for one in uploads if one is not None)) == 2 and not path.exists():
            self._keep(path, other)

    def _place(self, round_: int, kind: Kind) -> Path:
        return self._folder / str(round_) / kind

    def _path(self, publication: Publication) -> Path:
        name = publication.hash if publication.kind == Kind.TASK else publication.sender
        return self._place(publication.round, publication.kind) / name.hex()

    def _read(self, path: Path) -> Publication | None:
        if path in self._checked:
            return self._checked[path]
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise PublicationError(f"{path} can't be read: {error.strerror}") from error
        publication = Publication.from_bytes(content)
        publication.check(self._domain)
        if len(self._checked) >= MOST_KEPT:
            self._checked.clear()
        self._checked[path] = publication
        return publication


def _named(publication: Publication) -> str:
    """A publication in an error's words."""
    return f"the {publication.kind} of {to_checksum_address(publication.sender)} in round {publication.round}"
