"""What trades made, against the tariff alone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.advice.bill import bill
from offchain.advice.tariff import Tariff, load
from offchain.advice.trade import Month, Trades, worth
from offchain.advice.usage import Period, Usage, UsageError

SEOUL = ZoneInfo("Asia/Seoul")
LOW, JEJU = load("kepco_residential_low"), load("kepco_jeju_time_of_use")
JULY = Period.month(2024, 7)
START = datetime(2024, 7, 1, 18, tzinfo=SEOUL)


def month(drawn: list[int], surplus: list[int], price: list[float], feed_in: float = 0.0) -> Month:
    return Month(Usage(START, np.array(drawn)), Usage(START, np.array(surplus)), np.array(price), feed_in)


def test_energy_bought_is_not_billed() -> None:
    """500 kWh alone cost the third tier; with 100 of them bought at 100 won, the second."""
    home = month([500_000], [0], [100.0])
    found = worth(LOW, home, Trades(np.array([100_000]), np.array([0])), JULY)
    alone, less = (bill(LOW, Usage(START, np.array([wh])), JULY).total for wh in (500_000, 400_000))
    assert (found.alone.total, found.with_trades.total) == (alone, less)
    assert found.paid == 10_000
    assert found.made == float(alone - less) - 10_000
    assert str(found.basis).startswith("100 kWh bought, 0 kWh sold at each hour's price; bill ")


def test_energy_sold_earns_what_the_grid_would_not_have_paid() -> None:
    home = month([0], [10_000], [90.0], feed_in=60.0)
    found = worth(LOW, home, Trades(np.array([0]), np.array([10_000])), JULY)
    assert (found.earned, found.made) == (900, 300)


HOURS = st.lists(st.integers(0, 300_000), min_size=4, max_size=4)
PRICES = st.lists(st.floats(0, 500), min_size=4, max_size=4)


@given(HOURS, HOURS, PRICES, st.sampled_from([LOW, JEJU]), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_what_was_made_is_the_difference_of_two_months(
    drawn: list[int], surplus: list[int], price: list[float], tariff: Tariff, bought: float, sold: float
) -> None:
    """Of what is paid and earned in all, with the trades and without."""
    home = month(drawn, surplus, price, feed_in=100.0)
    trades = Trades((home.drawn.wh * bought).astype(int), (home.given.wh * sold).astype(int))
    found = worth(tariff, home, trades, JULY)
    with_trades = float(found.with_trades.total) + found.paid - found.earned
    with_trades -= 100 * int((home.given.wh - trades.sold).sum()) / 1000
    alone = float(found.alone.total) - 100 * home.given.total / 1000
    assert found.made == pytest.approx(alone - with_trades)


def test_no_trades_make_nothing() -> None:
    home, none = month([5_000], [0], [float("nan")]), np.array([0])
    assert worth(JEJU, home, Trades(none, none), JULY).made == 0


@pytest.mark.parametrize(
    ("bought", "sold", "price", "why"),
    [
        (5_001, 0, 1.0, "more was traded in an hour than was drawn"),
        (-1, 0, 1.0, "than was drawn"),
        (0, 2_001, 1.0, "than was given"),
        (1, 0, float("nan"), "in an hour without a price"),
    ],
)
def test_trades_that_cannot_be(bought: int, sold: int, price: float, why: str) -> None:
    """P9"""
    home = month([5_000], [2_000], [price])
    with pytest.raises(UsageError, match=why):
        worth(LOW, home, Trades(np.array([bought]), np.array([sold])), JULY)


def test_hours_must_be_the_same() -> None:
    """P9"""
    with pytest.raises(UsageError, match="of the same hours"):
        month([1, 2], [1], [1.0])
