"""How a run of the server goes on: a file of JSON lines that it writes and others read while it grows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from offchain.errors import UserError


class ProgressError(UserError):
    """Says in one line what is wrong with a file of progress."""


class Told(msgspec.Struct, frozen=True, tag="told"):
    """What happens in a round."""

    round: int
    line: str


class Done(msgspec.Struct, frozen=True, tag="done"):
    """A round that is done (see `learning.federation.Round`)."""

    round: int
    clients: int
    training_loss: float
    loss_before: int
    loss_after: int
    accepted: bool
    state: list[Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]]


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """That there is nothing more to come; with the reason if the run failed."""

    failure: str | None = None


Event = Told | Done | Ended


class Progress:
    """A file of events."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = 0

    def write(self, event: Event) -> None:
        """Adds an event. Raises OSError."""
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(event) + b"\n")

    def new(self) -> Iterator[Event]:
        """The events since the last call. Raises ProgressError for a line that is none."""
        if not self.path.exists():
            return
        content = self.path.read_bytes()[self._read :]
        content = content[: content.rfind(b"\n") + 1]
        self._read += len(content)
        for line in content.splitlines():
            try:
                yield msgspec.json.decode(line, type=Event)
            except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
                raise ProgressError(f"{self.path}: {error}") from error
