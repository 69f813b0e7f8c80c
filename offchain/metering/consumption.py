"""One day of hourly household consumption: from a CSV file, or from a bundled generator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from offchain.metering.profiles import daily_shape
from offchain.metering.readings_file import TIME_COLUMN, DataError, read_file

HOURS = 24
BUNDLED_DAY = date(2026, 5, 15)
BUNDLED_SEED = 950327


@dataclass(frozen=True)
class ConsumptionDay:
    """Consumption of a day: `kwh` has shape (24, households), an hour a row, in kWh."""

    day: date
    households: list[str]
    kwh: NDArray[np.float64]


def bundled_day(households: int) -> ConsumptionDay:
    """A made-up but plausible day, the same in every run: a base load, a morning and an evening peak, cooking and a
    midday share for those at home, each home with its own size and habits. About 9 kWh a home."""
    random = np.random.default_rng(BUNDLED_SEED)
    kwh = daily_shape(random, households) * random.lognormal(0.0, 0.25, (HOURS, households))
    names = [f"home-{number:02}" for number in range(1, households + 1)]
    return ConsumptionDay(BUNDLED_DAY, names, kwh.round(3))


def read_day(path: Path, day: date | None, most: int) -> ConsumptionDay:
    """A day of the first `most` households that are complete on it, from a CSV file (see `readings_file`) with a row an
    hour. Without a day: the first with the most complete households.

    Raises DataError for anything that can't be used, with row and column.
    """
    file = read_file(path)
    file.refuse(TIME_COLUMN, file.wall.duplicated(), "stands there twice")
    file.refuse(TIME_COLUMN, file.wall != file.wall.dt.floor("h"), "is not on the hour")
    table = file.kwh.set_axis(pd.DatetimeIndex(file.wall)).sort_index()
    days = pd.DatetimeIndex(table.index).normalize()
    complete = (table.notna().groupby(days).sum() == HOURS).sum(axis="columns")
    chosen = pd.Timestamp(day) if day else pd.Timestamp(complete.index[int(complete.to_numpy().argmax())])
    if chosen.year < 1970:
        raise DataError(f"{path.name}: {chosen:%Y-%m-%d} is before 1970, where a chain's time begins")
    if chosen not in complete.index or complete[chosen] == 0:
        raise DataError(f"{path.name}: no household has all {HOURS} hours of {chosen:%Y-%m-%d}")
    rows = table[days == chosen].dropna(axis="columns").iloc[:, :most]
    return ConsumptionDay(chosen.date(), [str(name) for name in rows.columns], rows.to_numpy(np.float64))
