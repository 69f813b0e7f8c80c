"""The auction of an hour: worth most to all, at prices that nobody objects to, within what lines carry."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.simulate.season.behaviour import Order, Side
from offchain.simulate.season.clearing import Cleared, clear
from offchain.simulate.season.season import Line

FEED_IN, TARIFF = 90.0, 200.0
BUY, SELL = Side.BUY, Side.SELL

ORDERS = st.lists(
    st.builds(
        Order,
        st.sampled_from(Side),
        st.integers(1, 5_000),
        st.sampled_from([FEED_IN, 120.0, 150.0, 151.5, TARIFF, 260.0]),
        st.integers(0, 2),
    ),
    max_size=12,
)
LINES = st.tuples(st.integers(0, 4_000), st.integers(0, 4_000), st.sampled_from([0.0, 0.03, 0.2]))


def cleared(orders: list[Order], lines: list[Line], microgrids: int = 2) -> Cleared:
    """At the usual prices of the utility."""
    return clear(orders, lines, microgrids, FEED_IN, TARIFF)


def chain(powers: tuple[int, int, float]) -> list[Line]:
    """Three microgrids in a row."""
    return [Line((0, 1), powers[0], powers[2]), Line((1, 2), powers[1], powers[2])]


@settings(max_examples=150, deadline=None)
@given(ORDERS, LINES)
def test_energy_adds_up_and_nobody_is_worse_off(orders: list[Order], powers: tuple[int, int, float]) -> None:
    """Y20 of random orders in three microgrids: to the Wh, within orders, limits and lines; money for lines is never
    owed by anybody."""
    lines = chain(powers)
    found = cleared(orders, lines, 3)
    balance = np.zeros(3, np.int64)
    for order, wh in zip(orders, found.filled.tolist(), strict=True):
        assert 0 <= wh <= order.wh
        balance[order.microgrid] += wh if order.side is SELL else -wh
        price = found.price[order.microgrid]
        assert wh == 0 or (price >= order.limit - 1e-6 if order.side is SELL else price <= order.limit + 1e-6)
    for line, wh, lost, apart in zip(lines, found.flow.tolist(), found.lost.tolist(), found.congestion, strict=True):
        source, target = line.ends if wh >= 0 else line.ends[::-1]
        assert abs(wh) <= line.power
        assert line.loss * abs(wh) <= lost < line.loss * abs(wh) + 1
        balance[source] -= abs(wh)
        balance[target] += abs(wh) - lost
        assert apart == 0 or abs(wh) >= line.power - 1
    assert balance.tolist() == [0, 0, 0]
    money = sum(
        found.price[order.microgrid] * (wh if order.side is BUY else -wh) / 1000
        for order, wh in zip(orders, found.filled.tolist(), strict=True)
    )
    assert found.rent.sum() == pytest.approx(money)
    assert (found.rent >= -2 * 0.260 / 0.8**2).all()  # rounding: a Wh or two a line


@settings(max_examples=60, deadline=None)
@given(ORDERS, LINES)
def test_nobody_is_left_out_who_would_trade(orders: list[Order], powers: tuple[int, int, float]) -> None:
    """Y20: at the price, a whole order is filled that is better than it, but for a Wh or two of rounding."""
    found = cleared(orders, chain(powers), 3)
    for order, wh in zip(orders, found.filled.tolist(), strict=True):
        price = found.price[order.microgrid]
        better = price > order.limit + 1e-6 if order.side is SELL else price < order.limit - 1e-6
        assert not better or wh >= order.wh - 8


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 2), st.sampled_from([100.0, 130.0, 160.0])), max_size=5))
def test_no_other_trades_are_worth_more(small: list[tuple[bool, int, float]]) -> None:
    """Y20, against all trades there are in one microgrid."""
    orders = [Order(SELL if sells else BUY, wh, limit, 0) for sells, wh, limit in small]

    def worth(filled: tuple[int, ...]) -> float:
        signs = [1 if order.side is BUY else -1 for order in orders]
        if sum(sign * wh for sign, wh in zip(signs, filled, strict=True)):
            return -np.inf
        return sum(sign * wh * order.limit for sign, wh, order in zip(signs, filled, orders, strict=True))

    most = max(worth(trades) for trades in product(*(range(order.wh + 1) for order in orders)))
    assert worth(tuple(cleared(orders, [], 1).filled.tolist())) == pytest.approx(most)


def test_too_much_is_sold_at_the_sellers_limit_and_too_little_at_the_buyers() -> None:
    """Y20 by hand: alike limits are filled alike."""
    much = cleared([Order(SELL, 3000, FEED_IN, 0), Order(SELL, 1000, FEED_IN, 0), Order(BUY, 2000, TARIFF, 0)], [])
    assert much.filled.tolist() == [1500, 500, 2000]
    assert much.price[0] == FEED_IN
    little = cleared([Order(SELL, 1000, FEED_IN, 0), Order(BUY, 2000, TARIFF, 0)], [])
    assert (little.filled.tolist(), little.price[0]) == ([1000, 1000], TARIFF)
    even = cleared([Order(SELL, 1000, FEED_IN, 0), Order(BUY, 1000, TARIFF, 0)], [])
    assert (even.filled.tolist(), even.price[0]) == ([1000, 1000], (FEED_IN + TARIFF) / 2)
    assert even.price[1] == (FEED_IN + TARIFF) / 2  # nobody trades there


def test_a_full_line_splits_the_price_and_a_free_one_does_not() -> None:
    """Y20 by hand: 2 kWh too much on one side, 3 kWh needed on the other."""
    orders = [Order(SELL, 2000, FEED_IN, 0), Order(BUY, 3000, TARIFF, 1)]
    wide = cleared(orders, [Line((0, 1), 5000, 0.1)])
    assert (wide.filled.tolist(), wide.flow.tolist(), wide.lost.tolist()) == ([2000, 1800], [2000], [200])
    assert wide.price.tolist() == [pytest.approx(180), 200]
    assert wide.congestion.tolist() == [pytest.approx(0)]
    narrow = cleared(orders, [Line((1, 0), 500, 0.1)])
    assert (narrow.filled.tolist(), narrow.flow.tolist()) == ([500, 450], [-500])
    assert narrow.price.tolist() == [FEED_IN, TARIFF]
    assert narrow.congestion.tolist() == [pytest.approx(200 * 0.9 - 90)]
    assert narrow.rent.tolist() == [pytest.approx(0.45 * 200 - 0.5 * 90)]


def test_no_order_is_no_trade() -> None:
    """Y20."""
    found = cleared([], [Line((0, 1), 500)])
    assert (found.filled.tolist(), found.flow.tolist()) == ([], [0])
    assert found.price.tolist() == [145, 145]
