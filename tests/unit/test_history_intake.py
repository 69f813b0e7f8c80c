"""Readings come once, twice, late, corrected and wrong: the history is the same whatever way they come."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import event, func, select

from offchain.history.database import Database
from offchain.history.energy import microgrid_sums
from offchain.history.intake import CLOCK_SKEW, LATE_AFTER, Intake, Outcome, Reason, Status
from offchain.history.meters import MeterError, add_meter, all_meters
from offchain.history.own_data import erase
from offchain.history.tables import earlier_readings, readings
from offchain.metering.signed_reading import sign
from tests.history import KINDS, opened
from tests.metered import CAPACITY, INTERVAL, Device

NOW = 1_800_000_000 // INTERVAL * INTERVAL
WINDOW = 72 * 3600
START = NOW - INTERVAL


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty history of either kind with the meters 1 to 3 in MG1."""
    with opened(request.param, tmp_path) as database:
        for number in (1, 2, 3):
            Device(number).added_to(database)
        yield database


def intake(database: Database, now: int = NOW) -> Intake:
    """Takes readings at some time."""
    return Intake(database, WINDOW, lambda: now)


def statuses(outcomes: list[Outcome]) -> list[str]:
    """Status of each reading, or the reason of a rejected one."""
    return [(outcome.reason or outcome.status).value for outcome in outcomes]


def rows(database: Database, table: Any = readings) -> list[tuple[int, ...]]:
    """What a table holds, without when it came."""
    names = ("meter", "start", "sequence", "imported", "exported")
    query = select(*(table.c[name] for name in names)).order_by(*table.primary_key)
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(query)]


def sums(database: Database, start: int = START) -> list[tuple[int, int, int]]:
    """The sums of an interval in MG1."""
    return [(row.imported, row.exported, row.readings) for row in microgrid_sums(database, "MG1", start, start + 1)]


def test_a_reading_comes_once(database: Database) -> None:
    """U3 sent again, in a batch or later, it is a duplicate and changes nothing."""
    content = Device(1).content(START, 100, 7)
    assert statuses(intake(database).take([content, content])) == ["accepted", "duplicate"]
    assert statuses(intake(database, NOW + 9).take([content])) == ["duplicate"]
    assert rows(database) == [(1, START, 1, 100, 7)]
    assert sums(database) == [(100, 7, 1)]
    assert rows(database, earlier_readings) == []


def test_a_correction_replaces(database: Database) -> None:
    """U3 the higher sequence number holds, what it replaced is kept, and sums move by the difference."""
    device, other = Device(1), Device(2)
    assert statuses(intake(database).take([device.content(START, 100, 7), other.content(START, 5)])) == ["accepted"] * 2
    assert statuses(intake(database).take([device.content(START, 60, 0, 3)])) == ["corrected"]
    assert statuses(intake(database).take([device.content(START, 70, 0, 2)])) == ["superseded"]
    assert statuses(intake(database).take([device.content(START, 61, 0, 3)])) == ["conflict"]
    assert rows(database) == [(1, START, 3, 60, 0), (2, START, 1, 5, 0)]
    assert rows(database, earlier_readings) == [(1, START, 1, 100, 7)]
    assert sums(database) == [(65, 0, 2)]


def test_corrections_within_a_batch(database: Database) -> None:
    """U3 a batch is taken in its order, as if each reading had come alone."""
    batch = [Device(1).content(START, 10 * sequence, 0, sequence) for sequence in (1, 3, 2, 5)]
    assert statuses(intake(database).take(batch)) == ["accepted", "corrected", "superseded", "corrected"]
    assert rows(database) == [(1, START, 5, 50, 0)]
    assert rows(database, earlier_readings) == [(1, START, 1, 10, 0), (1, START, 3, 30, 0)]
    assert sums(database) == [(50, 0, 1)]


def test_any_order_gives_the_same_history(database: Database) -> None:
    """U3 batches cut, mixed and repeated at random end in what holds, and sums are those of the readings."""
    random.seed(7)
    sent = [
        Device(number).content(
            START - INTERVAL * back, random.randrange(CAPACITY), random.randrange(CAPACITY), sequence
        )
        for number in (1, 2, 3)
        for back in range(5)
        for sequence in range(1, 4)
    ]
    expected = {(content["meter"], content["start"]): content for content in sent}
    sent += random.sample(sent, 20)
    random.shuffle(sent)
    while sent:
        cut = random.randrange(1, 9)
        outcomes = intake(database).take(sent[:cut])
        assert {outcome.reason for outcome in outcomes} <= {None, Reason.SUPERSEDED}
        sent = sent[cut:]
    found = rows(database)
    assert [(imported, exported) for _, _, _, imported, exported in found] == [
        (content["imported"], content["exported"]) for _, content in sorted(expected.items())
    ]
    for back in range(5):
        start = START - INTERVAL * back
        there = [row for row in found if row[1] == start]
        assert sums(database, start) == [(sum(row[3] for row in there), sum(row[4] for row in there), 3)]


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (NOW + CLOCK_SKEW - CLOCK_SKEW % INTERVAL, "accepted"),
        (NOW + CLOCK_SKEW - CLOCK_SKEW % INTERVAL + INTERVAL, "in_future"),
        (NOW - LATE_AFTER, "accepted"),
        (NOW - LATE_AFTER - INTERVAL, "late"),
        (NOW - WINDOW, "late"),
        (NOW - WINDOW - INTERVAL, "too_late"),
    ],
)
def test_clocks(database: Database, end: int, status: str) -> None:
    """U3 a window is open at its very edge and closed one interval on."""
    assert statuses(intake(database).take([Device(1).content(end - INTERVAL)])) == [status]
    assert len(rows(database)) == (status in ("accepted", "late"))


@pytest.mark.parametrize("ahead", [0, CLOCK_SKEW, CLOCK_SKEW + 1])
def test_a_clock_that_is_ahead(database: Database, ahead: int) -> None:
    """U3 a device's clock may be five minutes ahead, to the second."""
    status = "in_future" if ahead > CLOCK_SKEW else "accepted"
    assert statuses(intake(database, NOW - ahead).take([Device(1).content(START)])) == [status]


def test_each_wrong_reading_is_named(database: Database) -> None:
    """P9 U3 a batch is partly accepted; each of the others has its reason, and changes nothing."""
    right = Device(1).content(START)
    stolen = Device(2).content(START) | {"meter": right["meter"]}
    batch = [
        {"meter": "00"},
        Device(9).content(START),
        stolen,
        Device(1).content(START - 60),
        Device(2).content(START, CAPACITY + 1),
        Device(2).content(START, 0, CAPACITY + 1),
        None,
        right,
        Device(2).content(START, CAPACITY, CAPACITY),
    ]
    assert statuses(intake(database).take(batch)) == [
        "malformed",
        "unknown_meter",
        "bad_signature",
        "wrong_interval",
        "above_capacity",
        "above_capacity",
        "malformed",
        "accepted",
        "accepted",
    ]
    assert rows(database) == [(1, START, 1, 100, 0), (2, START, 1, CAPACITY, CAPACITY)]


def test_a_way_of_one_meter(database: Database) -> None:
    """U3 where a sender is one meter, others' readings don't come that way, however well signed."""
    batch = [Device(1).content(START), Device(2).content(START)]
    assert statuses(intake(database).take(batch, Device(1).commitment)) == ["accepted", "wrong_sender"]


def test_what_was_erased_stays_away(database: Database) -> None:
    """U3 U5 readings of the erased time don't come back, later ones do, and nobody else's are gone."""
    now = int(time.time())
    start = (now // INTERVAL - 1) * INTERVAL
    batch = [Device(1).content(start), Device(1).content(start, 90, 0, 2), Device(2).content(start)]
    intake(database, now).take(batch)
    before = sums(database, start)
    erased = erase(database, [1])
    assert (erased.readings, erased.earlier_readings) == (1, 1)
    assert statuses(intake(database, now).take(batch)) == ["erased", "erased", "duplicate"]
    assert [row[0] for row in rows(database)] == [2]
    assert rows(database, earlier_readings) == []
    assert sums(database, start) == before
    later = start + 3 * INTERVAL
    assert statuses(intake(database, later + INTERVAL).take([Device(1).content(later)])) == ["accepted"]


def test_many_at_once(database: Database) -> None:
    """U3 the same readings from several threads at once are kept once, and counted once in the sums."""
    batches = [
        [Device(number).content(START, 10, 1) for number in order] for order in ((1, 2, 3), (3, 2, 1), (2, 3, 1))
    ]
    found: list[list[str]] = []
    threads = [
        Thread(target=lambda batch=batch: found.append(statuses(intake(database).take(batch)))) for batch in batches * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [status for outcomes in found for status in outcomes]
    assert sorted(everything) == ["accepted"] * 3 + ["duplicate"] * 33
    assert sums(database) == [(30, 3, 3)]


def test_a_large_batch(database: Database) -> None:
    """U3 as many as may come at once, of one meter and many intervals."""
    batch = [Device(1).content(START - INTERVAL * back) for back in range(WINDOW // INTERVAL)]
    assert {outcome.status for outcome in intake(database).take(batch)} == {Status.ACCEPTED, Status.LATE}
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(readings)) == len(batch)


def test_a_meter_gets_another_key(database: Database) -> None:
    """U3 from then on the new device's readings are taken, and the old one's no more."""
    device = Device(1)
    assert not add_meter(database, device.commitment, bytes(Device(7).key.verify_key), "MG1", CAPACITY, INTERVAL)
    assert statuses(intake(database).take([device.content(START)])) == ["bad_signature"]
    new = sign(Device(7).key, device.commitment, START, INTERVAL, 100, 0)
    assert statuses(intake(database).take([new.model_dump()])) == ["accepted"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"signing_key": b"\0" * 31}, "no Ed25519 public key"),
        ({"signing_key": b"\xff" * 32}, "no Ed25519 public key"),
        ({"microgrid": "MG 1"}, "a microgrid's name"),
        ({"microgrid": ""}, "a microgrid's name"),
        ({"microgrid": "MG2"}, "it can't move"),
        ({"capacity": 0}, "the capacity"),
        ({"capacity": 2**32}, "the capacity"),
        ({"interval": 0}, "whole minutes"),
        ({"interval": 7 * 60}, "whole minutes"),
        ({"interval": 60}, "intervals of 900 s"),
    ],
)
def test_wrong_meters(database: Database, changed: dict[str, Any], why: str) -> None:
    """P9 U3 one line, and nothing is changed."""
    device = Device(1)
    right: dict[str, Any] = {
        "signing_key": bytes(device.key.verify_key),
        "microgrid": "MG1",
        "capacity": 5000,
        "interval": INTERVAL,
    }
    before = all_meters(database)
    with pytest.raises(MeterError, match=why):
        add_meter(database, device.commitment, **(right | changed))
    assert all_meters(database) == before


@pytest.mark.parametrize(("meters", "back"), [((1, 2, 3), 1), ((1,), 40)])
def test_what_is_kept_is_found_by_its_key(tmp_path: Path, meters: tuple[int, ...], back: int) -> None:
    """U2 a batch of few times or of few meters reads no table as a whole, however many years stand there."""
    asked: list[tuple[str, Any]] = []
    with opened("sqlite", tmp_path) as database:
        devices = [Device(number).added_to(database) for number in meters]

        @event.listens_for(database.engine, "before_cursor_execute")
        def note(connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
            if statement.startswith("SELECT") and "FROM readings" in statement:
                asked.append((statement, values))

        sent = [device.content(START - step * INTERVAL) for device in devices for step in range(back)]
        assert set(statuses(intake(database).take(sent))) <= {"accepted", "late"}
        (found,) = set(asked)
        with database.read() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {found[0]}", found[1]).all()
    assert ["SEARCH readings USING PRIMARY KEY" in row.detail for row in plan] == [True]
