"""Bills against the published check value, a plain formula, and what must hold for any use."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.advice.bill import Bill, bill, cut, rounded
from offchain.advice.tariff import Tariff, TariffError, bundled, load
from offchain.advice.usage import Period, Usage, UsageError

SEOUL = ZoneInfo("Asia/Seoul")
LOW = load("kepco_residential_low")
JEJU = load("kepco_jeju_time_of_use")
WH = st.integers(0, 3_000_000)


def drawn(period: Period, wh: int) -> Usage:
    """So much within a period, in its first hour all that doesn't divide."""
    hours = 24 * len(period.days)
    each = np.full(hours, wh // hours)
    each[0] += wh - int(each.sum())
    return Usage(datetime(period.start.year, period.start.month, period.start.day, tzinfo=SEOUL), each)


def month(tariff: Tariff, year: int, number: int, wh: int) -> Bill:
    period = Period.month(year, number)
    return bill(tariff, drawn(period, wh), period)


def amounts(found: Bill) -> dict[str, int]:
    return {line.name: int(line.amount) for line in (*found.lines, found.vat, found.fund)}


def test_the_published_check_value() -> None:
    """August 2022, low voltage, 1,000 kWh: 261,510 won, item by item."""
    found = month(LOW, 2022, 8, 1_000_000)
    assert amounts(found) == {
        "base": 7_300,
        "energy": 210_405,
        "climate": 7_300,
        "fuel": 5_000,
        "vat": 23_001,
        "fund": 8_510,
    }
    assert found.net == 230_005
    assert found.total == 261_510
    assert str(found.lines[1].basis) == "300 kWh at 93.2 + 150 kWh at 187.8 + 550 kWh at 280.5"


@pytest.mark.parametrize(
    ("kwh", "base", "tier"), [(0, 910, 1), (300, 910, 1), (301, 1_600, 2), (450, 1_600, 2), (451, 7_300, 3)]
)
def test_who_gets_to_a_tier_pays_its_base(kwh: int, base: int, tier: int) -> None:
    found = month(LOW, 2024, 7, kwh * 1_000)
    assert amounts(found)["base"] == base
    assert str(found.lines[0].basis).endswith(f"for tier {tier} of 4 (summer)")


def test_seasons_have_limits_of_their_own() -> None:
    """400 kWh are in the second tier in July, at the end of the second in June; 1,100 kWh cost extra in winter only."""
    assert amounts(month(LOW, 2024, 7, 400_000))["energy"] == 300 * 120 + 100 * 214.6
    assert amounts(month(LOW, 2024, 6, 400_000))["energy"] == 200 * 120 + 200 * 214.6
    winter, autumn = (amounts(month(LOW, 2024, number, 1_100_000))["energy"] for number in (1, 10))
    assert winter - autumn == round(100 * (736.2 - 307.3))


@given(WH, st.integers(0, 11))
@settings(max_examples=60, deadline=None)
def test_tiers_are_the_formula(wh: int, step: int) -> None:
    """Of any month of 2024, when rates were the same all year."""
    number = step + 1
    first, second = (300, 450) if number in (7, 8) else (200, 400)
    kwh = Decimal(wh) / 1000
    prices = [(0, Decimal("120.0")), (first, Decimal("214.6")), (second, Decimal("307.3"))]
    if number in (12, 1, 2, 7, 8):
        prices.append((1000, Decimal("736.2")))
    ends = [above for above, _ in prices[1:]] + [Decimal(10**9)]
    energy = sum(
        max(Decimal(0), min(kwh, end) - above) * price for (above, price), end in zip(prices, ends, strict=True)
    )
    assert amounts(month(LOW, 2024, number, wh))["energy"] == int(energy)


@given(st.sampled_from(bundled()), WH, WH, st.dates(date(2022, 4, 1), date(2026, 6, 1)), st.integers(1, 92))
@settings(max_examples=60, deadline=None)
def test_more_use_never_costs_less(name: str, some: int, more: int, start: date, days: int) -> None:
    """And the total is its items with tax, to what bills are cut to; over any days, also where rates change."""
    period = Period(start, start + timedelta(days=days))
    less, whole = (bill(load(name), drawn(period, wh), period) for wh in (some, some + more))
    assert less.total <= whole.total
    for found in (less, whole):
        assert found.total == cut(Fraction(found.net + found.vat.amount + found.fund.amount), Decimal(10))
        assert found.vat.amount == rounded(Fraction(found.net) / 10, Decimal(1))
        assert 0 <= found.fund.amount <= found.net * Decimal("0.037")
        assert all(line.amount == int(line.amount) and str(line.basis) for line in found.lines)


def test_days_divide_a_month_in_which_rates_change() -> None:
    """15 of May 2023's 31 days were charged at the old prices."""
    found = month(LOW, 2023, 5, 310_000)
    old, new = (Decimal("112.0"), Decimal("206.6")), (Decimal("120.0"), Decimal("214.6"))
    energy = 15 * (200 * old[0] + 110 * old[1]) + 16 * (200 * new[0] + 110 * new[1])
    assert amounts(found)["energy"] == energy // 31
    assert amounts(found)["base"] == 1_600


def test_hours_are_those_that_clocks_show() -> None:
    """1 kWh at 21:00 and 1 kWh at 22:00 in Korea cost what their bands do, however the times are written."""
    start = datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("UTC"))
    usage = Usage(start, np.array([1_000, 1_000]))
    found = bill(JEJU, usage, Period.month(2024, 7))
    assert amounts(found)["energy"] == int(220.5 + 138.7)
    assert amounts(found)["base"] == 12_930
    assert bill(JEJU, usage, Period.month(2024, 7), Decimal(5)).lines[0].amount == 21_550


def test_only_the_period_counts() -> None:
    """Hours before and after are another bill's, to the hour at midnight in Korea."""
    wh = np.arange(24 * 92, dtype=np.int64)
    usage = Usage(datetime(2024, 6, 1, tzinfo=SEOUL), wh)
    inside = bill(LOW, usage, Period.month(2024, 7))
    assert inside.kwh == Decimal(int(wh[24 * 30 : 24 * 61].sum())) / 1000
    assert bill(LOW, usage, Period.month(2025, 1)).kwh == 0


def test_what_makes_no_bill() -> None:
    """P9"""
    with pytest.raises(TariffError, match="is known from 2022-04-01 on"):
        month(LOW, 2022, 3, 1)
    with pytest.raises(UsageError, match="has no day"):
        Period(date(2024, 1, 2), date(2024, 1, 2))
    with pytest.raises(UsageError, match="with a time zone"):
        Usage(datetime(2024, 1, 1), np.array([1]))
    with pytest.raises(UsageError, match="whole hour"):
        Usage(datetime(2024, 1, 1, 0, 30, tzinfo=SEOUL), np.array([1]))
    with pytest.raises(UsageError, match="never below 0"):
        Usage(datetime(2024, 1, 1, tzinfo=SEOUL), np.array([1, -1]))


def test_use_is_joined_without_a_gap() -> None:
    """P9"""
    start = datetime(2024, 1, 1, tzinfo=SEOUL)
    first, second = Usage(start, np.array([1, 2])), Usage(start + timedelta(hours=2), np.array([3]))
    assert first.followed_by(second).total == 6
    with pytest.raises(UsageError, match="isn't followed by"):
        second.followed_by(first)
