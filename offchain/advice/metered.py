"""A home's hours, as its meters counted them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from offchain.advice.habit import Integers, hours_of_week, means
from offchain.advice.intervals import HOUR, Hours, hours_of
from offchain.advice.usage import NothingReadError, Usage
from offchain.history.database import Database
from offchain.history.energy import Period, meters_energy
from offchain.history.meters import MeterRecord

LATE = 48
"""Hours after which a meter that is silent while others send counts as one that has ended."""


@dataclass(frozen=True)
class Metered:
    """What a home drew and gave in the same hours, out of so many readings. In `filled` hours some lacked: those are as
    the same hours of the week that were read."""

    drawn: Usage
    given: Usage
    readings: int
    filled: int


def metered(database: Database, meters: Sequence[MeterRecord], since: int, until: int, zone: ZoneInfo) -> Metered:
    """What meters counted together from `since` on and before `until` (Unix time), in hours of a zone's clocks that
    were read whole at both ends. Before a meter's first hour and after its last it adds nothing. Raises
    NothingReadError without a whole hour, HistoryError."""
    readings, each = 0, []
    for meter in meters:
        rows = meters_energy(database, [meter.id], since, until, Period.INTERVAL, zone)
        columns = [[row.imported for row in rows], [row.exported for row in rows]]
        hours = hours_of([row.start for row in rows], meter.interval, columns, zone).trimmed() if rows else None
        if hours is not None and len(hours.wh):
            readings += len(rows)
            each.append(hours)
    if not each:
        raise NothingReadError("nothing was read in that time")
    wh, filled = _together(each, zone)
    began = datetime.fromtimestamp(min(one.start for one in each), zone)
    return Metered(Usage(began, wh[:, 0]), Usage(began, wh[:, 1]), readings, filled)


def _together(each: list[Hours], zone: ZoneInfo) -> tuple[Integers, int]:
    """The sums [hours, 2] of all meters, and in how many hours something lacked."""
    newest, start = max(one.end for one in each), min(one.start for one in each)
    end = min(one.end for one in each if one.end > newest - LATE * HOUR)
    wh, lacking = np.zeros(((end - start) // HOUR, 2), np.int64), np.zeros((end - start) // HOUR, np.bool_)
    for one in each:
        first = (one.start - start) // HOUR
        own = slice(first, min(first + len(one.wh), len(wh)))
        wh[own] += _filled(one, zone)[: own.stop - first]
        lacking[own] |= ~one.whole[: own.stop - first]
    return wh, int(lacking.sum())


def _filled(hours: Hours, zone: ZoneInfo) -> Integers:
    """With the mean of the same hour of the week where readings lack, at least what was read."""
    at = hours_of_week(datetime.fromtimestamp(hours.start, zone), len(hours.wh))
    expected = np.stack([means(column, at, at) for column in hours.known.T], axis=1)
    found: Integers = np.where(hours.whole[:, None], hours.wh, np.maximum(hours.wh, np.rint(expected).astype(np.int64)))
    return found
