"""Each figure of a season by hand, on two hours of two homes; and money that adds up over all parties."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.simulate.season.auction import Auction
from offchain.simulate.season.inputs import Choices, season_of
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.metrics import currents, figures, gains, gini, held, money, spread, stored, volatility
from offchain.simulate.season.season import Battery, Home, Line, Microgrid, Season
from offchain.simulate.season.utility import UtilityOnly

SEASON = Season(
    datetime(2026, 6, 1, tzinfo=UTC),
    [Home("home-01", 0, 4.0, 6_000, battery=Battery(5_000, 2_000)), Home("home-02", 1, 0.0, 6_000)],
    [Microgrid("MG1", 1_500), Microgrid("MG2", 900)],
    [Line((0, 1), 1_000, 0.1)],
    np.array([[500, 2_000], [1_000, 1_000]]),
    np.array([[5_000, 0], [0, 0]]),
    np.array([200.0, 250.0]),
    np.array([90.0, 80.0]),
)
"""Noon: 5 kWh are made, 1 is stored, 1 goes over the line and fills it, 1.5 to the utility, 1 nowhere. Evening:
half a kWh comes out of the battery."""


def a_ledger() -> Ledger:
    """What happened then, in a market: half of what arrives is bought for 150, half a kWh is kept as a note."""
    books = Ledger.blank(2, 2, 2, 1)
    books.made, books.used = SEASON.made.copy(), np.array([[1_500, 2_000], [1_000, 1_000]])
    books.discharged[1, 0], books.curtailed[0, 0], books.stored[:, 0] = 500, 1_000, [900, 400]
    books.flow[0, 0], books.congestion[0, 0], books.rent[0, 0] = 1_000, 60.0, 15.0
    books.refused[1, 1], books.pooled[:, 0] = 300, 100
    books.overload[0, 1] = 200
    books.sold[0, 0], books.bought[0, 1], books.notes[:, 0] = 1_000, 900, 500
    books.earned[0, 0], books.paid[0, 1] = 110, 135
    books.fed_in[0, 0], books.drawn[:] = 1_000, [[0, 1_100], [500, 1_000]]
    books.credited[0, 0], books.billed[:] = 90, [[0, 220], [125, 250]]
    books.price[:], books.average[:] = [[100, 150], [200, 150]], [[110, 150], [190, 150]]
    return books


def test_currents_are_what_meters_counted_and_lines_carried() -> None:
    """Y22 by hand: a full line holds back no more than what is needed there."""
    flows = currents(SEASON, a_ledger())
    assert flows.utility.tolist() == [[1_500, -1_100], [-500, -1_000]]
    assert (flows.given.tolist(), flows.drawn.tolist()) == ([1_500, 0], [1_100, 1_500])
    assert flows.lost.tolist() == [[100], [0]]
    assert flows.held.tolist() == [[int(1_100 / 0.9)], [0]]


def test_households_by_hand() -> None:
    """Y22: costs on balance less what is left: half a kWh as a note and 0.4 in the battery."""
    assert held(SEASON, a_ledger()).tolist() == [0.5 * 80, 0]
    assert stored(SEASON, a_ledger()).tolist() == [0.4 * 80, 0]
    found = figures(SEASON, a_ledger())["households"]
    assert [home["cost"] for home in found["by_home"]] == [pytest.approx(125 - 110 - 90 - 72), 135 + 220 + 250]
    assert [home["income"] for home in found["by_home"]] == [200, 0]
    assert [home["expense"] for home in found["by_home"]] == [125, 605]
    assert found["cost"]["total"] == pytest.approx(605 - 147)
    assert found["income"]["gini"] == pytest.approx(0.5)
    assert found["expense"]["gini"] == pytest.approx((605 - 125) / (2 * 730))
    assert found["by_home"][0] | {"cost": 0} == {
        "home": "home-01",
        "microgrid": "MG1",
        "behaviour": "honest",
        "pv_kw": 4.0,
        "cost": 0,
        "income": 200,
        "expense": 125,
        "used_kwh": 2.5,
        "made_kwh": 5.0,
    }


def test_spread_and_gini_by_hand() -> None:
    """Y22."""
    assert spread(np.arange(11.0)) == {"mean": 5, "least": 0, "p10": 1, "median": 5, "p90": 9, "most": 10}
    assert gini(np.array([3.0, 3.0, 3.0])) == 0
    assert gini(np.array([0.0, 0.0, 0.0, 8.0])) == pytest.approx(0.75)
    assert gini(np.array([1.0, 2.0, 3.0])) == pytest.approx(2 / 9)
    assert gini(np.zeros(3)) is None
    assert gini(np.array([-1.0, 5.0])) is None


def test_energy_and_grid_by_hand() -> None:
    """Y22."""
    found = figures(SEASON, a_ledger())
    assert found["energy"] == {
        "made_kwh": 5.0,
        "used_kwh": 5.5,
        "drawn_kwh": 2.6,
        "given_kwh": 1.5,
        "curtailed_kwh": 1.0,
        "lost_on_lines_kwh": 0.1,
        "self_sufficiency": pytest.approx(1 - 2.6 / 5.5),
        "local_use": pytest.approx(0.5),
    }
    first, second = found["grid"]["transformers"]
    assert first == {
        "microgrid": "MG1",
        "kw": 1.5,
        "peak_drawn_kw": 0.5,
        "peak_given_kw": 1.5,
        "overload_kwh": 0,
        "overload_hours": 0,
        "curtailed_kwh": 1.0,
    }
    assert (second["peak_drawn_kw"], second["overload_kwh"], second["overload_hours"]) == (1.1, 0.2, 1)
    assert found["grid"]["peak_kw"] == 1.5
    assert found["grid"]["lines"] == [
        {
            "ends": ["MG1", "MG2"],
            "kw": 1.0,
            "carried_kwh": 1.0,
            "lost_kwh": 0.1,
            "full_hours": 1,
            "held_back_kwh": 1.222,
            "held_back_hours": 1,
            "congestion": 60.0,
            "rent": 15.0,
        }
    ]


def test_prices_and_trade_by_hand() -> None:
    """Y22."""
    found = figures(SEASON, a_ledger())
    assert found["prices"][0] == {
        "microgrid": "MG1",
        "mean": 150,
        "lowest": 100,
        "highest": 200,
        "volatility": 0.0,  # of one return
        "volatility_of_averages": 0.0,
    }
    assert volatility(np.array([100.0, 200.0, 100.0])) == pytest.approx(log(2))
    assert volatility(np.array([100.0, 200.0, 0.0])) is None
    assert volatility(np.array([100.0])) is None
    assert found["trade"] == {
        "sold_kwh": 1.0,
        "bought_kwh": 0.9,
        "metered_kwh": 2.5 + 2.0 + 0.5 + 1.0,
        "physical_ratio": pytest.approx(6.0 / 1.9),
        "held_at_the_end_kwh": 0.5,
        "pooled_kwh": 0.1,
        "refused_kwh": 0.3,
    }


def test_money_by_hand() -> None:
    """Y22: what homes pay, the utility and others get; a note and what the pool has more are owed by the utility."""
    found = money(SEASON, a_ledger(), currents(SEASON, a_ledger()))
    assert found == {
        "homes": 40 - (125 + 605 - 200),
        "utility": 595 - 90 - 40 - 8,
        "lines": 15,
        "founders": 10 + 8,
        "energy": pytest.approx(-0.4 * 90 + 1.5 * 80),
        "margin": pytest.approx(457 - 84),
    }


def test_gains_tell_who_pays() -> None:
    """Y22, against a world in which the utility settles all that the meters counted."""
    without = a_ledger()
    for name in ("sold", "bought", "earned", "paid", "notes", "congestion", "rent", "pooled"):
        getattr(without, name)[:] = 0
    without.fed_in[0, 0], without.drawn[0, 1] = 2_500, 2_000
    without.credited[0, 0], without.billed[0, 1] = 225, 400
    found = gains(SEASON, a_ledger(), without)
    assert found["by_home"] == [pytest.approx(110 + 90 + 40 - 225), pytest.approx(400 - 135 - 220)]
    assert found["by_group"] == {
        "with a roof": found["by_home"][0],
        "without a roof": found["by_home"][1],
        "honest": pytest.approx(found["homes"] / 2),
    }
    assert (found["homes"], found["stored"]) == (pytest.approx(60), 0)
    assert (found["saved"], found["from_lines"], found["from_founders"]) == (0, -15, -18)
    assert found["from_utility"] == pytest.approx(60 + 15 + 18)
    assert (found["better_off"], found["worse_off"], found["most_lost"]) == (2, 0, 0)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2), st.sampled_from([UtilityOnly, Auction]))
def test_money_adds_up_to_nothing_over_all_parties(seed: int, world: type[UtilityOnly | Auction]) -> None:
    """Y22: of any season and world; a gain is somebody's loss or energy saved. All figures are JSON."""
    season = season_of(Choices(homes=6, days=1, seed=seed, line_kw=1, feeder_kw_per_home=0.5, batteries=1)).season
    one, without = world(season, lambda hour: np.zeros((24, 2))), UtilityOnly(season, lambda hour: np.zeros((24, 2)))
    for lived in (one, without):
        assert len(list(lived.run())) == 24
    parties = money(season, one.ledger, currents(season, one.ledger))
    assert sum(parties[party] for party in ("homes", "utility", "lines", "founders")) == pytest.approx(0, abs=1e-6)
    assert parties["founders"] == pytest.approx(0, abs=1e-6)  # an auction has none
    found = gains(season, one.ledger, without.ledger)
    paid = found["saved"] + found["from_utility"] + found["from_lines"] + found["from_founders"] + found["stored"]
    assert found["homes"] == pytest.approx(paid, abs=1e-6)
    flows = currents(season, one.ledger)
    assert (flows.drawn.sum() - flows.given.sum()) == (
        one.ledger.used + one.ledger.curtailed - one.ledger.made - one.ledger.discharged
    ).sum() + flows.lost.sum()
    assert json.loads(json.dumps(figures(season, one.ledger), allow_nan=False))


def test_a_season_without_homes_that_use_or_make_has_figures_too() -> None:
    """Y22: nothing is divided by nothing."""
    still = replace(SEASON, made=np.zeros((2, 2), np.int64), used=np.zeros((2, 2), np.int64))
    found = figures(still, Ledger.blank(2, 2, 2, 1))
    assert found["energy"]["self_sufficiency"] is None
    assert found["trade"]["physical_ratio"] is None
    assert found["prices"][0]["volatility"] is None
