"""A month that runs: what was read, what is foreseen, and the tier ahead."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from offchain.advice.bill import bill
from offchain.advice.comparison import compared
from offchain.advice.habit import usual
from offchain.advice.outlook import month_of, outlook
from offchain.advice.tariff import TariffError, bundled, load
from offchain.advice.usage import Period, Usage, UsageError

SEOUL = ZoneInfo("Asia/Seoul")
LOW, JEJU = load("kepco_residential_low"), load("kepco_jeju_time_of_use")
JULY = Period.month(2024, 7)


def since(day: date, hours: int, wh: int) -> Usage:
    return Usage(datetime(day.year, day.month, day.day, tzinfo=SEOUL), np.full(hours, wh))


def test_a_steady_home() -> None:
    """500 Wh an hour: 240 kWh in 20 days, 372 in July; the second tier begins when 300 are passed."""
    found = outlook(LOW, since(date(2024, 6, 1), 24 * 50, 500), JULY)
    assert found.so_far.kwh == 240
    assert found.expected == bill(LOW, since(date(2024, 6, 1), 24 * 61, 500), JULY)
    assert found.tier == 1
    assert found.next_tier is not None
    assert (found.next_tier.number, int(found.next_tier.kwh), int(found.next_tier.extra_base)) == (2, 60, 690)
    assert found.next_tier.energy == Decimal("214.6")
    assert found.next_tier.at == datetime(2024, 7, 26, 0, tzinfo=SEOUL)
    assert str(found.basis) == "20 days read, 11 days as the same hours of the last weeks"


def test_a_forecast_comes_before_habit() -> None:
    """Hours that are foreseen count as foreseen; those after them as ever."""
    usage = since(date(2024, 7, 1), 24 * 20, 500)
    ahead = Usage(usage.end, np.full(24, 2_000))
    found = outlook(LOW, usage, JULY, ahead)
    assert found.expected.kwh == Decimal(500 * 24 * 30 + 2_000 * 24) / 1000
    assert str(found.basis) == "20 days read, 24 hours by the forecast, 10 days as the same hours of the last weeks"
    with pytest.raises(UsageError, match="isn't followed by"):
        outlook(LOW, usage, JULY, Usage(usage.end + timedelta(hours=1), np.full(24, 1)))


def test_habits_are_of_the_week() -> None:
    """A home that uses power on Mondays only is expected to on Mondays."""
    start = datetime(2024, 6, 3, tzinfo=SEOUL)
    monday = np.zeros(168, np.int64)
    monday[:24] = 1_000
    usage = Usage(start, np.tile(monday, 4)[: 24 * 27])
    found = usual(usage, usage.end, 24 * 8).reshape(8, 24).sum(axis=1)
    assert list(found) == [0, 24_000, 0, 0, 0, 0, 0, 0]
    assert list(usual(Usage(start, np.array([1, 2])), start + timedelta(hours=2), 3)) == [2, 2, 2]


def test_the_last_tier_and_no_tier() -> None:
    """Nothing lies above the last tier; by hour of the day there are none."""
    found = outlook(LOW, since(date(2024, 7, 1), 24 * 20, 2_500), JULY)
    assert (found.tier, found.next_tier) == (4, None)
    found = outlook(JEJU, since(date(2024, 7, 1), 24 * 20, 500), JULY)
    assert (found.tier, found.next_tier) == (None, None)


def test_a_tier_that_this_month_wont_reach() -> None:
    found = outlook(LOW, since(date(2024, 7, 1), 24 * 20, 100), JULY)
    assert found.next_tier is not None
    assert found.next_tier.at is None


def test_the_month_that_runs() -> None:
    """P9: and nothing to say of a month in which nothing was read."""
    usage = since(date(2024, 6, 1), 24 * 30, 1)
    assert month_of(usage, LOW) == Period.month(2024, 6)
    assert month_of(since(date(2024, 6, 1), 24 * 30 + 1, 1), LOW) == JULY
    with pytest.raises(UsageError, match="nothing was read from 2024-07-01 on"):
        outlook(LOW, usage, JULY)
    with pytest.raises(UsageError, match="nothing was read yet"):
        month_of(since(date(2024, 6, 1), 0, 1), LOW)


def test_tariffs_are_compared_on_the_same_use() -> None:
    """The cheapest first, and how much more than one's own."""
    usage, periods = since(date(2024, 1, 1), 24 * 366, 900), [Period.month(2024, month) for month in (1, 7, 10)]
    tariffs = [load(name) for name in bundled() if name != "kepco_residential_low"]
    rows = compared(LOW, tariffs, usage, periods)
    assert [row.total for row in rows] == sorted(row.total for row in rows)
    own = next(row for row in rows if row.tariff is LOW)
    assert own.more == 0
    assert own.total == sum(bill(LOW, usage, period).total for period in periods)
    assert all(row.more == row.total - own.total for row in rows)


def test_currencies_are_not_mixed() -> None:
    """P9"""
    dollars = msgspec.structs.replace(JEJU, currency="USD")
    with pytest.raises(TariffError, match="is in USD, KEPCO residential, low voltage in KRW"):
        compared(LOW, [dollars], since(date(2024, 7, 1), 24, 1), [JULY])
