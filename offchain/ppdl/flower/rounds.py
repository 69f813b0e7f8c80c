"""In which round a node is, and what its participants must not forget of it: in the node's own folder.

Rounds only ascend. A server that could repeat one with fewer participants would learn by the difference what those left
out gave.
"""

from __future__ import annotations

from pathlib import Path

from offchain import durable_file
from offchain.errors import UserError
from offchain.ppdl.aggregation.record import RoundRecord

LATEST = "round"
OVER = "over"


class RoundError(UserError):
    """Says in one line why a node takes no part in a round."""


class Rounds:
    """The rounds of a node. Raises RoundError if its folder can't be used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            latest = folder / LATEST
            number, *over = latest.read_text().split() if latest.exists() else ("0", OVER)
            if over not in ([], [OVER]):
                raise ValueError(f"{latest} is damaged")
            self.latest, self._over = int(number), bool(over)
        except (OSError, ValueError) as error:
            raise RoundError(f"{folder} can't be used as a node's folder: {error}") from error

    def begin(self, number: int) -> None:
        """Takes part in a round, and forgets earlier ones. Raises RoundError if that or a later one is over."""
        if number < self.latest or (number == self.latest and self._over):
            raise RoundError(f"round {number} is over: this node was in round {self.latest}")
        if number > self.latest:
            self._write(number, over=False)
        self._forget()

    def finish(self) -> None:
        """Forgets the round: what was secret in it stays so, whoever reads the disk later."""
        self._write(self.latest, over=True)
        self._forget()

    def check(self, number: int) -> None:
        """Raises RoundError if the node isn't in this round."""
        if number != self.latest or self._over:
            raise RoundError(f"this node is not in round {number}; its latest was round {self.latest}")

    def record(self, participant: bytes) -> RoundRecord:
        """A participant's record of the round; to be closed. Raises RecordError."""
        return RoundRecord(self.latest, participant, self._folder / f"{self.latest}-{participant.hex()}.jsonl")

    def _write(self, number: int, over: bool) -> None:
        line = f"{number} {OVER}" if over else str(number)
        try:
            durable_file.replace(self._folder / LATEST, line.encode(), private=True)
        except OSError as error:
            raise RoundError(f"{self._folder} can't be written: {error}") from error
        self.latest, self._over = number, over

    def _forget(self) -> None:
        """Removes the records of all rounds that are over."""
        try:
            for record in self._folder.glob("*.jsonl"):
                if self._over or not record.name.startswith(f"{self.latest}-"):
                    record.unlink()
        except OSError as error:
            raise RoundError(f"{self._folder} can't be written: {error}") from error
