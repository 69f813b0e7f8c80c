"""The demands that a home paid for, until it is known what became of their fees; across rounds and restarts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from offchain.ppdl.disputes.proofs import Kind
from offchain.ppdl.model_chain.blobs import BlobError, write
from offchain.ppdl.network.docket import Demand


class Fees:
    """In a file of a participant's folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: list[Demand] | None = None

    def open(self) -> list[Demand]:
        """Those that aren't settled, the oldest first. Raises BlobError if the file can't be read."""
        if self._known is None:
            self._known = self._read()
        return list(self._known)

    def add(self, demands: Iterable[Demand]) -> None:
        """To be said before they are paid: they are on the disk when this returns. Raises BlobError if they aren't."""
        self._keep([*dict.fromkeys([*self.open(), *demands])])

    def settle(self, demand: Demand) -> None:
        """Says that its fee was earned or went back. Raises BlobError."""
        self._keep([one for one in self.open() if one != demand])

    def _keep(self, demands: list[Demand]) -> None:
        write(self._path, msgspec.msgpack.encode(demands))
        self._known = demands

    def _read(self) -> list[Demand]:
        try:
            found = msgspec.msgpack.decode(self._path.read_bytes(), type=list[tuple[int, int, int, int]])
            return [(Kind(kind), subject, chunk, place) for kind, subject, chunk, place in found]
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError, ValueError) as error:
            raise BlobError(f"{self._path} can't be read: {error}") from error
