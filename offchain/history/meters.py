"""The meters that may send readings."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nacl.bindings import crypto_core_ed25519_is_valid_point
from sqlalchemy import Connection, Row, insert, select, update

from offchain.errors import UserError
from offchain.history import tables
from offchain.history.database import Database
from offchain.metering.readings_tree import READING_LIMIT
from offchain.metering.signed_reading import LONGEST

NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


class MeterError(UserError):
    """Says in one line why a meter can't be used."""


@dataclass(frozen=True)
class MeterRecord:
    """A meter that may send readings: capacity in Wh an interval, the interval in seconds, `id` the database's own.
    Nothing that starts before `erased_before` (Unix time) is taken."""

    id: int
    commitment: bytes
    signing_key: bytes = field(repr=False)
    microgrid: str
    capacity: int
    interval: int
    erased_before: int


def add_meter(
    database: Database, commitment: bytes, signing_key: bytes, microgrid: str, capacity: int, interval: int = 900
) -> bool:
    """Adds a meter, or gives it another key, capacity or interval; returns whether it is new. A meter stays in the
    microgrid it was added to. Raises MeterError, HistoryError."""
    _check(signing_key, microgrid, capacity, interval)
    values = {"signing_key": signing_key, "capacity": capacity, "interval": interval}
    with database.write() as connection:
        known = next(iter(find_meters(connection, [commitment]).values()), None)
        if known is None:
            rest = {"microgrid": microgrid, "added": int(time.time()), "erased_before": 0}
            connection.execute(insert(tables.meters), {"commitment": commitment, **values, **rest})
            return True
        if known.microgrid != microgrid:
            raise MeterError(f"the meter is one of {known.microgrid}, where its readings count: it can't move")
        if known.interval != interval:
            raise MeterError(f"the meter has intervals of {known.interval} s, as its readings have")
        connection.execute(update(tables.meters).where(tables.meters.c.id == known.id).values(values))
        return False


def _check(signing_key: bytes, microgrid: str, capacity: int, interval: int) -> None:
    if len(signing_key) != 32 or not crypto_core_ed25519_is_valid_point(signing_key):
        raise MeterError("the signing key is no Ed25519 public key")
    if not NAME.fullmatch(microgrid):
        raise MeterError("a microgrid's name has 1 to 32 letters, digits, _ and -")
    if not 0 < capacity < READING_LIMIT:
        raise MeterError(f"the capacity must be more than 0 and below {READING_LIMIT} Wh")
    if interval < 60 or interval > LONGEST or LONGEST % interval or interval % 60:
        raise MeterError("an interval is whole minutes, and a day is whole intervals")


def find_meters(
    connection: Connection, commitments: Iterable[bytes], *, lock: bool = False
) -> dict[bytes, MeterRecord]:
    """The meters with these commitments, by commitment. With `lock` nobody else writes their readings until the
    transaction ends; locks are taken in one order, so that nobody waits in a circle."""
    query = select(tables.meters).where(tables.meters.c.commitment.in_(sorted(set(commitments))))
    query = query.order_by(tables.meters.c.id)
    rows = connection.execute(query.with_for_update() if lock else query)
    return {row.commitment: _record(row) for row in rows}


def meters_by_id(database: Database, ids: Sequence[int]) -> list[MeterRecord]:
    """The meters with these ids, in their order. Raises HistoryError."""
    query = select(tables.meters).where(tables.meters.c.id.in_(ids)).order_by(tables.meters.c.id)
    with database.read() as connection:
        return [_record(row) for row in connection.execute(query)]


def all_meters(database: Database) -> list[MeterRecord]:
    """Every meter, in the order in which they were added."""
    with database.read() as connection:
        return [_record(row) for row in connection.execute(select(tables.meters).order_by(tables.meters.c.id))]


def _record(row: Row[tuple[object, ...]]) -> MeterRecord:
    values = {name: row._mapping[name] for name in MeterRecord.__dataclass_fields__}
    return MeterRecord(**values)
