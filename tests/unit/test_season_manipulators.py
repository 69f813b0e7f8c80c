"""Manipulators of a season: what each decides, against the exchange as its contract computes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from offchain.deployment.platform import Rules
from offchain.errors import UserError
from offchain.simulate.season.behaviour import Order, Own, Side, View
from offchain.simulate.season.behaviours.hoarder import DEAR_HOURS, STARVED, Hoarder
from offchain.simulate.season.behaviours.sandwich import Sandwich, best, earned
from offchain.simulate.season.behaviours.speculator import MARGIN, Speculator
from offchain.simulate.season.behaviours.wash_trader import WashTrader
from offchain.simulate.season.exchange import Exchange
from offchain.simulate.season.founding import capital
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.manipulator import Means, beside
from offchain.simulate.season.moving import RISES, move
from offchain.simulate.season.protections import Protections
from offchain.simulate.season.season import Home, Microgrid, Season
from offchain.simulate.season.trials import edge
from offchain.units import ETHER, WATT_HOUR

WON_PER_ETH = 4_000_000.0
ENERGY = 700 * ETHER
PRICE = 150.0
"""Won a kWh in the exchange."""
SEASON = Season(
    datetime(2026, 6, 1, tzinfo=UTC),
    [Home("home-01", 0, 0.0, 6_000), Home("home-02", 0, 0.0, 6_000)],
    [Microgrid("MG1", 4_000)],
    [],
    np.zeros((24, 2), np.int64),
    np.zeros((24, 2), np.int64),
    np.full(24, 250.0),
    np.full(24, 90.0),
)
RANDOM = np.random.default_rng(1)


def exchange(price: float = PRICE) -> Exchange:
    """With a snapshot of long ago."""
    found = Exchange(int(ENERGY * price / WON_PER_ETH), ENERGY)
    found.snapshots.append((0, 0))
    return found


def view(spot: float = PRICE, history: list[float] | None = None, foreseen: list[float] | None = None) -> View:
    one = np.array([spot])
    return View(
        0,
        SEASON.start,
        one,
        one,
        np.array([ENERGY / WATT_HOUR]),
        np.array(history or []).reshape(-1, 1),
        SEASON.tariff,
        SEASON.feed_in,
        np.array(foreseen or [0.0] * 24).reshape(24, 1),
    )


def traded(pool: Exchange, order: Order) -> float:
    """Does a whole order; returns won it got, or, negative, paid."""
    if order.side is Side.SELL:
        return pool.sell(order.wh * WATT_HOUR, 1) / ETHER * WON_PER_ETH
    wei = pool.eth_for(order.wh * WATT_HOUR)
    pool.buy(wei, 1)
    return -wei / ETHER * WON_PER_ETH


@given(st.floats(60, 400), st.floats(60, 400))
def test_a_speculator_brings_the_price_to_the_mean(spot: float, mean: float) -> None:
    """Y30 and not beyond it, at a price on average that still is better than the mean."""
    mind = Speculator(SEASON, 0, RANDOM)
    orders = mind.orders(Own(0, notes={0: 10**9}), view(spot, [mean] * 48), 0, 0)
    if abs(spot / mean - 1) <= MARGIN:
        assert not orders
        return
    (order,) = orders
    assert (order.side is Side.BUY) == (spot < mean)
    assume(order.wh >= 10)
    pool = exchange(spot)
    won = traded(pool, order)
    after = pool.price * WON_PER_ETH
    assert after == pytest.approx(mean, rel=0.004)
    assert abs(won) / order.wh * 1000 == pytest.approx(order.limit, rel=0.005)


def test_a_speculator_without_a_past_goes_by_the_utilitys_prices() -> None:
    """Y30: between the tariff and the feed-in price, 170 won here; it sells only what it has."""
    mind = Speculator(SEASON, 0, RANDOM)
    assert mind.orders(Own(0), view(150.0), 0, 0)[0].side is Side.BUY
    assert mind.orders(Own(0), view(200.0), 0, 0) == []
    (order,) = mind.orders(Own(0, notes={0: 700}), view(200.0), 300, 100)
    assert (order.side, order.wh) == (Side.SELL, 900)


def test_a_hoarder_sells_when_most_is_needed_and_else_buys() -> None:
    """Y30: before all others, never more than a share of all there is, never above the tariff."""
    mind = Hoarder(SEASON, 0, RANDOM)
    needed = [-1.0] * 24
    (order,) = mind.orders(Own(0, notes={0: 0}), view(foreseen=[0.0, *needed[1:]]), 0, 0)
    assert (order.side, order.limit, order.turn) == (Side.BUY, 250.0, 0.0)
    assert order.wh == int(STARVED * ENERGY / WATT_HOUR)
    assert mind.orders(Own(0, notes={0: 2 * ENERGY // WATT_HOUR}), view(foreseen=[0.0, *needed[1:]]), 0, 0) == []
    (order,) = mind.orders(Own(0, notes={0: 5_000}), view(foreseen=[-9.0, *needed[1:]]), 0, 0)
    assert (order.side, order.wh, order.turn) == (Side.SELL, 5_000, 0.0)
    assert mind.orders(Own(0), view(foreseen=[-9.0, *needed[1:]]), 0, 0) == []
    dearer = [*[-5.0] * DEAR_HOURS, *needed[DEAR_HOURS + 1 :]]
    (order,) = mind.orders(Own(0, notes={0: 5_000}), view(foreseen=[-2.0, *dearer]), 0, 0)
    assert order.side is Side.BUY


@given(st.integers(250, 4_096_000))
def test_a_wash_trader_wants_nothing(most: int) -> None:
    """Y30 it sells as much as it buys, first the one and last the other, in four trades that a meter can make."""
    mind = WashTrader(SEASON, 0, RANDOM)
    orders = mind.orders(Own(0, most=most), view(), 0, 0)
    assert [order.side for order in orders] == [Side.BUY, Side.BUY, Side.SELL, Side.SELL]
    assert [order.turn for order in orders] == [0.0, 0.0, 1.0, 1.0]
    assert len({order.wh for order in orders}) == 1
    assert orders[0].wh <= most
    left = mind.orders(Own(0, notes={0: orders[0].wh}, most=most), view(), 0, 0)
    assert [order.side for order in left] == [Side.SELL, Side.SELL]


@given(
    st.sampled_from(list(Side)),
    st.integers(100, 60_000),
    st.floats(0.001, 0.05),
    st.floats(0.1, 60),
)
def test_a_sandwich_earns_what_it_computes(side: Side, wh: int, slippage: float, amount: float) -> None:
    """Y30: around an order of a given minimum, to a thousandth of a kWh; the order itself still goes through."""
    pool, energy = exchange(), wh * WATT_HOUR
    given_wei = pool.eth_for(energy)
    expected = pool.eth_of(energy) if side is Side.SELL else energy
    minimum = int(expected * (1 - slippage))
    worst = (minimum / energy if side is Side.SELL else given_wei / minimum) * WON_PER_ETH
    won = earned(PRICE, ENERGY / ETHER, Order(side, wh, worst, 0), amount)
    own = round(amount * 1000)
    before, behind = (Side.BUY, Side.SELL) if side is Side.BUY else (Side.SELL, Side.BUY)
    made = traded(pool, Order(before, own, 0.0, 0))
    got = pool.sell(energy, 1) if side is Side.SELL else pool.buy(given_wei, 1)
    assume(abs(got / minimum - 1) > 1e-5)  # at the edge, floats don't tell
    if got < minimum:
        assert won == -1.0
        return
    made += traded(pool, Order(behind, own, 0.0, 0))
    assert won == pytest.approx(made, abs=amount * PRICE * 1e-3)


@given(st.sampled_from(list(Side)), st.integers(100, 60_000), st.floats(0.5, 40))
def test_the_best_sandwich_is_at_least_as_good_as_others(side: Side, wh: int, most: float) -> None:
    """Y30 and what doesn't pay for the exchange's fees isn't done at all."""
    worst = PRICE * (1.02 if side is Side.BUY else 0.98)
    seen = Order(side, wh, worst, 0)
    own = Own(0, notes={0: int(most * 1000)})
    amount, won = best(PRICE, ENERGY / ETHER, seen, most)
    assert all(earned(PRICE, ENERGY / ETHER, seen, most * share / 40) <= won for share in range(1, 41))
    before, behind = Sandwich(SEASON, 0, RANDOM).around(own, view(), seen)
    assert bool(before) == bool(behind) == (won > 0)
    if before:
        assert before[0].wh == behind[0].wh == pytest.approx(amount, abs=1)
        assert before[0].side is side
    if wh < 500:  # a thousandth of the exchange moves its price by less than the fees there and back
        assert not before


def test_a_sandwich_needs_a_stock_and_trades_at_home() -> None:
    """Y30: notes that were bought in a block can't be spent in it."""
    mind, seen = Sandwich(SEASON, 0, RANDOM), Order(Side.BUY, 50_000, 400.0, 0)
    assert mind.around(Own(0), view(), seen) == ([], [])
    assert mind.around(Own(0, notes={0: 9_000}), view(), replace(seen, microgrid=1)) == ([], [])
    assert mind.around(Own(0, notes={0: 9_000}, most=0), view(), seen) == ([], [])
    assert mind.around(Own(0, notes={0: 9_000}), view(), seen)[0]
    (order,) = mind.orders(Own(0), view(), 0, 0)
    assert (order.side, order.wh) == (Side.BUY, 35_000)
    assert mind.orders(Own(0, notes={0: 35_000}), view(), 0, 0) == []


@given(st.floats(0.01, 2.0), st.floats(20, 900))
def test_a_moved_price_is_where_it_was_to_be(rise: float, price: float) -> None:
    """Y31 a wei less doesn't move it there; what is lost by moving it back at once is the fee each way."""
    pool, means = exchange(price), Means()
    found = move(pool, rise, means, Rules(), WON_PER_ETH)
    wei = round(found.capital / WON_PER_ETH * ETHER)
    after = Exchange(pool.eth, pool.tokens)
    after.buy(wei, 1)
    assert after.price / pool.price == pytest.approx(1 + rise, rel=1e-6)
    assert found.energy == pytest.approx(ENERGY / ETHER * (1 - (1 + rise) ** -0.5), rel=0.002)
    assert found.capital * 0.003 < found.lost < found.capital * 0.0061
    assert found.meter_hours == found.meters >= found.energy / 6.2


def test_what_protections_ask_of_who_moves_a_price() -> None:
    """Y31: 10 % of an exchange of 700 kWh are 33 kWh: six hours of one meter whose trades move 6.1 kWh together, or
    six meters; the bound lets 10 % pass at once, and each tenth more after half an hour."""
    found = [move(exchange(), rise, Means(), Rules(), WON_PER_ETH) for rise in RISES]
    assert [(one.meter_hours, one.meters, one.bound_hours) for one in found] == [
        (3, 3, 0.0),
        (6, 6, 0.0),
        (13, 13, 1.0),
        (21, 21, 2.0),
    ]
    assert move(exchange(), 0.1, Means(meters=3), Rules(), WON_PER_ETH).meter_hours == 2
    assert move(exchange(), 0.1, Means(capacity=1_000), Rules(), WON_PER_ETH).meter_hours == 33


def test_nobody_stands_behind_a_manipulators_meters_in_the_counterfactual() -> None:
    """Y32: the same homes, so the same exchanges; without participation it has no meter."""
    with_it, without = (beside(SEASON, kind, Means(2), Protections()) for kind in ("hoarder", None))
    assert [home.behaviour for home in with_it.homes] == ["honest", "honest", "hoarder", "hoarder"]
    assert [replace(home, behaviour="honest") for home in with_it.homes] == without.homes
    assert with_it.used.shape == with_it.made.shape == (24, 4)
    assert with_it.homes[-1].capacity == 6_200
    outside = beside(SEASON, "hoarder", Means(2), Protections(participation=False))
    assert outside.homes[-1].capacity == 0


def test_a_manipulators_eth_is_a_multiple_of_an_exchanges() -> None:
    """Y30: to the wei, and that of homes is none of its business."""
    reserve = 10**18 + 1
    for multiple, wei in ((1.0, reserve), (0.5, reserve // 2), (3.0, 3 * reserve)):
        season = beside(SEASON, "hoarder", Means(capital=multiple), Protections())
        assert capital(season, len(SEASON.homes), reserve) == wei
        assert capital(season, 0, reserve) == capital(SEASON, 0, reserve)


@pytest.mark.parametrize(
    "wrong",
    [
        {"meters": 0},
        {"meters": 21},
        {"capacity": 7},
        {"capacity": 10**7},
        {"capital": 0.0},
        {"capital": 101.0},
        {"capital": float("nan")},
    ],
)
def test_means_that_nobody_has(wrong: dict[str, Any]) -> None:
    """P9"""
    with pytest.raises(UserError):
        Means(**wrong)


@pytest.mark.parametrize("rise", [0.0, -0.1, 4.1, float("nan")])
def test_rises_that_make_no_sense(rise: float) -> None:
    """P9"""
    with pytest.raises(UserError, match="a price is moved by"):
        move(exchange(), rise, Means(), Rules(), WON_PER_ETH)


def test_what_trades_bring_is_told_from_what_waiting_brings() -> None:
    """Y33: whoever trades at the prices that there would have been gains nothing by its trades; others' count not."""
    ledger, before = (Ledger.blank(2, 2, 1, 0) for _ in range(2))
    before.average[:, 0] = 100.0, 150.0
    ledger.bought[0, 1], ledger.paid[0, 1] = 2_000, 200.0
    ledger.sold[1, 1], ledger.earned[1, 1] = 2_000, 300.0
    ledger.sold[:, 0], ledger.earned[:, 0] = 5_000, 1.0
    assert edge(ledger, before, slice(1, None)) == 0.0
    ledger.earned[1, 1] = 290.0  # the price fell by what it sold
    assert edge(ledger, before, slice(1, None)) == -10.0
