"""How quick the history of a microgrid is, as one JSON object.

    .venv/bin/python benchmarks/history.py                            10,000 meters for a week, some minutes
    .venv/bin/python benchmarks/history.py --meters 10000 --days 365  a year: 350 million readings, an hour
    .venv/bin/python benchmarks/history.py --database postgresql://openmg@127.0.0.1/empty

The history is filled day by day, each day meter by meter, with rows as the intake makes them. Then signed readings of
the next interval are taken in batches (`intake`: signatures are checked, each batch is on the disk), and queries are
timed at meters and days chosen at random. Milliseconds are medians.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import click
from nacl.signing import SigningKey
from rich.console import Console
from rich.progress import track
from sqlalchemy import func, insert, literal, select, text

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds its neighbours

from offchain.advice.metered import metered
from offchain.advice.outlook import month_of, outlook
from offchain.advice.tariff import load
from offchain.api.home import PAST
from offchain.history.database import Database
from offchain.history.energy import Period, meters_energy, microgrid_sums
from offchain.history.intake import MOST_AT_ONCE, Intake, Status
from offchain.history.meters import meters_by_id
from offchain.history.tables import meters, microgrid_energy, readings
from offchain.metering.signed_reading import sign

INTERVAL, DAY, MONTH = 900, 86_400, 30 * 86_400
FIRST = 1_767_225_600
KEY = SigningKey(b"\1" * 32)
QUERIES = 50
CONSOLE = Console(stderr=True)
ZONE = ZoneInfo("Asia/Seoul")
TARIFF = load("kepco_residential_low")


@click.command()
@click.option("--meters", "number", type=click.IntRange(1, 100_000), default=10_000, show_default=True)
@click.option("--days", type=click.IntRange(1, 3_660), default=7, show_default=True)
@click.option("--database", "url", help="An empty database.  [default: a SQLite file that is removed at the end]")
def main(number: int, days: int, url: str | None) -> None:
    """Fills a history and measures it."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(url or f"sqlite:///{folder}/history.db")
        with database.read() as connection:
            if connection.scalar(select(func.count()).select_from(meters)):
                raise click.ClickException(f"{database.place} is not empty: give one that may be filled")
        seconds = filled(database, number, days)
        rows = number * days * 96
        content = {
            "database": database.dialect,
            "meters": number,
            "days": days,
            "readings": rows,
            "filled_per_second": round(rows / seconds),
            "bytes_per_reading": round(size(database) / rows, 1),
            "intake_per_second": round(taken_per_second(database, number, days)),
            "home_month_by_day_ms": timed(lambda: home(database, number, days, Period.DAY)),
            "home_day_by_interval_ms": timed(lambda: home(database, number, days, Period.INTERVAL)),
            "home_bill_ms": timed(lambda: bill_of(database, number, days)),
            "grid_day_ms": timed(lambda: grid(database, days)),
            "grid_day_from_readings_ms": timed(lambda: grid_from_readings(database, days), 3),
        }
        database.close()
    click.echo(json.dumps(content))


def filled(database: Database, number: int, days: int) -> float:
    """Fills the history; returns the seconds that took."""
    rest = {"signing_key": bytes(KEY.verify_key), "microgrid": "MG1", "capacity": 4000, "interval": INTERVAL}
    added = [{"commitment": meter.to_bytes(32, "big"), **rest, "added": 0, "erased_before": 0} for meter in ids(number)]
    with database.write() as connection:
        connection.execute(insert(meters), added)
    began = time.perf_counter()
    for day in track(range(days), "filling", console=CONSOLE, transient=True):
        fill_day(database, number, range(FIRST + day * DAY, FIRST + (day + 1) * DAY, INTERVAL))
    seconds = time.perf_counter() - began
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))  # as autovacuum does between
    return seconds


def fill_day(database: Database, number: int, starts: range) -> None:
    """Adds a day's sums, and the readings of all meters at the times of these."""
    total = {"imported": sum(meter % 999 for meter in ids(number)), "exported": 7 * number, "meters": number}
    start = microgrid_energy.c.start
    columns = {"meter": meters.c.id, "start": start, "imported": meters.c.id % 999, "exported": literal(7)}
    columns |= {"sequence": literal(1), "received": start}
    day = select(*columns.values()).select_from(meters.join(microgrid_energy, start.between(starts[0], starts[-1])))
    with database.write() as connection:
        connection.execute(insert(microgrid_energy), [{"microgrid": "MG1", "start": one, **total} for one in starts])
        connection.execute(insert(readings).from_select(list(columns), day.order_by(meters.c.id, start)))


def ids(number: int) -> range:
    """What the database calls meters that are added to an empty one."""
    return range(1, number + 1)


SIZE = {
    "postgresql": text("SELECT pg_database_size(current_database())"),
    "sqlite": text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"),
}


def size(database: Database) -> int:
    """Bytes of the database."""
    with database.read() as connection:
        return int(connection.scalar(SIZE[database.dialect]) or 0)


def taken_per_second(database: Database, number: int, days: int) -> float:
    """How many signed readings of the next interval are taken a second."""
    start = FIRST + days * DAY
    sent = [
        sign(KEY, meter.to_bytes(32, "big"), start, INTERVAL, 100, 0).model_dump()
        for meter in random.sample(ids(number), min(number, 10 * MOST_AT_ONCE))
    ]
    intake = Intake(database, DAY, lambda: start + INTERVAL)
    began = time.perf_counter()
    for first in range(0, len(sent), MOST_AT_ONCE):
        outcomes = intake.take(sent[first : first + MOST_AT_ONCE])
        if any(outcome.status is not Status.ACCEPTED for outcome in outcomes):
            raise click.ClickException("a reading was not taken")
    return len(sent) / (time.perf_counter() - began)


def home(database: Database, number: int, days: int, period: Period) -> Any:
    """A home's last days, up to a month, or one day interval by interval."""
    span = min(days * DAY, MONTH) if period is Period.DAY else DAY
    first = FIRST + random.randrange(days * DAY - span + 1) // DAY * DAY
    return meters_energy(database, [random.randrange(number) + 1], first, first + span, period, ZONE)


def bill_of(database: Database, number: int, days: int) -> Any:
    """What a home's month costs so far and at its end, from as much of the past as advice looks at."""
    (meter,) = meters_by_id(database, [random.randrange(number) + 1])
    until = FIRST + days * DAY
    drawn = metered(database, [meter], until - min(days * DAY, PAST), until, ZONE).drawn
    return outlook(TARIFF, drawn, month_of(drawn, TARIFF))


def grid(database: Database, days: int) -> Any:
    """A microgrid's sums of a day."""
    first = FIRST + random.randrange(days) * DAY
    return microgrid_sums(database, "MG1", first, first + DAY)


def grid_from_readings(database: Database, days: int) -> Any:
    """The same out of the readings themselves, for comparison."""
    first = FIRST + random.randrange(days) * DAY
    query = select(readings.c.start, func.sum(readings.c.imported), func.sum(readings.c.exported))
    query = query.where(readings.c.start >= first, readings.c.start < first + DAY).group_by(readings.c.start)
    with database.read() as connection:
        return connection.execute(query).all()


def timed(query: Callable[[], Any], rounds: int = QUERIES) -> float:
    """Milliseconds of a query that finds something: the median."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        if not query():
            raise click.ClickException("a query found nothing")
        found.append(time.perf_counter() - began)
    return round(median(found) * 1000, 2)


if __name__ == "__main__":
    main()
