"""Everything that is kept of somebody's meters: handed out, or erased."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table, delete, select, tuple_, update

from offchain.history import tables
from offchain.history.database import Database

ROWS_AT_ONCE = 5_000


@dataclass(frozen=True)
class Erased:
    """How many rows were erased, and from when on readings are taken again (Unix time)."""

    readings: int
    earlier_readings: int
    taken_from: int


def kept_of(database: Database, meters: Sequence[int]) -> Iterator[dict[str, str | int]]:
    """All that is kept of meters, by their ids: of each its row of `meters`, its readings and its earlier readings, in
    the order of time. `table` says which; bytes are hexadecimal. Raises HistoryError.

    No connection is held between pages, however slow the reader.
    """
    for meter in meters:
        query = select(tables.meters).where(tables.meters.c.id == meter)
        with database.read() as connection:
            row = connection.execute(query).one()
        name = row.commitment.hex()
        yield {"table": "meters", "meter": name, **_plain(row, ("id", "commitment"))}
        for table in (tables.readings, tables.earlier_readings):
            for row in _pages(database, table, meter):
                yield {"table": table.name, "meter": name, **_plain(row, ("meter",))}


def _pages(database: Database, table: Table, meter: int) -> Iterator[Row[Any]]:
    """The rows of a meter, in the order of their key."""
    key = [column for column in table.primary_key.columns if column.name != "meter"]
    query = select(table).where(table.c.meter == meter).order_by(*key).limit(ROWS_AT_ONCE)
    page = query
    while True:
        with database.read() as connection:
            rows = connection.execute(page).all()
        yield from rows
        if len(rows) < ROWS_AT_ONCE:
            return
        last = tuple(rows[-1]._mapping[column.name] for column in key)
        page = query.where(tuple_(*key) > last)


def erase(database: Database, meters: Sequence[int]) -> Erased:
    """Erases the readings of meters, also the earlier ones, and takes none of that time again. What microgrids counted
    in sum stays: it says nothing of one among many. Raises HistoryError."""
    now = int(time.time())
    mine = tables.meters.c.id.in_(meters)
    with database.write() as connection:
        connection.execute(select(tables.meters.c.id).where(mine).order_by(tables.meters.c.id).with_for_update())
        connection.execute(update(tables.meters).where(mine).values(erased_before=now))

        def gone(table: Table) -> int:
            return connection.execute(delete(table).where(table.c.meter.in_(meters))).rowcount

        return Erased(gone(tables.readings), gone(tables.earlier_readings), now)


def _plain(row: Row[Any], left_out: Sequence[str]) -> dict[str, str | int]:
    return {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in row._mapping.items()
        if name not in left_out
    }
