"""Readings in a CSV file: a column of times and one of kWh a household, checked, as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from offchain.errors import UserError

TIME_COLUMN = "reading_datetime"
MOST_KWH = 1_000
# A time of day, then perhaps an offset from UTC. A date alone has neither.
TIME_AND_OFFSET = r"^(?P<wall>.*\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(?P<offset>[zZ]|[+-]\d\d(?::?\d\d)?)$"


class DataError(UserError):
    """Says in one line which row or column of a file can't be used."""


@dataclass(frozen=True)
class ReadingsFile:
    """The rows of a file in its own order: `wall` the times that clocks showed, `offset` their difference from UTC
    (missing where the file gives none), `kwh` a column a household, missing where the file has a gap."""

    path: Path
    raw: pd.DataFrame
    wall: pd.Series[pd.Timestamp]
    offset: pd.Series[pd.Timedelta]
    kwh: pd.DataFrame

    def refuse(self, column: str, wrong: ArrayLike, why: str) -> None:
        """Raises DataError that names the first wrong row, if there is one."""
        rows = np.flatnonzero(wrong)
        if len(rows):
            row = int(rows[0])
            raise DataError(f"{self.path.name}: row {row + 2}, column {column}: {self.raw[column].iloc[row]!r} {why}")


def read_file(path: Path) -> ReadingsFile:
    """A CSV file (also gzipped) with the column `reading_datetime` and one column of kWh a household.

    Raises DataError for anything that can't be used, with row and column.
    """
    try:
        raw = pd.read_csv(path, dtype=str)
    except (OSError, EOFError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{path}: can't be read as CSV ({' '.join(str(error).split())})") from error
    if TIME_COLUMN not in raw.columns or len(raw.columns) < 2:
        raise DataError(f"{path.name}: needs a column {TIME_COLUMN} and one column a household")
    if raw.empty:
        raise DataError(f"{path.name}: has no rows")
    wall, offset = _times(raw[TIME_COLUMN])
    columns = {str(name): pd.to_numeric(raw[name], errors="coerce") for name in raw.columns.drop(TIME_COLUMN)}
    file = ReadingsFile(path, raw, wall, offset, pd.DataFrame(columns))
    file.refuse(TIME_COLUMN, wall.isna(), "is no time")
    file.refuse(TIME_COLUMN, offset.isna() & offset.notna().any(), "has no offset from UTC, other rows have")
    file.refuse(TIME_COLUMN, offset.abs() > pd.Timedelta(hours=15), "is no time")
    for name, numbers in columns.items():
        file.refuse(name, numbers.isna() & raw[name].notna(), "is no number")
        file.refuse(name, ~numbers.fillna(0).between(0, MOST_KWH), f"is not between 0 and {MOST_KWH:,} kWh")
    return file


def _times(written: pd.Series[str]) -> tuple[pd.Series[pd.Timestamp], pd.Series[pd.Timedelta]]:
    """What clocks showed, and the offset from UTC where one is written; missing where it is no time."""
    parts = written.str.extract(TIME_AND_OFFSET)
    wall = pd.to_datetime(parts["wall"].fillna(written), format="ISO8601", errors="coerce")
    digits = parts["offset"].str.upper().replace("Z", "+00").str.replace(":", "").str.pad(5, "right", "0")
    minutes = digits.str[1:3].astype(float) * 60 + digits.str[3:5].astype(float)
    signed = minutes.where(digits.str[0] != "-", -minutes)
    return wall, pd.Series(pd.to_timedelta(signed, unit="min"), index=written.index)
