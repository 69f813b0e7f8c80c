"""The store: publications by round, kind and sender, each once. Whoever keeps one is trusted with nothing: signatures
and hashes are checked by who reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from eth_utils.address import to_checksum_address

from offchain.ppdl.aggregation.messages import Domain
from offchain.ppdl.model_chain.blobs import write
from offchain.ppdl.network.publication import Kind, Publication, PublicationError

Permits = Callable[[Publication], bool]
"""Whether a sender may publish this: what the registry says of it."""


MOST_KEPT = 4_096
"""Checked publications that are kept in memory."""


class Store(Protocol):
    """Where participants publish and read."""

    def publish(self, publication: Publication) -> None:
        """Raises PublicationError if it isn't accepted."""

    def publications(self, round_: int, kind: Kind) -> dict[bytes, Publication]:
        """By sender, those with a valid signature. Raises PublicationError if they can't be had."""


class FolderStore:
    """A store in a folder, with a file a publication. Without `permits` anyone may publish. What was read and checked
    is kept in memory for a while, as it never changes."""

    def __init__(self, folder: Path, domain: Domain, permits: Permits | None = None) -> None:
        self._folder = folder
        self._domain = domain
        self._permits = permits
        self._checked: dict[Path, Publication] = {}

    def publish(self, publication: Publication) -> None:
        """It is on the disk when this returns. The same again changes nothing. Raises PublicationError for a wrong
        signature, a sender who may not, or another one than that sender published before; BlobError if it can't be
        written."""
        publication.check(self._domain)
        known = self._read(self._path(publication))
        if known is not None:
            if known.content != publication.content:
                raise PublicationError(
                    f"{to_checksum_address(publication.sender)} published another {publication.kind} "
                    f"in round {publication.round}"
                )
            return
        if self._permits is not None and not self._permits(publication):
            sender = to_checksum_address(publication.sender)
            raise PublicationError(f"{sender} can't publish {publication.kind} in round {publication.round} now")
        write(self._path(publication), publication.to_bytes())

    def publications(self, round_: int, kind: Kind) -> dict[bytes, Publication]:
        """By sender."""
        found = {}
        for path in sorted(self._place(round_, kind).glob("[!.]*")):
            publication = self._read(path)
            if publication is not None:
                found[publication.sender] = publication
        return found

    def _place(self, round_: int, kind: Kind) -> Path:
        return self._folder / str(round_) / kind

    def _path(self, publication: Publication) -> Path:
        return self._place(publication.round, publication.kind) / publication.sender.hex()

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
