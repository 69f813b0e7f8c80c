"""Hourly readings of households: from a CSV file, the readings database, or made up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta, timezone, tzinfo
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from offchain.metering.profiles import weekly_consumption
from offchain.metering.readings_file import TIME_COLUMN, DataError, ReadingsFile, read_file

HOUR = pd.Timedelta(hours=1)
STEPS = (15, 20, 30, 60)  # minutes
MOST_HOURS = 24 * 366 * 30
BUNDLED_START = date(2026, 1, 5)  # a Monday
BUNDLED_SEED = 950327
PRESENT, ZEROS = 0.93, 0.40


@dataclass(frozen=True)
class Readings:
    """`kwh` has shape (hours, households), NaN where a reading is missing; row i is the hour that begins at
    `hours[i]`. Hours follow each other without gaps; they are in the homes' time zone, or without one as their clocks
    showed them."""

    households: list[str]
    hours: pd.DatetimeIndex
    kwh: NDArray[np.float64]

    def between(self, start: date | None, end: date | None) -> Readings:
        """The hours from the start's midnight until before the end's."""
        kept = np.ones(len(self.hours), bool)
        if start:
            kept &= np.asarray(self.hours >= pd.Timestamp(start, tz=self.hours.tz))
        if end:
            kept &= np.asarray(self.hours < pd.Timestamp(end, tz=self.hours.tz))
        if not kept.any():
            raise DataError(f"no readings from {start or 'the beginning'} to {end or 'the end'}")
        return Readings(self.households, self.hours[kept], self.kwh[kept])

    def usable(self, present: float = PRESENT, zeros: float = ZEROS) -> Readings:
        """The households that have at least this share of the hours, and fewer zeros than that share of them."""
        there = ~np.isnan(self.kwh)
        counted = there.sum(axis=0)
        zero = (self.kwh == 0).sum(axis=0) / np.maximum(counted, 1)
        return self.of(np.flatnonzero((counted / len(self.kwh) >= present) & (zero < zeros)))

    def of_home(self, home: str) -> Readings:
        """Of one home. Raises DataError if there is none of that name."""
        if home not in self.households:
            raise DataError(f"there is no household {home!r}: there are {', '.join(self.households[:5])} ..")
        return self.of(np.array([self.households.index(home)]))

    def of(self, columns: NDArray[np.int64]) -> Readings:
        """Some of the households."""
        if not len(columns):
            raise DataError("no household has enough readings")
        return Readings([self.households[column] for column in columns], self.hours, self.kwh[:, columns])


def bundled(households: int, weeks: int = 12) -> Readings:
    """Made-up homes, the same in every run."""
    kwh = weekly_consumption(np.random.default_rng(BUNDLED_SEED), households, weeks)
    names = [f"home-{number:02}" for number in range(1, households + 1)]
    return Readings(names, pd.date_range(BUNDLED_START, periods=len(kwh), freq="h"), kwh)


def read_csv(path: Path, zone: str | None = None) -> Readings:
    """Readings of a CSV file (see `offchain.metering.readings_file`) of any step from 15 minutes to an hour, summed to
    hours; an hour that lacks a part is missing. Times with an offset from UTC are exact, and clocks are those of `zone`
    or of the first row's offset. Times without one are clocks in `zone`, or without it are taken as they stand.

    Raises DataError for anything that can't be used, with row and column.
    """
    file = read_file(path)
    times = _times(file, zone_of(zone))
    file.refuse(TIME_COLUMN, times.duplicated(), "stands there twice")
    return hourly(file.kwh.set_axis(times), path.name, partial(file.refuse, TIME_COLUMN))


def zone_of(name: str | None) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise DataError(f"{name!r} is no time zone; one is Australia/Sydney") from error


def _times(file: ReadingsFile, zone: tzinfo | None) -> pd.DatetimeIndex:
    """When each row's reading began, in the homes' zone if it is known."""
    if file.offset.notna().all():
        utc = pd.DatetimeIndex(file.wall - file.offset).tz_localize("UTC")
        return utc.tz_convert(zone or timezone(file.offset.iloc[0].to_pytimedelta()))
    wall = pd.DatetimeIndex(file.wall)
    if zone is None:
        return wall
    # When clocks go back, an hour is shown twice: its first row is summer time, its second is not.
    first = ~wall.duplicated()
    times = wall.tz_localize(zone, ambiguous=first, nonexistent="NaT")
    file.refuse(TIME_COLUMN, times.isna(), f"is no time that clocks in {zone} showed")
    return times


def hourly(table: pd.DataFrame, name: str, refuse: Callable[[ArrayLike, str], None]) -> Readings:
    """Sums of the parts of each hour, on hours without gaps, of a table with a row a time and a column a household.

    The step is the smallest difference of times. `refuse` raises if a row is wrong.
    """
    times = pd.DatetimeIndex(table.index)
    utc = times.tz_convert("UTC") if times.tz else times
    # Clocks of some zones differ from UTC by half an hour: their hours begin at half past.
    shift = (times[0].utcoffset() or timedelta()) % HOUR
    gap = pd.Series(utc.sort_values()).diff().min()
    step = max((known for known in STEPS if not gap < pd.Timedelta(minutes=known)), default=STEPS[0])
    off = utc + shift != (utc + shift).floor(f"{step}min")
    refuse(off, f"is not on a step of {step} minutes")
    sums = table.groupby((utc + shift).floor("h") - shift).sum(min_count=60 // step)
    if (sums.index[-1] - sums.index[0]) / HOUR > MOST_HOURS:
        raise DataError(f"{name}: readings from {sums.index[0]:%Y} to {sums.index[-1]:%Y} are more than 30 years")
    whole = sums.reindex(pd.date_range(sums.index[0], sums.index[-1], freq="h"))
    hours = pd.DatetimeIndex(whole.index)
    return Readings(
        [str(column) for column in whole.columns],
        hours.tz_convert(times.tz) if times.tz else hours,
        whole.to_numpy(np.float64),
    )
