"""What is usual: by the clocks, of the last weeks, and never of what comes later."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.advice.band import DAYS, FEWEST, band
from offchain.advice.habit import DAY, RECENT, WEEK, day_by_day, hours_of_week, means, usual
from offchain.advice.usage import Usage, later

SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 2, tzinfo=BERLIN)


def test_hours_are_those_of_the_clocks() -> None:
    """On the day on which clocks go forward there is no hour 2, on the other one there are two."""
    spring = hours_of_week(datetime(2026, 3, 29, tzinfo=BERLIN), 25) - 6 * DAY
    assert spring[:5].tolist() == [0, 1, 3, 4, 5]
    autumn = hours_of_week(datetime(2026, 10, 25, tzinfo=BERLIN), 25) - 6 * DAY
    assert autumn[:5].tolist() == [0, 1, 2, 2, 3]
    assert autumn[-1] == 23


def test_habits_move_with_the_clocks() -> None:
    """Who cooks at 18 o'clock is expected to at 18 o'clock, before and after clocks are changed."""
    hours = 24 * 26
    clocks = [later(MONDAY, step) for step in range(hours)]
    usage = Usage(MONDAY, np.array([2_000 if clock.hour == 18 else 100 for clock in clocks]))
    tomorrow = datetime(2026, 3, 30, tzinfo=BERLIN)
    found = usual(usage, tomorrow, 24)
    assert found.argmax() == 18
    assert found[18] == 2_000
    assert found.sum() == 2_000 + 23 * 100


def test_where_nothing_is_known() -> None:
    """The same hour of the week, else of the day, else the mean of all, else nothing."""
    at, known = np.array([0, 24, 25, 30]), np.array([1.0, 3.0, np.nan, 8.0])
    wanted = np.array([0, 24, 48, 25, 30, 54])
    assert means(known, at, wanted) == pytest.approx([1, 3, 2, 4, 8, 8])
    assert np.isnan(means(np.full(4, np.nan), at, wanted)).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 49 * DAY - 1), st.sampled_from([SEOUL, BERLIN]))
def test_nothing_looks_ahead(seed: int, now: int, zone: ZoneInfo) -> None:
    """V3 whatever comes from some hour on, in any order or not at all: what was foreseen of days that began until then
    is the same."""
    random = np.random.default_rng(seed)
    start = datetime(2026, 3, 1, tzinfo=zone)
    known = random.integers(0, 2_000, 49 * DAY).astype(np.float64)
    known[random.random(len(known)) < 0.1] = np.nan
    changed = known.copy()
    random.shuffle(changed[now:])
    changed[now:][random.random(len(changed) - now) < 0.3] = np.nan
    clock = later(start, now)
    end = int((datetime(clock.year, clock.month, clock.day, tzinfo=zone) + timedelta(days=1)).timestamp())
    same = slice(0, (end - int(start.timestamp())) // 3600)
    assert np.array_equal(day_by_day(known, start)[same], day_by_day(changed, start)[same], equal_nan=True)


def test_four_weeks_and_no_more() -> None:
    """V3 of each hour the mean of the same one of the four weeks before; what is older doesn't count."""
    start = datetime(2026, 6, 1, tzinfo=SEOUL)
    known = np.random.default_rng(1).integers(0, 2_000, RECENT + 3 * WEEK).astype(np.float64)
    found = day_by_day(known, start)
    assert np.isnan(found[:DAY]).all()
    assert not np.isnan(found[DAY:]).any()
    for hour in (RECENT, RECENT + 100, len(known) - 1):
        assert found[hour] == pytest.approx(np.mean([known[hour - week * WEEK] for week in range(1, 5)]))


def test_a_band_holds_eight_in_ten() -> None:
    """V4 of errors as they were before, about eight in ten lie within; hour by hour of the day."""
    random = np.random.default_rng(5)
    spread = np.where(np.arange(24) >= 12, 300.0, 30.0)
    start = datetime(2026, 6, 1, tzinfo=SEOUL)
    at = hours_of_week(start, DAYS * DAY)
    inside = []
    for _ in range(40):
        errors = random.normal(0, spread[at % DAY])
        wh = np.full(DAY, 1_000)
        low, high = band(wh, np.arange(DAY), errors, at)
        came = 1_000 + random.normal(0, spread)
        inside.append((low <= came) & (came <= high))
        assert (high - low)[12:].min() > 2 * (high - low)[:12].max()
    assert np.mean(inside) == pytest.approx(0.8, abs=0.05)


def test_too_few_errors_make_no_band() -> None:
    """V4 nor is anything below 0."""
    at = hours_of_week(datetime(2026, 6, 1, tzinfo=SEOUL), FEWEST * DAY)
    errors = np.full(len(at), -50.0)
    low, high = band(np.full(DAY, 20), np.arange(DAY), errors, at)
    assert (low.tolist(), high.tolist()) == ([0.0] * DAY, [0.0] * DAY)
    errors[5] = np.nan
    low, _ = band(np.full(DAY, 20), np.arange(DAY), errors, at)
    assert np.flatnonzero(np.isnan(low)).tolist() == [5]
