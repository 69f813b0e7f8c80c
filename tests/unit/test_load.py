"""The cheapest hours for a load, against trying all there are."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.advice.load import LoadError, Prices, charge, run_through

START = datetime(2024, 7, 1, 18, tzinfo=ZoneInfo("Asia/Seoul"))
PRICE = st.integers(0, 30).map(float)


def until(hours: int) -> datetime:
    return START + timedelta(hours=hours)


@st.composite
def prices(draw: st.DrawFn, hours: int = 5, most: int = 3) -> Prices:
    rows = st.lists(PRICE, min_size=hours, max_size=hours)
    surplus = draw(st.lists(st.integers(0, most), min_size=hours, max_size=hours))
    return Prices(START, np.array(draw(rows)), np.array(draw(rows)), np.array(surplus))


@given(prices(), st.lists(st.integers(0, 4), min_size=1, max_size=5), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_a_run_begins_where_it_costs_least(found: Prices, wh: list[int], hours: int) -> None:
    """Of all starts that end in time, however much more time there is than prices."""
    last = min(hours, 5) - len(wh)
    if last < 0:
        with pytest.raises(LoadError, match="don't fit before"):
            run_through(found, wh, until(hours))
        return
    placed = run_through(found, wh, until(hours))
    costs = [sum(found.cost(start + step, each) for step, each in enumerate(wh)) for start in range(last + 1)]
    start = int((placed.hours[0] - START) / timedelta(hours=1))
    assert placed.cost == costs[start] == min(costs)
    assert start == costs.index(min(costs))
    assert placed.now == costs[0]


@given(prices(hours=4), st.integers(1, 8), st.integers(1, 3), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_charging_is_as_cheap_as_can_be(found: Prices, wh: int, most: int, hours: int) -> None:
    """No other division over the hours costs less, and all of it is charged in time, never more in an hour than may."""
    if hours * most < wh:
        with pytest.raises(LoadError, match="don't fit before"):
            charge(found, wh, most, until(hours))
        return
    placed = charge(found, wh, most, until(hours))
    assert sum(placed.wh) == wh
    assert max(placed.wh) <= most
    assert all(START <= at < until(hours) for at in placed.hours)
    ways = [way for way in product(range(most + 1), repeat=hours) if sum(way) == wh]
    least = min(sum(found.cost(hour, each) for hour, each in enumerate(way)) for way in ways)
    assert placed.cost == pytest.approx(least)
    assert placed.now >= placed.cost - 1e-9


def test_own_surplus_is_used_at_what_it_would_earn() -> None:
    """At noon the panels give what the market pays little for; at night a kWh costs more."""
    found = Prices(START, np.array([200.0, 200.0]), np.array([150.0, 50.0]), np.array([0, 2_000]))
    placed = run_through(found, [3_000], until(2))
    assert placed.hours == (until(1),)
    assert placed.cost == pytest.approx(2 * 50 + 200)
    assert placed.now == pytest.approx(600)


def test_what_is_no_load() -> None:
    """P9"""
    found = Prices(START, np.ones(3), np.ones(3), np.zeros(3, np.int64))
    with pytest.raises(LoadError, match="don't fit before"):
        run_through(found, [], until(2))
    with pytest.raises(LoadError, match="don't fit before"):
        charge(found, 0, 1, until(2))
    with pytest.raises(LoadError, match="don't fit before"):
        run_through(found, [1], START - timedelta(hours=1))
    with pytest.raises(LoadError, match="same hours"):
        Prices(START, np.ones(3), np.ones(2), np.zeros(3, np.int64))
