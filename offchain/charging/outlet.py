"""A charging outlet without hardware: a contactor and a signing meter that count by the clock.

Where there is a real one, its meter asks and signs by itself (docs/concepts/charging.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from nacl.signing import SigningKey

from offchain.charging.journal import Session
from offchain.charging.station import Station, allowed
from offchain.http_service import Refusal
from offchain.metering.signed_reading import LONGEST, sign


class SimulatedOutlet:
    """Gives `power` W while its station allows it, and not a Wh more than that. While it is `stalled` nothing flows."""

    def __init__(self, station: Station, key: SigningKey, power: float, clock: Callable[[], float] = time.time) -> None:
        self._station, self._key, self._power, self._clock = station, key, power, clock
        self._session, self._sequence, self._begin = "", 0, 0
        self._most, self._since = 0, 0.0
        self.counted = 0.0
        """Wh that the session's car has got, as its own instrument would count them."""
        self.stalled = False

    def step(self) -> None:
        """Counts what flowed since the step before, tells the station, and switches."""
        now = self._clock()
        if self._most and not self.stalled:
            self.counted = min(self.counted + self._power * (now - self._since) / 3600, self._most)
            self._tell(now)
        self._since = now
        session = self._station.review()
        if session:
            self._plug(session, now)
        self._most = allowed(session) if session else 0

    def _plug(self, session: Session, now: float) -> None:
        """Goes on where the journal ended, after a restart; begins at 0 with a new car."""
        if session.quote.session == self._session:
            return
        last = session.reading
        self._session = session.quote.session
        self.counted = float(last.imported) if last else 0.0
        self._sequence, self._begin = (last.sequence, last.start) if last else (0, int(now))

    def _tell(self, now: float) -> None:
        self._sequence += 1
        length = min(max(int(now) - self._begin, 1), LONGEST)
        session = bytes.fromhex(self._session)
        reading = sign(self._key, session, self._begin, length, int(self.counted), 0, self._sequence)
        with suppress(Refusal):  # its car has ended it meanwhile
            self._station.take(reading)
