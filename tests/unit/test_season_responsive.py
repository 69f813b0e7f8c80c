"""The price-responsive household, and the forecast that it follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from offchain.simulate.season.behaviour import Own, View
from offchain.simulate.season.behaviours.responsive import Responsive
from offchain.simulate.season.foresight import LEAST_BEFORE, foresee
from offchain.simulate.season.households import AHEAD
from offchain.simulate.season.inputs import Choices, Inputs, season_of
from offchain.simulate.season.season import Battery, Car, Home, Microgrid, Season
from offchain.simulate.season.utility import UtilityOnly

DAY = 24
DEAR_EVENING = np.where(np.arange(DAY) >= 18, 250.0, 120.0)


def a_mind(home: Home, feeder: int = 10_000) -> Responsive:
    """Of the one home of a microgrid."""
    nothing = np.zeros((DAY, 1), np.int64)
    prices = DEAR_EVENING, np.full(DAY, 60.0)
    season = Season(datetime(2026, 6, 1, tzinfo=UTC), [home], [Microgrid("MG1", feeder)], [], nothing, nothing, *prices)
    return Responsive(season, 0, np.random.default_rng(1))


def a_view(hour: int = 0, net: float = 0.0, price: float = 100.0) -> View:
    """The tariff's day from an hour on; the microgrid makes `net` Wh more than it uses in each hour."""
    spot, tariff = np.array([price]), np.roll(DEAR_EVENING, -hour)
    moment = datetime(2026, 6, 1, hour, tzinfo=UTC)
    depth, history = np.array([100_000.0]), np.zeros((0, 1))
    return View(hour, moment, spot, spot, depth, history, tariff, np.full(DAY, 60.0), np.full((AHEAD, 1), net))


def test_a_battery_buys_before_a_dear_evening_and_serves_it() -> None:
    """Y11 with the tariff alone: a home without a roof charges in cheap hours for its evening, and not for a sale."""
    mind = a_mind(Home("home", 0, 0.0, 9_000, battery=Battery(4_000, 2_000, 0.9)))
    for hour in range(DAY):
        mind.plan(Own(0, battery=0, used=1_000), a_view(hour))
    assert mind.plan(Own(0, battery=0, used=1_000), a_view(16)).battery > 1_000
    assert mind.plan(Own(0, battery=4_000, used=1_000), a_view(19)).battery == -1_000


def test_it_sells_from_its_battery_only_where_there_is_a_market() -> None:
    """Y11: once it has traded, a price that will fall makes it sell what it stored."""
    mind = a_mind(Home("home", 0, 0.0, 9_000, battery=Battery(4_000, 2_000, 0.9)))
    dear = a_view(19, net=5_000.0, price=240.0)
    assert mind.plan(Own(0, battery=4_000), dear).battery == 0
    mind.orders(Own(0), dear, 0, 0)
    assert mind.plan(Own(0, battery=4_000), dear).battery < -1_000


def test_it_stores_what_the_grid_would_not_carry() -> None:
    """Y11: energy that a transformer won't take is worth nothing, so it is stored now and not in an hour when it is."""
    home = Home("home", 0, 6.0, 9_000, battery=Battery(4_000, 2_000, 0.9))
    full, free = a_mind(home, feeder=1_000), a_mind(home, feeder=9_000)
    view = a_view(10)
    view.foreseen[0] = 5_000.0
    own = Own(0, battery=3_000, made=5_000)
    assert full.plan(own, view).battery > 1_000
    assert full.plan(own, view).battery >= free.plan(own, view).battery


def test_a_car_is_full_when_it_leaves_and_charged_when_that_is_cheap() -> None:
    """Y11: it waits for the night's price, but never too long."""
    parked = np.array([hour not in (8, 9) for hour in range(DAY)])
    car = Car(10_000, 2_500, parked, np.where(parked, 0, 2_000))
    mind = a_mind(Home("home", 0, 0.0, 9_000, car=car))
    night = a_view(0)
    night.tariff[:5], night.tariff[5:] = 200.0, 100.0
    assert mind.plan(Own(0, car=5_000), night).car == 0
    late = replace(night, hour=6, tariff=np.full(DAY, 500.0))
    assert mind.plan(Own(0, car=5_000), late).car == 2_500
    assert mind.plan(Own(0, car=5_000), replace(late, hour=8)).car == 0


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    """A week of ten homes with batteries, all responsive."""
    return season_of(Choices(homes=10, days=7, batteries=1.0, cars=0.0, kinds={"responsive": 10}))


def test_the_forecast_is_learned_and_better_than_the_day_before(inputs: Inputs) -> None:
    """Y12 of homes' made less used, by microgrid, the same each time, without looking into the season."""
    season, forecast = inputs.season, foresee(inputs)
    net = np.stack([(season.made - season.used)[:, season.places == place].sum(axis=1) for place in (0, 1)], axis=1)
    off = np.sqrt(((forecast.net[DAY : len(net)] - net[DAY:]) ** 2).mean(axis=0))
    naive = np.sqrt(((net[DAY:] - net[:-DAY]) ** 2).mean(axis=0))
    assert (off < naive).all()
    assert forecast.error is not None
    later = season.used.copy()
    later[3 * DAY :] *= 2
    seen = foresee(replace(inputs, season=replace(season, used=later)))
    assert (seen.net[: 4 * DAY] == forecast.net[: 4 * DAY]).all()
    assert (seen.net[4 * DAY : 5 * DAY] != forecast.net[4 * DAY : 5 * DAY]).any()


def test_without_weeks_before_a_day_is_as_the_last_one(inputs: Inputs) -> None:
    """Y12: nothing is learned from less, and that is told."""
    few = replace(inputs, used_before=inputs.used_before[: LEAST_BEFORE - 1], made_before=inputs.made_before[:0])
    few = replace(few, made_before=inputs.made_before[: LEAST_BEFORE - 1])
    forecast, season = foresee(few), inputs.season
    assert forecast.error is None
    assert (forecast.net[:DAY] == 0).all()
    total = (season.made - season.used).sum(axis=1)
    assert (forecast.net[DAY : len(total)].sum(axis=1) == total[:-DAY]).all()


def test_following_it_costs_less_than_not_looking(inputs: Inputs) -> None:
    """Y11: the same homes with the same batteries pay less under the same tariff than honest ones."""
    season, forecast = inputs.season, foresee(inputs)
    honest = replace(season, homes=[replace(home, behaviour="honest") for home in season.homes])
    costs = []
    for homes in (season, honest):
        world = UtilityOnly(homes, forecast)
        assert sum(1 for _ in world.run()) == season.hours
        costs.append(float(world.ledger.cost.sum()))
    assert costs[0] < 0.99 * costs[1]
