"""A home's hours out of its meters' readings: by the clocks, of any intervals, with gaps filled and counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from offchain.advice.bill import bill
from offchain.advice.intervals import hours_of
from offchain.advice.metered import LATE, Metered, metered
from offchain.advice.outlook import outlook
from offchain.advice.tariff import load
from offchain.advice.usage import NothingReadError, Period, Usage, UsageError, midnight
from offchain.history import tables
from offchain.history.database import Database
from offchain.history.meters import add_meter, meters_by_id
from tests.history import KINDS, opened
from tests.metered import CAPACITY, Device

SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")
MIDNIGHT = int(datetime(2026, 6, 1, tzinfo=SEOUL).timestamp())
EVER = 2**40


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with opened(request.param, tmp_path) as found:
        yield found


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Database]:
    with opened("sqlite", tmp_path) as found:
        yield found


def keep(database: Database, number: int, interval: int, imported: dict[int, int]) -> None:
    """Readings of a meter by their starts; it gives a tenth of what it takes."""
    device = Device(number)
    add_meter(database, device.commitment, bytes(device.key.verify_key), "MG1", CAPACITY, interval)
    rows = [
        {"meter": number, "start": start, "imported": wh, "exported": wh // 10, "sequence": 1, "received": start}
        for start, wh in imported.items()
    ]
    if rows:
        with database.write() as connection:
            connection.execute(insert(tables.readings), rows)


def read(database: Database, *numbers: int, zone: ZoneInfo = SEOUL) -> Metered:
    return metered(database, meters_by_id(database, numbers), 0, EVER, zone)


def test_meters_of_any_interval_add_up(database: Database) -> None:
    """V2 quarters and whole hours of two meters, and a third one that isn't asked for."""
    keep(database, 1, 900, {MIDNIGHT + 900 * step: 10 + step for step in range(96)})
    keep(database, 2, 3600, {MIDNIGHT + 3600 * step: 1_000 for step in range(24)})
    keep(database, 3, 900, {MIDNIGHT: 3_917})
    found = read(database, 1, 2)
    expected = [sum(10 + 4 * hour + quarter for quarter in range(4)) + 1_000 for hour in range(24)]
    assert found.drawn.wh.tolist() == expected
    assert found.drawn.start == datetime.fromtimestamp(MIDNIGHT, SEOUL)
    assert (found.readings, found.filled) == (120, 0)
    assert found.given.start == found.drawn.start
    assert 0 < found.given.total < found.drawn.total / 9


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([60, 300, 900, 1200, 2400, 3600, 5400, 7200, 86400]),
    st.integers(1, 200),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["Asia/Seoul", "Europe/Berlin", "Asia/Kolkata", "America/Havana"]),
)
def test_no_wh_is_lost(length: int, count: int, seed: int, zone: str) -> None:
    """V2 whatever the intervals: hours add up to what was read, and are whole where all of them was."""
    random = np.random.default_rng(seed)
    steps = np.sort(random.choice(2 * count, count, replace=False))
    starts = [MIDNIGHT // length * length + int(step) * length for step in steps]
    wh = random.integers(0, 5_000, count).tolist()
    found = hours_of(starts, length, [wh, wh], ZoneInfo(zone))
    assert found.wh.sum(axis=0).tolist() == [sum(wh)] * 2
    assert datetime.fromtimestamp(found.start, ZoneInfo(zone)).minute == 0
    held = set(starts)
    for hour in range(len(found.wh)):
        begin = found.start + hour * 3600
        parts = range(begin, begin + 3600, 60)
        assert bool(found.whole[hour]) == all(part // length * length in held for part in parts)


def test_gaps_are_filled_and_counted(database: Database) -> None:
    """V2 with the same hour of other weeks, at least with what was read; at both ends nothing is made up."""
    whole = {MIDNIGHT + 900 * step: 100 + (step // 4) % 168 for step in range(4 * 168 * 3)}
    lacking = 168 + 30
    gaps = {start: wh for start, wh in whole.items() if (start - MIDNIGHT) // 3600 not in (0, lacking, lacking + 1)}
    gaps[MIDNIGHT + 3600 * (lacking + 1)] = 3_000
    gaps[MIDNIGHT + 2_700] = 9
    keep(database, 1, 900, gaps)
    found = read(database, 1)
    assert found.filled == 2
    assert found.drawn.start.timestamp() == MIDNIGHT + 3600
    assert found.drawn.wh[lacking - 1] == 4 * 130
    assert found.drawn.wh[lacking] == 3_000
    assert np.array_equal(
        np.delete(found.drawn.wh, lacking), np.delete([4 * (100 + h % 168) for h in range(1, 504)], lacking)
    )


def test_a_meter_that_is_late_and_one_that_has_ended(small: Database) -> None:
    """V2 all is told until the slower meter's last hour; one that is silent for days hinders no more."""
    keep(small, 1, 3600, {MIDNIGHT + 3600 * step: 100 for step in range(LATE + 100)})
    keep(small, 2, 3600, {MIDNIGHT + 3600 * step: 10 for step in range(LATE + 90)})
    keep(small, 3, 3600, {MIDNIGHT + 3600 * step: 1 for step in range(20)})
    found = read(small, 1, 2, 3)
    assert found.drawn.wh.tolist() == [111] * 20 + [110] * (LATE + 70)
    assert found.filled == 0


def test_nothing_read(small: Database) -> None:
    """P9 V2 neither a reading nor a whole hour."""
    keep(small, 1, 900, {})
    keep(small, 2, 900, {MIDNIGHT: 5, MIDNIGHT + 900: 5})
    for number in (1, 2):
        with pytest.raises(NothingReadError, match="nothing was read in that time"):
            read(small, number)


@pytest.mark.parametrize(("month", "hours"), [(3, 743), (10, 745)])
def test_a_month_in_which_clocks_are_changed(small: Database, month: int, hours: int) -> None:
    """V2 a bill of such a month is of all its hours, and hours of the day are those of the clocks."""
    period = Period.month(2026, month)
    first, last = (int(midnight(day, BERLIN).timestamp()) for day in (period.start, period.end))
    assert (last - first) // 3600 == hours
    keep(small, 1, 900, {start: 250 for start in range(first - 86_400, last + 86_400, 900)})
    drawn = read(small, 1, zone=BERLIN).drawn
    assert len(drawn.wh) == hours + 48
    assert drawn.end.timestamp() == last + 86_400
    within = drawn.within(period, BERLIN)
    assert (len(within.wh), within.start, within.end) == (
        hours,
        *(midnight(d, BERLIN) for d in (period.start, period.end)),
    )
    by_hour = within.by_hour(BERLIN) // 1_000
    assert by_hour[2] == 31 + (1 if month == 10 else -1)
    assert set(np.delete(by_hour, 2)) == {31}
    tariff = msgspec.structs.replace(load("kepco_jeju_time_of_use"), zone="Europe/Berlin")
    assert bill(tariff, drawn, period).kwh == hours
    half = drawn.within(Period(period.start, period.start.replace(day=20)), BERLIN)
    found = outlook(tariff, half, period)
    assert found.expected.kwh == Decimal(hours)
    assert found.usual == hours - 19 * 24


def test_use_that_follows_in_the_repeated_hour() -> None:
    """V2 the two hours that clocks call 2 aren't the same."""
    night = datetime(2026, 10, 25, tzinfo=BERLIN)
    early = Usage(night, np.full(3, 1))
    assert early.end.fold == 1
    both = early.followed_by(Usage(early.end, np.full(2, 5)))
    assert both.end == datetime(2026, 10, 25, 4, tzinfo=BERLIN)
    with pytest.raises(UsageError, match="isn't followed by"):
        early.followed_by(Usage(early.end.replace(fold=0), np.full(2, 5)))
