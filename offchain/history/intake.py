"""Takes signed readings: each is accepted, known already, or refused for a reason.

Whatever way a reading comes, once, twice or in another order, the history is the same. What is answered as accepted is
on the disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from offchain.history.database import Database
from offchain.history.meters import MeterRecord, find_meters
from offchain.history.readings import Held, Kept, held, keep
from offchain.metering.signed_reading import FormatError, SignedReading

MOST_AT_ONCE = 1_000
CLOCK_SKEW = 300
"""Seconds that a meter's clock may be ahead."""
LATE_AFTER = 3600
"""Seconds after its interval that a reading is called late."""


class Status(StrEnum):
    """What became of a reading."""

    ACCEPTED = "accepted"
    LATE = "late"
    CORRECTED = "corrected"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class Reason(StrEnum):
    """Why a reading is rejected."""

    MALFORMED = "malformed"
    UNKNOWN_METER = "unknown_meter"
    WRONG_SENDER = "wrong_sender"
    BAD_SIGNATURE = "bad_signature"
    WRONG_INTERVAL = "wrong_interval"
    ABOVE_CAPACITY = "above_capacity"
    IN_FUTURE = "in_future"
    TOO_LATE = "too_late"
    ERASED = "erased"
    SUPERSEDED = "superseded"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Outcome:
    """What became of the reading at a place of its batch; a rejected one has a reason, and a line on it."""

    index: int
    status: Status
    reason: Reason | None = None
    detail: str = ""


class Intake:
    """Takes readings into a database. `window` is how many seconds after its interval a reading still comes."""

    def __init__(self, database: Database, window: int, clock: Callable[[], float] = time.time) -> None:
        self._database, self._window, self._clock = database, window, clock

    def take(self, batch: Sequence[Any], sender: bytes | None = None) -> list[Outcome]:
        """Takes a batch of decoded JSON objects, in its order; what is wrong with one hinders no other.

        `sender`: the commitment of the one meter whose readings may come this way. Raises HistoryError, and then took
        none of them.
        """
        now = int(self._clock())
        outcomes: list[Outcome] = []
        parsed: list[tuple[int, SignedReading]] = []
        for index, content in enumerate(batch):
            try:
                parsed.append((index, SignedReading.of(content)))
            except FormatError as error:
                outcomes.append(_rejected(index, Reason.MALFORMED, str(error)))
        if parsed:
            with self._database.write() as connection:
                outcomes += self._store(connection, parsed, sender, now)
        return sorted(outcomes, key=lambda outcome: outcome.index)

    def _store(
        self, connection: Connection, parsed: Iterable[tuple[int, SignedReading]], sender: bytes | None, now: int
    ) -> list[Outcome]:
        parsed = list(parsed)
        meters = find_meters(connection, [reading.commitment for _, reading in parsed], lock=True)
        there = held(connection, [(meters[r.commitment].id, r.start) for _, r in parsed if r.commitment in meters])
        outcomes, kept = [], []
        for index, reading in parsed:
            meter = meters.get(reading.commitment)
            refusal = self._refusal(reading, meter, sender, now)
            if refusal is not None or meter is None:
                outcomes.append(_rejected(index, *(refusal or UNKNOWN)))
                continue
            outcome = _against(index, reading, there.get((meter.id, reading.start)), now)
            outcomes.append(outcome)
            if outcome.status not in (Status.DUPLICATE, Status.REJECTED):
                values = Held(reading.imported, reading.exported, reading.sequence, now)
                kept.append(Kept(meter, reading.start, values, there.get((meter.id, reading.start))))
                there[meter.id, reading.start] = values
        keep(connection, kept)
        return outcomes

    def _refusal(
        self, reading: SignedReading, meter: MeterRecord | None, sender: bytes | None, now: int
    ) -> tuple[Reason, str] | None:
        """Why a reading can't be taken, whatever else is there."""
        end = reading.start + reading.length
        if meter is None:
            return UNKNOWN
        if sender is not None and reading.commitment != sender:
            return Reason.WRONG_SENDER, "this way only readings of one other meter come"
        if not reading.is_signed_by(meter.signing_key):
            return Reason.BAD_SIGNATURE, "the signature is not the meter's"
        if reading.length != meter.interval or reading.start % meter.interval:
            return Reason.WRONG_INTERVAL, f"the meter's intervals have {meter.interval} s, from full ones on"
        if max(reading.imported, reading.exported) > meter.capacity:
            return Reason.ABOVE_CAPACITY, f"the meter counts at most {meter.capacity} Wh an interval"
        if end > now + CLOCK_SKEW:
            return Reason.IN_FUTURE, "the interval is not over: check the meter's clock"
        if end < now - self._window:
            return Reason.TOO_LATE, f"readings come at most {self._window} s after their interval"
        if reading.start < meter.erased_before:
            return Reason.ERASED, "the owner had the readings of that time erased"
        return None


UNKNOWN = (Reason.UNKNOWN_METER, "no such meter is registered here")


def _against(index: int, reading: SignedReading, there: Held | None, now: int) -> Outcome:
    """What becomes of a valid reading where another one may stand already."""
    if there is None:
        late = reading.start + reading.length < now - LATE_AFTER
        return Outcome(index, Status.LATE if late else Status.ACCEPTED)
    if reading.sequence > there.sequence:
        return Outcome(index, Status.CORRECTED)
    if reading.sequence < there.sequence:
        return _rejected(index, Reason.SUPERSEDED, f"the reading with sequence number {there.sequence} holds")
    if (reading.imported, reading.exported) == (there.imported, there.exported):
        return Outcome(index, Status.DUPLICATE)
    return _rejected(index, Reason.CONFLICT, "another reading has this sequence number: correct it with a higher one")


def _rejected(index: int, reason: Reason, detail: str) -> Outcome:
    return Outcome(index, Status.REJECTED, reason, detail)
