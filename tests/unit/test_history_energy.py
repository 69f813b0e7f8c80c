"""Energy by hour, day and month on a zone's clocks; readings of an epoch; everything kept of somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from offchain.history import own_data
from offchain.history.database import Database
from offchain.history.energy import Period, epoch_readings, meters_energy
from offchain.history.intake import Intake
from offchain.history.own_data import kept_of
from tests.history import KINDS, opened
from tests.metered import INTERVAL, Device

FOREVER = 1 << 40


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty history of either kind with the meters 1 and 2 in MG1, 3 in MG2."""
    with opened(request.param, tmp_path) as database:
        for number, microgrid in ((1, "MG1"), (2, "MG1"), (3, "MG2")):
            Device(number).added_to(database, microgrid)
        yield database


def store(database: Database, *readings: dict[str, object]) -> None:
    """Takes readings, whenever they are of."""
    for first in range(0, len(readings), 1000):
        outcomes = Intake(database, FOREVER).take(readings[first : first + 1000])
        assert {outcome.reason for outcome in outcomes} == {None}


def local_periods(zone: ZoneInfo, first: datetime, days: int, period: Period) -> Counter[int]:
    """How many intervals begin in each period, counted one by one on the zone's clock."""
    found: Counter[int] = Counter()
    begins: dict[object, int] = {}
    for step in range(days * 96):
        moment = int(first.timestamp()) + step * INTERVAL
        local = datetime.fromtimestamp(moment, zone)
        shown = {
            Period.HOUR: (local.date(), local.hour, local.utcoffset()),
            Period.DAY: local.date(),
            Period.MONTH: (local.year, local.month),
        }[period]
        found[begins.setdefault(shown, moment)] += 1
    return found


@pytest.mark.parametrize("period", [Period.HOUR, Period.DAY, Period.MONTH])
@pytest.mark.parametrize("zone", ["Asia/Seoul", "Europe/Berlin", "Asia/Kolkata", "America/Havana", "UTC"])
def test_periods_are_those_of_the_clocks(tmp_path: Path, zone: str, period: Period) -> None:
    """U7 also when clocks are changed, at midnight too, and where hours begin at half past."""
    place = ZoneInfo(zone)
    first = datetime(2025, 10, 1, tzinfo=place)
    device = Device(1)
    with opened("sqlite", tmp_path) as database:
        device.added_to(database)
        moments = [int(first.timestamp()) + step * INTERVAL for step in range(40 * 96)]
        store(database, *(device.content(moment, 3, 1) for moment in moments))
        found = meters_energy(database, [1], 0, FOREVER, period, place)
    expected = local_periods(place, first, 40, period)
    assert {row.start: row.readings for row in found} == dict(expected)
    assert all((row.imported, row.exported) == (3 * row.readings, row.readings) for row in found)
    assert all(earlier.start < later.start for earlier, later in pairwise(found))


def test_bounds_and_gaps(database: Database) -> None:
    """U7 `since` is within, `until` isn't; what wasn't counted isn't made up; others' meters don't count."""
    day = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
    store(database, Device(1).content(day, 5), Device(1).content(day + 2 * INTERVAL, 7), Device(2).content(day, 90))
    utc = ZoneInfo("UTC")
    found = meters_energy(database, [1], day, day + 2 * INTERVAL, Period.INTERVAL, utc)
    assert [(row.start, row.imported, row.readings) for row in found] == [(day, 5, 1)]
    both = meters_energy(database, [1, 2], day, day + 3 * INTERVAL, Period.DAY, utc)
    assert [(row.start, row.imported, row.readings) for row in both] == [(day, 102, 3)]
    assert meters_energy(database, [], 0, FOREVER, Period.DAY, utc) == []
    assert meters_energy(database, [1], day + 9 * INTERVAL, FOREVER, Period.DAY, utc) == []


def test_an_epoch_is_whole_or_missing(database: Database) -> None:
    """U7 a meter that sent part of an epoch, or nothing, is named, and no other microgrid's counts."""
    start = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
    store(database, *(Device(1).content(start + step * INTERVAL, 5, 2) for step in range(2)))
    store(database, Device(2).content(start, 9), Device(3).content(start, 100))
    hour = epoch_readings(database, "MG1", start, 2 * INTERVAL)
    assert hour.readings == [(Device(1).commitment, 10, 4)]
    assert hour.missing == [Device(2).commitment]
    quarter = epoch_readings(database, "MG1", start, INTERVAL)
    assert quarter.readings == [(Device(1).commitment, 5, 2), (Device(2).commitment, 9, 0)]
    assert epoch_readings(database, "MG9", start, INTERVAL).readings == []


def test_everything_is_handed_out(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """U5 each row that is kept of a meter, also where pages end in the middle, and none of another's."""
    monkeypatch.setattr(own_data, "ROWS_AT_ONCE", 3)
    start = int((datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=1)).timestamp())
    store(database, *(Device(1).content(start + step * INTERVAL, step) for step in range(7)), Device(2).content(start))
    store(database, *(Device(1).content(start, 50, 0, sequence) for sequence in range(2, 9)))
    rows = list(kept_of(database, [1]))
    assert [row["table"] for row in rows] == ["meters", *["readings"] * 7, *["earlier_readings"] * 7]
    assert {row["meter"] for row in rows} == {Device(1).commitment.hex()}
    assert [row["imported"] for row in rows[1:8]] == [50, 1, 2, 3, 4, 5, 6]
    assert [row["sequence"] for row in rows[8:]] == [1, 2, 3, 4, 5, 6, 7]
