"""An epoch's readings in a CSV file, a row a meter: commitment (hexadecimal), exported and imported (Wh)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from offchain.metering.readings_tree import Reading
from offchain.metering.source import Epoch, SourceError

COLUMNS = ("commitment", "exported", "imported")


def read(place: str, epoch: Epoch) -> Iterator[Reading]:
    """The readings of a file. Raises SourceError, which names the row."""
    path = Path(place)
    try:
        with path.open(newline="") as file:
            rows = csv.DictReader(file)
            if not set(COLUMNS) <= set(rows.fieldnames or ()):
                raise SourceError(f"{path.name} needs the columns {', '.join(COLUMNS)}")
            for row in rows:
                try:
                    numbers = [int(row[column] or "", 16 if column == "commitment" else 10) for column in COLUMNS]
                except ValueError:
                    raise SourceError(f"{path.name}: row {rows.line_num} is no reading") from None
                yield Reading(*numbers)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path} can't be read: {error}") from error


def write(path: Path, readings: Iterable[Reading]) -> None:
    """Makes a new file of readings. Raises SourceError, also if there is a file."""
    try:
        with path.open("x", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(COLUMNS)
            rows.writerows((f"{reading.commitment:#066x}", reading.exported, reading.imported) for reading in readings)
    except OSError as error:
        raise SourceError(f"{path} can't be written: {error.strerror}") from error
