"""Batteries, cars, lines and transformers: no Wh is lost or found, and none goes beyond what a part can."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.errors import UserError
from offchain.simulate.season.behaviour import Plan
from offchain.simulate.season.physics import Energy, Hour, Plant, Stored
from offchain.simulate.season.season import Battery, Car, Home, Line, Microgrid, Season

START = datetime(2024, 6, 1, tzinfo=UTC)
HOURS = 24


def a_season(
    homes: list[Home], made: Energy, used: Energy, power: int = 2_000, feeder: int = 5_000, loss: float = 0.03
) -> Season:
    """Two microgrids with a line between them."""
    price = np.full(len(made), 100.0)
    ends = [Microgrid("MG1", feeder), Microgrid("MG2", feeder)]
    return Season(START, homes, ends, [Line((0, 1), power, loss)], used, made, price, price)


def a_home(microgrid: int, **parts: Battery | Car) -> Home:
    """With a meter that counts up to 10 kWh an hour."""
    return Home("home", microgrid, 3.0, 10_000, **parts)  # type: ignore[arg-type]


def one_hour(made: list[int], used: list[int], plans: list[Plan], homes: list[Home], **parts: int) -> Hour:
    """The first hour of a season of one."""
    plant = Plant.of(a_season(homes, np.array([made]), np.array([used]), **parts))
    return plant.hour(0, plant.first, plans)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 6_000), st.integers(0, 9_000), st.sampled_from([0.0, 0.03, 0.5]))
def test_energy_is_conserved_to_the_watt_hour(seed: int, power: int, feeder: int, loss: float) -> None:
    """Y1 with random homes, plans, lines and transformers, of every home, microgrid, battery and car, in every hour."""
    random = np.random.default_rng(seed)
    homes = []
    for place in range(6):
        parked = random.random(HOURS) < 0.7
        driven = np.where(parked, 0, random.integers(0, 900, HOURS))
        parts: dict[str, Battery | Car] = {"battery": Battery(int(random.integers(1, 9_000)), 2_500, 0.87)}
        if place % 2:
            parts["car"] = Car(40_000, 3_000, parked, driven)
        homes.append(a_home(place % 2, **parts))
    made, used = random.integers(0, 4_000, (2, HOURS, len(homes)))
    season = a_season(homes, made, used, power, feeder, loss)
    plant = Plant.of(season)
    stored = plant.first
    for hour in range(HOURS):
        plans = [Plan(*(int(wh) for wh in random.integers(-6_000, 6_000, 2))) for _ in homes]
        done = plant.hour(hour, stored, plans)
        into = done.charged + done.into_car
        assert (
            made[hour] + done.discharged + done.imported == used[hour] + into + done.curtailed + done.exported
        ).all()
        inside = (done.charged * plant.efficiency).astype(np.int64)
        assert (done.stored.battery == stored.battery + inside - done.discharged).all()
        assert (done.stored.car == stored.car + done.into_car - plant.driven[hour]).all()
        left = plant.by_microgrid(done.exported - done.imported)
        leaving, arriving = np.maximum(0, done.flow), np.maximum(0, -done.flow)
        out = np.array(
            [
                leaving - np.where(arriving, arriving - done.lost, 0),
                arriving - np.where(leaving, leaving - done.lost, 0),
            ]
        )
        assert (left - out.sum(axis=1) == done.utility).all()
        for energy in (
            done.charged,
            done.discharged,
            done.into_car,
            done.curtailed,
            done.lost,
            *vars(done.stored).values(),
        ):
            assert (energy >= 0).all()
        assert (done.curtailed <= made[hour]).all()
        assert (done.charged * done.discharged == 0).all()
        assert (done.exported * done.imported == 0).all()
        assert (done.stored.battery <= plant.battery).all()
        assert (done.stored.car <= plant.car).all()
        assert (np.maximum(done.exported, done.imported) <= plant.meter).all()
        assert (abs(done.flow) <= power).all()
        assert (done.utility <= feeder).all()
        assert (done.overload == np.maximum(0, -done.utility - feeder)).all()
        stored = done.stored


def test_surplus_serves_the_neighbours_before_the_utility() -> None:
    """Y2: what the line carries is used there, less its loss; the rest goes to the utility, and the need that is left
    comes from it."""
    done = one_hour([9_000, 0], [1_000, 4_000], [Plan(), Plan()], [a_home(0), a_home(1)])
    assert done.flow.tolist() == [2_000]
    assert done.lost.tolist() == [60]
    assert done.utility.tolist() == [5_000, -2_060]
    assert done.curtailed.tolist() == [1_000, 0]


def test_a_line_carries_no_more_than_is_needed() -> None:
    """Y2: of a small need, what leaves is the need and its loss, either way."""
    there = one_hour([3_000, 0], [0, 970], [Plan(), Plan()], [a_home(0), a_home(1)])
    back = one_hour([0, 3_000], [970, 0], [Plan(), Plan()], [a_home(0), a_home(1)])
    assert there.flow.tolist() == [1_000]
    assert back.flow.tolist() == [-1_000]
    assert there.utility.tolist() == [2_000, 0]


def test_curtailment_is_shared_by_what_homes_export() -> None:
    """Y3: pro rata, to the Wh, and nobody is cut who exports nothing."""
    homes = [a_home(0), a_home(0), a_home(0), a_home(1)]
    done = one_hour([6_000, 3_000, 100, 0], [0, 0, 200, 0], [Plan()] * 4, homes)
    assert done.curtailed.tolist() == [2_600, 1_300, 0, 0]
    assert done.utility.tolist() == [5_000, 0]


def test_a_battery_keeps_what_it_could_not_give() -> None:
    """Y3: PV is curtailed only after a battery gives nothing."""
    home = a_home(0, battery=Battery(5_000, 3_000, 1.0))
    plant = Plant.of(a_season([home], np.array([[4_000]]), np.array([[0]])))
    done = plant.hour(0, Stored(np.array([5_000]), np.array([0])), [Plan(battery=-3_000)])
    assert (done.discharged.item(), done.curtailed.item(), done.stored.battery.item()) == (1_000, 0, 4_000)


def test_need_beyond_the_transformer_is_overload() -> None:
    """Y4: it is told, and the homes get it all the same."""
    done = one_hour([0, 0], [7_000, 0], [Plan(), Plan()], [a_home(0), a_home(1)])
    assert done.overload.tolist() == [2_000, 0]
    assert done.imported.tolist() == [7_000, 0]


def test_a_car_is_charged_what_its_next_way_needs() -> None:
    """Y5: whatever the plan is, in the last hours in which it can be."""
    parked, driven = np.array([1, 0, 1, 1, 1, 0], bool), np.array([0, 9_000, 0, 0, 0, 8_500])
    home = a_home(0, car=Car(10_000, 3_000, parked, driven))
    nothing = np.zeros((6, 1), np.int64)
    plant = Plant.of(a_season([home], nothing, nothing))
    stored, charged = plant.first, []
    for hour in range(6):
        done = plant.hour(hour, stored, [Plan()])
        stored = done.stored
        charged.append(done.into_car.item())
    assert charged == [0, 0, 1_500, 3_000, 3_000, 0]
    assert stored.car.item() == 0


def test_a_way_that_no_charging_serves_is_refused() -> None:
    """Y5 in one line that says which home's."""
    parked, driven = np.array([1, 0, 0], bool), np.array([0, 6_000, 6_000])
    nothing = np.zeros((3, 1), np.int64)
    with pytest.raises(UserError, match="the car of home can't store what it drives"):
        Plant.of(a_season([a_home(0, car=Car(10_000, 3_000, parked, driven))], nothing, nothing))
