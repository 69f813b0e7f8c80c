"""The readings database: one SQLite file that meters' readings are collected in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from offchain.metering.readings_file import MOST_KWH, DataError
from offchain.ppdl.learning.readings import Readings, hourly, zone_of

LAST_START = 1 << 33  # the year 2242
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS readings (
    household TEXT NOT NULL,
    start_utc INTEGER NOT NULL,                                    -- seconds since 1970
    kwh REAL NOT NULL CHECK (kwh BETWEEN 0 AND {MOST_KWH}),
    PRIMARY KEY (household, start_utc)
) WITHOUT ROWID;
"""


def add_readings(path: Path, rows: Iterable[tuple[str, int, float]]) -> None:
    """Adds rows of household, start in seconds since 1970, kWh, all or none; a later one for the same start replaces
    the earlier. Raises DataError if the file or a row can't be used."""
    try:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executescript(SCHEMA)
            connection.executemany("INSERT OR REPLACE INTO readings VALUES (?, ?, ?)", rows)
    except sqlite3.Error as error:
        raise DataError(f"{path}: the readings can't be written ({error})") from error


def read_database(path: Path, zone: str | None = None) -> Readings:
    """All readings, summed to hours, clocks in `zone` or in UTC. Raises DataError if the file can't be used,
    with household, time and column."""
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT household, start_utc, kwh FROM readings").fetchall()
    except sqlite3.Error as error:
        raise DataError(f"{path}: can't be read as a readings database ({error})") from error
    if not rows:
        raise DataError(f"{path.name}: has no readings")
    for household, start, kwh in rows:
        _check(path, household, start, kwh)
    table = pd.DataFrame(rows, columns=["household", "start", "kwh"])
    twice = table.duplicated(["household", "start"])
    if twice.any():
        household, start, _ = rows[int(np.flatnonzero(twice)[0])]
        raise DataError(f"{path.name}: household {household}, start_utc {start}: stands there twice")
    table = table.pivot(index="start", columns="household", values="kwh")
    times = pd.DatetimeIndex(pd.to_datetime(table.index, unit="s", utc=True)).tz_convert(zone_of(zone) or "UTC")
    return hourly(table.set_axis(times), path.name, lambda wrong, why: _refuse(path, times, wrong, why))


def _check(path: Path, household: object, start: object, kwh: object) -> None:
    """Raises DataError for a row that another program wrote, without the checks of our table."""
    place = f"{path.name}: household {household}, start_utc {start}"
    if not isinstance(household, str):
        raise DataError(f"{place}, column household: {household!r} is no name")
    if not isinstance(start, int) or not 0 <= start <= LAST_START:
        raise DataError(f"{place}, column start_utc: {start!r} is no time in seconds since 1970")
    if not isinstance(kwh, int | float):
        raise DataError(f"{place}, column kwh: {kwh!r} is no number")
    if not 0 <= kwh <= MOST_KWH:
        raise DataError(f"{place}, column kwh: {kwh!r} is not between 0 and {MOST_KWH:,} kWh")


def _refuse(path: Path, times: pd.DatetimeIndex, wrong: ArrayLike, why: str) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        raise DataError(f"{path.name}: the reading of {times[int(rows[0])]} {why}")
