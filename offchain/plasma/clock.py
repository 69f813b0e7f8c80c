"""A clock for simulations, which all nodes of a plasma chain on one machine share: it runs faster than the wall's, and
can be set forward. A chain of value has the wall's clock."""

from __future__ import annotations

import time
from pathlib import Path

from offchain import durable_file
from offchain.errors import UserError

SPEED = 10
"""Seconds that pass on it in one."""


class ClockError(UserError):
    """Says in one line why there is no time to be had."""


class SimulatedClock:
    """A clock in a file; called, it gives Unix time. The file has a time and when it was set, in seconds since this
    machine started: whoever reads it meanwhile gets the old or the new one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self) -> float:
        """The time. Raises ClockError if the file has none."""
        try:
            moment, since = map(float, self.path.read_text().split())
        except (OSError, ValueError) as error:
            raise ClockError(f"{self.path} is no clock: {error}") from error
        return moment + (time.monotonic() - since) * SPEED

    def set(self, moment: float) -> None:
        """Begins, or sets the clock forward. A time that has passed changes nothing. Raises ClockError."""
        if self.path.exists() and self() >= moment:
            return
        durable_file.replace(self.path, f"{moment} {time.monotonic()}".encode())
