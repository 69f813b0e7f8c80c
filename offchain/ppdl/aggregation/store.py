"""A folder of what was published: contents named by their hash, and who signed which, by round and kind.

    blobs/HASH                                       a content
    rounds/ROUND/KIND/PARTICIPANT-HASH               a signature of it (65 bytes)

Files are written whole or not at all, and never changed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.ppdl.aggregation.publication import Kind, PublicationError, Published, Rules

MOST_UPDATES = 2
"""Of a participant in a round: two convict it, and nobody needs a third. Of all else there is one."""

DRAFT = ".draft"

Members = Callable[[int], Collection[bytes]]
"""The addresses of those who committed keys in a round."""


class StoreError(UserError):
    """Says in one line why the folder can't be used."""


class AlreadyPublished(PublicationError):
    """Says that a participant published something else before."""


class Store:
    """The store in a folder, made if there is none; several threads and processes can use it."""

    def __init__(self, folder: Path, rules: Rules, members: Members) -> None:
        self.rules = rules
        self._members = members
        self._blobs, self._rounds = folder / "blobs", folder / "rounds"
        self._writing = threading.Lock()
        with _file_errors(folder):
            self._blobs.mkdir(parents=True, exist_ok=True)
            self._rounds.mkdir(exist_ok=True)

    def publish(self, published: Published) -> None:
        """Keeps what a participant of the round published. Raises PublicationError if it isn't one, or it isn't signed
        or too large; AlreadyPublished if it published something else; StoreError."""
        self.rules.check(published)
        if published.participant not in self._members(published.round):
            raise PublicationError(f"0x{published.participant.hex()} takes no part in round {published.round}")
        folder = self._rounds / str(published.round) / published.kind
        name = f"{published.participant.hex()}-{published.content_hash.hex()}"
        with self._writing, _file_errors(folder):
            others = [path for path in folder.glob(f"{published.participant.hex()}-*") if path.name != name]
            if len(others) >= (MOST_UPDATES if published.kind is Kind.UPDATE else 1):
                raise AlreadyPublished(f"0x{published.participant.hex()} published another {published.kind} before")
            folder.mkdir(parents=True, exist_ok=True)
            _write(self._blobs / published.content_hash.hex(), published.content)
            _write(folder / name, published.signature)

    def published(self, round_: int, kind: Kind) -> list[Published]:
        """All that was published of a kind in a round. Raises StoreError if a file is damaged."""
        return [
            Published(round_, kind, participant, self._content(content_hash), signature)
            for participant, content_hash, signature in self.signatures(round_, kind)
        ]

    def signatures(self, round_: int, kind: Kind) -> list[tuple[bytes, bytes, bytes]]:
        """Participant, hash of the content and signature of each, in the order of the participants' addresses."""
        return list(self._signatures(self._rounds / str(round_) / kind))

    def blob(self, content_hash: bytes) -> bytes | None:
        """A content, None if there is none of this hash. Raises StoreError if the file is damaged."""
        path = self._blobs / content_hash.hex()
        with _file_errors(path):
            if not path.exists():
                return None
            content = path.read_bytes()
        if keccak(content) != content_hash:
            raise StoreError(f"{path} is damaged: remove it, it can be published again")
        return content

    def _content(self, content_hash: bytes) -> bytes:
        content = self.blob(content_hash)
        if content is None:
            raise StoreError(f"{self._blobs / content_hash.hex()} is missing")
        return content

    def _signatures(self, folder: Path) -> Iterator[tuple[bytes, bytes, bytes]]:
        with _file_errors(folder):
            for path in sorted(folder.glob("*-*")):
                if path.suffix != DRAFT:
                    participant, content_hash = path.name.split("-")
                    yield bytes.fromhex(participant), bytes.fromhex(content_hash), path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    """Writes a new file, whole or not at all, unless there is one."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}{DRAFT}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path} can't be used: {error.strerror}") from error
