"""The worlds that the market is compared with: nothing is lost in them, no Wh and no won."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator

from offchain.simulate.season.auction import Auction
from offchain.simulate.season.auction_trials import auction_trials
from offchain.simulate.season.behaviour import Order, Own, Plan, Side, View
from offchain.simulate.season.behaviours import BEHAVIOURS
from offchain.simulate.season.inputs import Choices, season_of
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.manipulator import Means
from offchain.simulate.season.season import Home, Line, Microgrid, Season
from offchain.simulate.season.utility import UtilityOnly

WORLDS: dict[str, type[UtilityOnly | Auction]] = {"utility": UtilityOnly, "auction": Auction}


class Erratic:
    """Wants anything: more than it has, of any microgrid, at any limit."""

    def __init__(self, season: Season, place: int, random: Generator) -> None:
        self.random = random

    def plan(self, own: Own, view: View) -> Plan:
        return Plan(*(int(wh) for wh in self.random.integers(-9_000, 9_000, 2)))

    def orders(self, own: Own, view: View, exported: int, imported: int) -> Sequence[Order]:
        limits = [0.0, 95.0, 150.0, 300.0, float("nan"), float("inf")]
        return [
            Order(side, int(self.random.integers(-10, 8_000)), float(self.random.choice(limits)), microgrid)
            for side in Side
            for microgrid in (-1, 0, 1, 2)
        ]

    def around(self, own: Own, view: View, seen: Order) -> tuple[Sequence[Order], Sequence[Order]]:
        return [], []


@cache
def drawn(seed: int) -> Season:
    """Two days of eight homes."""
    choices = Choices(homes=8, days=2, seed=seed, line_kw=1, feeder_kw_per_home=0.5, batteries=0.5, cars=0.5)
    return season_of(choices).season


def lived(season: Season, world: str) -> Ledger:
    """What happened."""
    one = WORLDS[world](season, lambda hour: np.zeros((24, 2)))
    assert list(one.run()) == list(range(season.hours))
    return one.ledger


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 3), st.sampled_from(sorted(WORLDS)), st.booleans())
def test_energy_and_money_are_conserved(seed: int, world: str, erratic: bool) -> None:
    """Y21: of each home and hour, what its meter counts and what it trades is what the utility settles; what homes pay
    for it are the utility's prices; what is sold locally is bought there or lost on lines."""
    season = drawn(seed)
    with pytest.MonkeyPatch.context() as patch:
        if erratic:
            patch.setitem(BEHAVIOURS.own, "honest", f"{__name__}:Erratic")
        books = lived(season, world)
    metered = books.made + books.discharged - books.used - books.curtailed
    assert (metered + books.bought - books.sold == books.fed_in - books.drawn).all()
    assert (books.notes == 0).all()
    assert np.allclose(books.credited, books.fed_in * season.feed_in[:, None] / 1000)
    assert np.allclose(books.billed, books.drawn * season.tariff[:, None] / 1000)
    lost = books.sold.sum(axis=1) - books.bought.sum(axis=1)
    assert (lost >= 0).all()
    assert (lost <= np.ceil(0.03 * season.lines[0].power)).all()
    assert np.isfinite(books.price).all()


def village(power: int) -> Season:
    """A roof in one microgrid, a home in the other: an hour of sun, an hour of night."""
    homes = [Home("home-01", 0, 4.0, 6_000), Home("home-02", 1, 0.0, 6_000)]
    made, used = np.array([[4_000, 0], [0, 0]]), np.array([[1_000, 2_000], [1_000, 1_000]])
    prices = np.array([200.0, 250.0]), np.array([90.0, 90.0])
    return Season(
        drawn(0).start,
        homes,
        [Microgrid("MG1", 9_000), Microgrid("MG2", 9_000)],
        [Line((0, 1), power, 0.1)],
        used,
        made,
        *prices,
    )


def test_the_utility_settles_what_meters_count() -> None:
    """Y21 by hand."""
    books = lived(village(1_000), "utility")
    assert books.fed_in.tolist() == [[3_000, 0], [0, 0]]
    assert books.drawn.tolist() == [[0, 2_000], [1_000, 1_000]]
    assert books.cost.tolist() == [250 - 270, 400 + 250]
    assert books.flow[:, 0].tolist() == [1_000, 0]
    assert books.congestion.max() == 0


@pytest.mark.parametrize(
    ("power", "sold", "bought", "apart", "costs"),
    [
        (9_000, 2_222, 1_999, 0.0, [250 - 0.090 * 2_222 - 0.09 * 778, 1_999 * 0.1 + 0.2 + 250]),
        (1_000, 1_000, 900, 90.0, [250 - 90 - 180, 0.9 * 200 + 1.1 * 200 + 250]),
    ],
)
def test_an_auction_pays_by_the_scarcer_side_and_a_full_line_earns(
    power: int, sold: int, bought: int, apart: float, costs: list[float]
) -> None:
    """Y21 by hand: with a wide line there is more than enough, so the sellers' limit is the price, after
    the loss; with a narrow one each side has its own, and the line's owner the rest."""
    books = lived(village(power), "auction")
    assert (books.sold[0, 0], books.bought[0, 1]) == (sold, bought)
    assert books.congestion[0, 0] == pytest.approx(apart)
    assert books.cost == pytest.approx(costs, abs=0.3)


def test_a_home_that_changes_nothing_costs_the_same_in_both_worlds() -> None:
    """Y21: where nobody has a roof there is nothing to trade."""
    dark = replace(drawn(0), made=np.zeros_like(drawn(0).made))
    assert np.array_equal(lived(dark, "utility").cost, lived(dark, "auction").cost)


def test_in_the_auction_a_manipulator_that_does_as_homes_do_changes_nothing_and_a_hoarder_loses() -> None:
    """Y26: the same season with and without it; what nobody gains another has lost, or the utility and lines have."""
    season = drawn(1)
    net = season.made - season.used

    def known(hour: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        sums = np.zeros((24, 2))
        rows = net[hour : hour + 24]
        np.add.at(sums[: len(rows)].T, season.places, rows.T)
        return sums

    honest, hoarder = auction_trials(season, known, Means(), ("honest", "hoarder"))
    assert (honest.distortion, honest.profit, honest.harm) == (0, 0, 0)
    assert hoarder.distortion > 0
    assert hoarder.profit < 0
