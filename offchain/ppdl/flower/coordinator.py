"""The server's part of a round: it collects what is said, checks it, hands it on, and adds up what is masked.

A participant that says nothing, or something wrong, is left out from there on. The server never sees an update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from offchain.errors import UserError
from offchain.ppdl.aggregation.alive import LEAST_ALIVE, AliveError
from offchain.ppdl.aggregation.lanes import from_bytes, to_bytes, to_chunks, to_lanes
from offchain.ppdl.aggregation.reveal import Reveal
from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.aggregation.transcript import Transcript
from offchain.ppdl.aggregation.unmasking import Unmasking, unmasked
from offchain.ppdl.flower import wire
from offchain.ppdl.flower.board import (
    Checked,
    check_alive,
    check_keys,
    check_seeds,
    check_upload,
    round_keys,
    signed_update,
)
from offchain.ppdl.flower.federation import Federation

T = TypeVar("T")
Indexed = TypeVar("Indexed", wire.SignedSeeds, wire.Upload, wire.SignedAlive, wire.Revealed)
Send = Callable[[bytes], Iterable[bytes]]
"""Sends a message to all nodes; the answers of those that answered in time."""
Tell = Callable[[str], None]
"""Tells of what happened."""


@dataclass
class Coordinator:
    """Rounds of a federation whose nodes get what `send` sends."""

    federation: Federation
    send: Send
    tell: Tell = field(default=lambda line: None)

    def sum_of(self, number: int, state: NDArray[np.int32]) -> Sum:
        """The sum of the updates from a state, shape (weights,), in a round. Raises AliveError, BoardError or
        UnmaskError if the round ends without a result."""
        board = wire.Board(number, keys=self._keys(number))
        board = replace(board, seeds=self._seeds(board))
        uploads = self._uploads(board, state)
        board = replace(board, updates=tuple(signed_update(upload) for upload in uploads))
        board = replace(board, alive=self._standing(board))
        checked = Checked(self.federation, board)
        checked.check_standing()
        masks = Unmasking(checked.transcript, checked.alive, self._reveals(board, checked)).masks()
        chunks = {upload.index: from_bytes(upload.chunks) for upload in uploads}
        return Sum(to_lanes(unmasked(chunks, checked.alive, masks), len(state) + 1), len(checked.alive))

    def _keys(self, number: int) -> tuple[wire.SignedKeys, ...]:
        said = [one for answer in self._ask("keys", wire.AskKeys(number)) for one in answer.keys]
        right = self._right(said, lambda one: check_keys(self.federation, number, one))
        found = {one.participant: one for one in right}
        if len(found) < LEAST_ALIVE:
            raise AliveError(f"only {len(found)} participants are there: a round needs {LEAST_ALIVE}")
        return tuple(found[participant] for participant in sorted(found))

    def _seeds(self, board: wire.Board) -> tuple[wire.SignedSeeds, ...]:
        transcript = Transcript(board.round, tuple(round_keys(one) for one in board.keys))
        said = [one for answer in self._ask("seeds", wire.AskSeeds(board)) for one in answer.seeds]
        return _by_index(self._right(said, lambda one: check_seeds(self.federation, transcript, one)))

    def _uploads(self, board: wire.Board, state: NDArray[np.int32]) -> tuple[wire.Upload, ...]:
        checked = Checked(self.federation, board)
        count = len(to_chunks(np.append(state, np.int32(0))))
        ask = wire.AskUpdate(board, to_bytes(state.view(np.uint32)))
        said = [one for answer in self._ask("update", ask) for one in answer.uploads]
        return _by_index(self._right(said, lambda one: check_upload(checked, one, count)))

    def _standing(self, board: wire.Board) -> tuple[wire.SignedAlive, ...]:
        checked = Checked(self.federation, board)
        checked.alive.check_quorum(checked.transcript.seeds)
        said = [one for answer in self._ask("alive", wire.AskAlive(board)) for one in answer.alive]
        return _by_index(self._right(said, lambda one: check_alive(checked, one)))

    def _reveals(self, board: wire.Board, checked: Checked) -> list[Reveal]:
        graph = checked.transcript.graph

        def reveal(one: wire.Revealed) -> Reveal:
            checked.participant(one.index)
            return Reveal.from_bytes(one.index, one.content, graph)

        said = [one for answer in self._ask("reveal", wire.AskReveal(board)) for one in answer.revealed]
        return [reveal(one) for one in _by_index(self._right(said, reveal))]

    def _ask(self, phase: str, ask: wire.Ask) -> list[wire.Said]:
        self.tell(phase)
        said = []
        for content in self.send(wire.encode(ask)):
            for answer in self._right([content], wire.decode_said):
                said.append(wire.decode_said(answer))
        for refusal in (refusal for one in said for refusal in one.refusals):
            self.tell(f"refused: {refusal}")
        return said

    def _right(self, items: Iterable[T], check: Callable[[T], object]) -> list[T]:
        """Those that pass; of the others it tells why they don't."""
        right = []
        for item in items:
            try:
                check(item)
            except UserError as error:
                self.tell(f"left out: {error}")
            else:
                right.append(item)
        return right


def _by_index(items: Iterable[Indexed]) -> tuple[Indexed, ...]:
    """By ascending index, the first of each: who says two things is held to one of them."""
    found: dict[int, Indexed] = {}
    for item in items:
        found.setdefault(item.index, item)
    return tuple(found[index] for index in sorted(found))
