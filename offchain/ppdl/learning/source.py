"""Readings of a file, whichever it is: a CSV file, or the readings database."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from offchain.metering.readings_file import DataError
from offchain.ppdl.learning.database import read_database
from offchain.ppdl.learning.readings import Readings, read_csv

SQLITE = b"SQLite format 3\0"


class Source(Enum):
    """What a file of readings is, by its content."""

    CSV = "CSV file"
    DATABASE = "readings database"

    @classmethod
    def of(cls, path: Path) -> Source:
        """Raises DataError if the file can't be read."""
        try:
            with path.open("rb") as file:
                return cls.DATABASE if file.read(len(SQLITE)) == SQLITE else cls.CSV
        except OSError as error:
            raise DataError(f"{path}: can't be read ({error.strerror})") from error


def read(path: Path, zone: str | None = None) -> Readings:
    """Readings, summed to hours; `zone` as `read_csv` and `read_database` take it. Raises DataError for anything that
    can't be used."""
    return read_database(path, zone) if Source.of(path) is Source.DATABASE else read_csv(path, zone)
