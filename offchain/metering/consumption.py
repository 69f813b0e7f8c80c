"""One day of hourly household consumption: from a CSV file, or from a bundled generator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from offchain.errors import UserError

TIME_COLUMN = "reading_datetime"
HOURS = 24
BUNDLED_DAY = date(2026, 5, 15)
BUNDLED_SEED = 950327


class DataError(UserError):
    """Says in one line which row or column of a file can't be used."""


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
    hours = np.arange(HOURS)[:, None]

    def peak(centre: float, spread: float, width: float) -> NDArray[np.float64]:
        centres = random.normal(centre, spread, households)
        bumps: NDArray[np.float64] = np.exp(-0.5 * ((hours - centres) / width) ** 2)
        return bumps

    base = random.uniform(0.10, 0.25, households)
    morning = random.uniform(0.2, 0.7, households) * peak(7.5, 0.8, 1.2)
    midday = random.uniform(0.0, 0.5, households) * peak(12.5, 1.0, 2.0)
    evening = random.uniform(0.5, 1.3, households) * peak(19.5, 1.0, 2.0)
    noise = random.lognormal(0.0, 0.25, (HOURS, households))
    kwh = (base + morning + midday + evening) * noise
    names = [f"home-{number:02}" for number in range(1, households + 1)]
    return ConsumptionDay(BUNDLED_DAY, names, kwh.round(3))


def read_day(path: Path, day: date | None, most: int) -> ConsumptionDay:
    """A day of the first `most` households that are complete on it, from a CSV file (also gzipped) with the column
    `reading_datetime` and one column of kWh a household. Without a day: the first with the most complete households.

    Raises DataError for anything that can't be used, with row and column.
    """
    table, days = _read(path)
    complete = (table.notna().groupby(days).sum() == HOURS).sum(axis="columns")
    chosen = pd.Timestamp(day) if day else pd.Timestamp(complete.index[int(complete.to_numpy().argmax())])
    if chosen.year < 1970:
        raise DataError(f"{path.name}: {chosen:%Y-%m-%d} is before 1970, where a chain's time begins")
    if chosen not in complete.index or complete[chosen] == 0:
        raise DataError(f"{path.name}: no household has all {HOURS} hours of {chosen:%Y-%m-%d}")
    rows = table[days == chosen].dropna(axis="columns").iloc[:, :most]
    return ConsumptionDay(chosen.date(), [str(name) for name in rows.columns], rows.to_numpy(np.float64))


def _read(path: Path) -> tuple[pd.DataFrame, pd.DatetimeIndex]:
    """The readings by time, and the day of each row."""
    try:
        raw = pd.read_csv(path, dtype=str)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{path}: can't be read as CSV ({' '.join(str(error).split())})") from error
    if TIME_COLUMN not in raw.columns or len(raw.columns) < 2:
        raise DataError(f"{path.name}: needs a column {TIME_COLUMN} and one column a household")
    if raw.empty:
        raise DataError(f"{path.name}: has no rows")
    times = pd.to_datetime(raw[TIME_COLUMN], format="ISO8601", errors="coerce")
    _refuse(path, TIME_COLUMN, raw[TIME_COLUMN], times.isna(), "is no time")
    _refuse(path, TIME_COLUMN, raw[TIME_COLUMN], times.duplicated(), "stands there twice")
    _refuse(path, TIME_COLUMN, raw[TIME_COLUMN], times != times.dt.floor("h"), "is not on the hour")
    columns: dict[str, pd.Series[float]] = {}
    for name in raw.columns.drop(TIME_COLUMN):
        numbers = pd.to_numeric(raw[name], errors="coerce")
        _refuse(path, name, raw[name], numbers.isna() & raw[name].notna(), "is no number")
        _refuse(path, name, raw[name], ~numbers.fillna(0).between(0, 1000), "is not between 0 and 1,000 kWh")
        columns[name] = numbers
    order = pd.DatetimeIndex(times).argsort()
    index = pd.DatetimeIndex(times)[order]
    return pd.DataFrame(columns).iloc[order].set_axis(index), index.normalize()


def _refuse(path: Path, column: str, values: pd.Series[str], wrong: pd.Series[bool], why: str) -> None:
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise DataError(f"{path.name}: row {row + 2}, column {column}: {values.iloc[row]!r} {why}")
