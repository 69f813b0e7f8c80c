"""Readings as they are kept: what holds, what held before, and the sums of microgrids."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from offchain.history.meters import MeterRecord
from offchain.history.tables import earlier_readings, microgrid_energy, readings


@dataclass(frozen=True)
class Held:
    """The values of a reading, in Wh, and when they were received (Unix time)."""

    imported: int
    exported: int
    sequence: int
    received: int


@dataclass(frozen=True)
class Kept:
    """A reading to keep, and the one it replaces."""

    meter: MeterRecord
    start: int
    new: Held
    old: Held | None


def held(connection: Connection, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Held]:
    """The readings that hold of some pairs of meter and start; pairs without one are left out."""
    wanted = set(keys)
    by_meter, by_start = _grouped(wanted), _grouped((start, meter) for meter, start in wanted)
    # Searched by the key: SQLite reads the whole table for pairs. A batch has few meters or few times.
    one, several, groups = readings.c.start, readings.c.meter, by_start
    if len(by_meter) < len(by_start):
        one, several, groups = several, one, by_meter
    found: dict[tuple[int, int], Held] = {}
    for value, values in groups.items():
        for row in connection.execute(select(readings).where(one == value, several.in_(values))):
            found[row.meter, row.start] = Held(row.imported, row.exported, row.sequence, row.received)
    return found


def _grouped(pairs: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for first, second in sorted(pairs):
        groups[first].append(second)
    return groups


def keep(connection: Connection, kept: Sequence[Kept]) -> None:
    """Keeps readings and moves the sums of their microgrids. The meters must be locked; of an interval that stands
    there twice, each replaces the one before."""
    replaced = [
        {"meter": item.meter.id, "start": item.start, **vars(item.old), "replaced": item.new.received}
        for item in kept
        if item.old is not None
    ]
    latest = {(item.meter.id, item.start): {**vars(item.new)} for item in kept}
    rows = [{"meter": meter, "start": start, **values} for (meter, start), values in latest.items()]
    if replaced:
        connection.execute(insert(earlier_readings), replaced)
    if rows:
        _put(connection, readings, rows, add=False)
        _put(connection, microgrid_energy, _changes(kept), add=True)


def _changes(kept: Iterable[Kept]) -> list[dict[str, str | int]]:
    """By how much the sums move, in the order of their keys: so no two transactions wait for each other."""
    sums: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for item in kept:
        total = sums[item.meter.microgrid, item.start]
        total["imported"] += item.new.imported - (item.old.imported if item.old else 0)
        total["exported"] += item.new.exported - (item.old.exported if item.old else 0)
        total["meters"] += item.old is None
    names = ("imported", "exported", "meters")
    return [
        {"microgrid": microgrid, "start": start, **{name: total[name] for name in names}}
        for (microgrid, start), total in sorted(sums.items())
    ]


def _put(connection: Connection, table: Table, rows: list[dict[str, str | int]], *, add: bool) -> None:
    """Inserts rows; where one stands with that key, its other columns become the new values, or the sum of both."""
    chosen = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    statement = chosen(table)
    others = [column.name for column in table.columns if not column.primary_key]
    new = {name: table.c[name] + statement.excluded[name] if add else statement.excluded[name] for name in others}
    keys = list(table.primary_key.columns)
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=new), rows)
