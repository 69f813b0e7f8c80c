"""Which updates a participant saw before a round was closed: it reveals nothing for a set that leaves one out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from offchain.ppdl.model_chain.blobs import BlobError, write


class Snapshot:
    """Index and root of each update, in a file of a participant's folder."""

    def __init__(self, folder: Path, round_: int) -> None:
        self._path = folder / "rounds" / f"{round_}.seen"

    def keep(self, visible: Iterable[tuple[int, bytes]]) -> None:
        """Keeps what is seen now, with what was seen before. Raises BlobError if it can't."""
        known = self.seen()
        grown = known | set(visible)
        if grown != known:
            write(self._path, msgspec.msgpack.encode(sorted(grown)))

    def seen(self) -> set[tuple[int, bytes]]:
        """All that was seen. Raises BlobError if the file can't be read."""
        try:
            return set(msgspec.msgpack.decode(self._path.read_bytes(), type=list[tuple[int, bytes]]))
        except FileNotFoundError:
            return set()
        except (OSError, msgspec.DecodeError, ValueError) as error:
            raise BlobError(f"{self._path} can't be read: {error}") from error

    def forget(self) -> None:
        """Removes it."""
        self._path.unlink(missing_ok=True)
