"""A station as a car asks it that waits for one that starts again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from offchain.charging.claim import Paid
from offchain.charging.client import Silent, StationClient, Status

POLL_SECONDS = 0.5
SILENT_SECONDS = 60
"""How long a station may be silent; nothing is paid meanwhile."""


@dataclass(frozen=True)
class Patient:
    """A station that may be silent for a while, as one is that starts again."""

    station: StationClient

    def status(self, session: str) -> Status:
        return self._asked(lambda: self.station.status(session))

    def pay(self, session: str, paid: Paid) -> Status:
        return self._asked(lambda: self.station.pay(session, paid.transaction, paid.salt))

    def end(self, session: str) -> Status:
        return self._asked(lambda: self.station.end(session))

    def _asked(self, ask: Callable[[], Status]) -> Status:
        until = time.monotonic() + SILENT_SECONDS
        while True:
            try:
                return ask()
            except Silent:
                if time.monotonic() > until:
                    raise
                time.sleep(POLL_SECONDS)
