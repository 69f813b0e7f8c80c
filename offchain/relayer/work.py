"""The requests that a relayer works on, kept from spending the same twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from threading import Lock


@dataclass(frozen=True, eq=False)
class Piece:
    """One caller's request: its digest, the marks that it spends, and whose turn it is among callers with the same."""

    digest: bytes
    marks: frozenset[int]
    turn: Lock


class Work:
    """What is being worked on, in the order it came. Safe to call from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pieces: list[Piece] = []

    @contextmanager
    def on(self, digest: bytes, marks: frozenset[int]) -> Iterator[Piece]:
        """Reserves the marks until the block ends."""
        with self._lock:
            turn = next((piece.turn for piece in self._pieces if piece.digest == digest), Lock())
            mine = Piece(digest, marks, turn)
            self._pieces.append(mine)
        try:
            yield mine
        finally:
            with self._lock:
                self._pieces.remove(mine)

    def is_first(self, mine: Piece) -> bool:
        """Whether no other request came earlier, and is still worked on, that spends one of the same marks."""
        with self._lock:
            earlier = takewhile(lambda piece: piece is not mine, self._pieces)
            return not any(piece.marks & mine.marks for piece in earlier if piece.digest != mine.digest)
