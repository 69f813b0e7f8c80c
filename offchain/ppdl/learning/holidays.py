"""Public holidays from a file: a date a row, such as 2026-12-25, perhaps with a name after a comma."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from offchain.metering.readings_file import DataError

HEADING = "date"


def read_holidays(path: Path) -> tuple[date, ...]:
    """The days, in order, each once. A heading `date`, empty rows and rows after a # are passed over. Raises DataError
    that names the row that is no date."""
    try:
        rows = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: can't be read as a list of holidays ({error})") from error
    days = set()
    for number, row in enumerate(rows, start=1):
        cell = row.split("#")[0].split(",")[0].strip()
        if not cell or (number == 1 and cell.lower() == HEADING):
            continue
        try:
            days.add(date.fromisoformat(cell))
        except ValueError as error:
            raise DataError(
                f"{path.name}: row {number}, column {HEADING}: {cell!r} is no date; one is 2026-12-25"
            ) from error
    if not days:
        raise DataError(f"{path.name}: has no holidays")
    return tuple(sorted(days))
