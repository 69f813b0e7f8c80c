"""Energy over time: of meters by hour, day or month, and of a whole microgrid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, func, select

from offchain.history.database import Database
from offchain.history.tables import meters, microgrid_energy, readings


class Period(StrEnum):
    """What readings are added up over; `interval` leaves them as they are."""

    INTERVAL = "interval"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True)
class Energy:
    """Energy from `start` (Unix time) on, in Wh, out of so many readings."""

    start: int
    imported: int
    exported: int
    readings: int


def meters_energy(
    database: Database, ids: Sequence[int], since: int, until: int, period: Period, zone: ZoneInfo
) -> list[Energy]:
    """What meters, by their ids, counted together in intervals that begin from `since` on and before `until`.

    Hours, days and months are those of the zone's clocks; periods without a reading are left out. Raises HistoryError.
    """
    query = (
        select(readings.c.start, func.sum(readings.c.imported), func.sum(readings.c.exported), func.count())
        .where(readings.c.meter.in_(ids), readings.c.start >= since, readings.c.start < until)
        .group_by(readings.c.start)
        .order_by(readings.c.start)
    )
    with database.read() as connection:
        rows = np.array([[int(value) for value in row] for row in connection.execute(query)], np.int64).reshape(-1, 4)
    if not len(rows):
        return []
    firsts = _firsts(rows[:, 0], period, zone)
    starts, places = np.unique(firsts, return_index=True)
    sums = np.add.reduceat(rows[:, 1:], places)
    return [Energy(int(start), *map(int, values)) for start, values in zip(starts, sums, strict=True)]


def last_reading(database: Database, ids: Sequence[int]) -> int | None:
    """When the last interval began that any of the meters sent, None if they sent none. Raises HistoryError."""
    of_each = [select(func.max(readings.c.start)).where(readings.c.meter == meter) for meter in ids]
    with database.read() as connection:
        found = [connection.scalar(query) for query in of_each]
    return max((start for start in found if start is not None), default=None)


def microgrid_sums(database: Database, microgrid: str, since: int, until: int) -> list[Energy]:
    """What a microgrid's meters counted together in each interval. Raises HistoryError."""
    table = microgrid_energy
    query = (
        select(table.c.start, table.c.imported, table.c.exported, table.c.meters)
        .where(table.c.microgrid == microgrid, table.c.start >= since, table.c.start < until)
        .order_by(table.c.start)
    )
    with database.read() as connection:
        return [Energy(*row) for row in connection.execute(query)]


@dataclass(frozen=True)
class EpochReadings:
    """What a microgrid's meters sent of an epoch: commitment, imported and exported Wh of each that sent all of it; the
    commitments of the others."""

    readings: list[tuple[bytes, int, int]]
    missing: list[bytes]


def epoch_readings(database: Database, microgrid: str, start: int, length: int) -> EpochReadings:
    """The readings of an epoch of `length` seconds; shorter intervals are added up. Raises HistoryError."""
    within = and_(readings.c.meter == meters.c.id, readings.c.start >= start, readings.c.start < start + length)
    query = (
        select(meters.c.commitment, meters.c.interval, func.sum(readings.c.imported), func.sum(readings.c.exported))
        .add_columns(func.count(readings.c.start))
        .select_from(meters.outerjoin(readings, within))
        .where(meters.c.microgrid == microgrid)
        .group_by(meters.c.id)
        .order_by(meters.c.commitment)
    )
    found = EpochReadings([], [])
    with database.read() as connection:
        for commitment, interval, imported, exported, number in connection.execute(query):
            if number * interval == length:
                found.readings.append((commitment, int(imported), int(exported)))
            else:
                found.missing.append(commitment)
    return found


def _firsts(times: NDArray[np.int64], period: Period, zone: ZoneInfo) -> NDArray[np.int64]:
    """When the period of each of some ascending times began."""
    if period is Period.INTERVAL:
        return times
    edges = [_beginning(int(times[0]), period, zone)]
    while edges[-1] <= times[-1]:
        edges.append(_next(edges[-1], period, zone))
    bounds = np.array(edges, np.int64)
    firsts: NDArray[np.int64] = bounds[np.searchsorted(bounds, times, "right") - 1]
    return firsts


def _beginning(moment: int, period: Period, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(moment, zone).replace(minute=0, second=0)
    if period is Period.HOUR:
        return int(local.timestamp())
    day = local.replace(hour=0, fold=0)
    return int((day if period is Period.DAY else day.replace(day=1)).timestamp())


def _next(edge: int, period: Period, zone: ZoneInfo) -> int:
    """When the next period begins: an hour is an hour of time, days and months are those of the calendar."""
    if period is Period.HOUR:
        return edge + 3600
    step = timedelta(days=32 if period is Period.MONTH else 1, hours=6)
    return _beginning(int((datetime.fromtimestamp(edge, UTC) + step).timestamp()), period, zone)
