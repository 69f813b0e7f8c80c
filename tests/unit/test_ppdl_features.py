"""What a model sees: the right numbers, in the circuit's range, and nothing of the future."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.forecast_data import recent_level
from offchain.metering.readings_file import DataError
from offchain.ppdl.learning.features import WARM_UP, Examples, Horizon, Quantity, examples
from offchain.ppdl.learning.history import (
    filled,
    lag,
    mean_of,
    profile,
    window_least,
    window_mean,
    window_most,
)
from offchain.ppdl.learning.model import FEATURES, Perceptron, to_parameters
from offchain.ppdl.learning.readings import Readings, bundled
from offchain.ppdl.learning.training import answer

WEEKS = 8
HOURS = WEEKS * 168
TRAINED = 6 * 168
KINDS = [(horizon, quantity) for horizon in Horizon for quantity in Quantity]


def readings(quantity: Quantity) -> Readings:
    """Three homes with gaps, or with panels."""
    made = bundled(3, WEEKS)
    kwh = made.kwh.copy()
    if quantity is Quantity.GENERATION:
        kwh *= np.maximum(np.sin(2 * np.pi * (np.asarray(made.hours.hour) - 6) / 24), 0)[:, None]
    kwh[200:230, 0] = np.nan
    kwh[TRAINED + 30, 1] = np.nan
    return Readings(made.households, made.hours, kwh)


def changed(old: Readings, first: int, seed: int) -> Readings:
    """With other readings from an hour on: shuffled, raised, some taken away."""
    random, kwh = np.random.default_rng(seed), old.kwh.copy()
    kwh[first:] = random.permutation(kwh[first:]) + random.uniform(0, 20, kwh[first:].shape)
    kwh[first:][random.random(kwh[first:].shape) < 0.1] = np.nan
    return Readings(old.households, old.hours, kwh)


def forecasts(data: Examples) -> NDArray[np.float32]:
    """Of some model, kWh."""
    model = Perceptron()
    return data.kwh(answer(model, to_parameters(model.initial(3))[None], torch.from_numpy(data.features)).numpy())


@settings(deadline=None, max_examples=5)
@given(first=st.integers(TRAINED, HOURS - 72), seed=st.integers(0, 100))
@pytest.mark.parametrize(("horizon", "quantity"), KINDS)
def test_the_future_changes_no_feature_and_no_forecast(
    horizon: Horizon, quantity: Quantity, first: int, seed: int
) -> None:
    """Whatever is read from an hour on, forecasts made until then stay as they are, with their scale and base."""
    old = readings(quantity)
    before, after = (examples(some, horizon, TRAINED, (), quantity) for some in (old, changed(old, first, seed)))
    told = first + horizon.value  # the first hour whose forecast may use that reading
    assert np.array_equal(before.features[:, :told], after.features[:, :told])
    assert np.array_equal(before.base[:, :told], after.base[:, :told])
    assert np.array_equal(before.scale, after.scale)
    assert np.array_equal(forecasts(before)[:, :told], forecasts(after)[:, :told])
    assert np.array_equal(before.target[:, :first], after.target[:, :first])
    assert not np.array_equal(before.features[:, told : told + 24], after.features[:, told : told + 24])


@pytest.mark.parametrize(("horizon", "quantity"), KINDS)
def test_within_training_the_future_changes_the_scale_only(horizon: Horizon, quantity: Quantity) -> None:
    """Forecasts in units of kWh are the same for a home whose later readings keep mean and spread."""
    old, first = readings(quantity), 900
    kwh = old.kwh.copy()
    kwh[first:TRAINED] = kwh[first:TRAINED][::-1]
    new = Readings(old.households, old.hours, kwh)
    before, after = (examples(some, horizon, TRAINED, (), quantity) for some in (old, new))
    told = first + horizon.value
    assert before.scale == pytest.approx(after.scale, rel=1e-6)
    assert np.abs(before.features[2, :told] - after.features[2, :told]).max() <= 2**-8
    assert np.abs(before.base[2, :told] - after.base[2, :told]).max() < 0.05
    assert not np.array_equal(before.features[2, told : told + 24], after.features[2, told : told + 24])


@pytest.mark.parametrize(("horizon", "quantity"), KINDS)
def test_features_are_what_the_circuit_takes(horizon: Horizon, quantity: Quantity) -> None:
    data = examples(readings(quantity), horizon, TRAINED, (), quantity)
    assert data.features.shape == (3, HOURS, FEATURES)
    units = data.features * 2**8
    assert np.array_equal(units, np.round(units))
    assert -2048 <= units.min() <= units.max() <= 2047
    assert not data.present[:, :WARM_UP].any()
    assert not data.present[0, 200:230].any()
    assert not data.present[1, TRAINED + 30]
    assert data.present[2, WARM_UP:].all()


def test_a_forecast_of_nothing_is_the_homes_own_regression_and_truth_is_what_was_read() -> None:
    old = readings(Quantity.DEMAND)
    data = examples(old, Horizon.NEXT_HOUR, TRAINED)
    assert data.truth()[data.present] == pytest.approx(old.kwh.T[data.present], abs=1e-4)
    assert (data.kwh(np.full_like(data.target, -100)) == 0).all()
    own = data.kwh(np.zeros_like(data.target))[:, TRAINED:]
    truth, there = old.kwh[TRAINED:].T, data.present[:, TRAINED:]
    week = lag(filled(old.kwh), 168)[TRAINED:].T
    assert np.square(own - truth)[there].mean() < 0.7 * np.square(week - truth)[there].mean()


def test_an_hour_that_isnt_read_yet_can_be_forecast() -> None:
    """The next hour's features are the same before and after it is read."""
    old = readings(Quantity.DEMAND)
    kwh = old.kwh.copy()
    kwh[-1] = np.nan
    before = examples(Readings(old.households, old.hours, kwh), Horizon.NEXT_HOUR, TRAINED)
    after = examples(old, Horizon.NEXT_HOUR, TRAINED)
    assert np.array_equal(before.features[:, -1], after.features[:, -1])
    assert np.array_equal(before.base[:, -1], after.base[:, -1])


def test_holidays_are_free_days() -> None:
    old = readings(Quantity.DEMAND)
    working, free = (
        examples(old, Horizon.NEXT_HOUR, TRAINED),
        examples(old, Horizon.NEXT_HOUR, TRAINED, [old.hours[TRAINED].date()]),
    )
    assert (free.features[:, TRAINED : TRAINED + 24] != working.features[:, TRAINED : TRAINED + 24]).any(axis=2).all()
    assert np.array_equal(free.features[:, :TRAINED], working.features[:, :TRAINED])


def test_too_few_hours_are_refused() -> None:
    """P9: told how many it takes."""
    for hours in (WARM_UP, HOURS + 1):
        with pytest.raises(DataError, match=f"{hours} of {HOURS} hours to train on: it takes more than {WARM_UP}"):
            examples(readings(Quantity.DEMAND), Horizon.NEXT_HOUR, hours)


def test_a_gap_is_filled_with_the_week_before() -> None:
    kwh = np.arange(3 * 168.0)[:, None]
    kwh[[5, 170, 173, 341]] = np.nan
    full = filled(kwh)[:, 0]
    assert full[5] == full[173] == 0
    assert full[170] == 2
    assert full[341] == 0
    assert full[7] == 7


def test_windows_profiles_and_means_are_of_the_past() -> None:
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0])
    nan = np.nan
    assert np.array_equal(lag(values, 2), [nan, nan, 3, 1, 4, 1], equal_nan=True)
    assert np.array_equal(window_mean(values, 2, 1), [nan, nan, 2, 2.5, 2.5, 3], equal_nan=True)
    assert np.array_equal(window_least(values, 2, 2), [nan, nan, nan, 1, 1, 1], equal_nan=True)
    assert np.array_equal(window_most(values, 2, 2), [nan, nan, nan, 3, 4, 4], equal_nan=True)
    assert np.array_equal(mean_of(values, [1, 3]), [nan, nan, nan, 3.5, 1, 4.5], equal_nan=True)
    kind = np.array([0, 1, 0, 1, 0, 0])
    assert np.array_equal(profile(values, kind, 0.5), [nan, nan, 3, 1, 3.5, 4.25], equal_nan=True)


def test_the_level_is_that_of_eight_weeks_until_a_day_before() -> None:
    values = np.arange(10 * 168.0)[:, None]
    level = recent_level(values)[:, 0]
    first = 8 * 168 + 24
    assert level[first] == values[1 : 8 * 168 + 1].mean()
    assert (level[:first] == values[: 8 * 168].mean()).all()
    values[first:] = 1e9
    assert np.array_equal(recent_level(values)[: first + 24, 0], level[: first + 24])


def test_times_with_a_zone_are_used_by_their_clocks() -> None:
    """The same clocks give the same features, wherever the hours lie."""
    old = readings(Quantity.DEMAND)
    zoned = Readings(old.households, pd.DatetimeIndex(old.hours.tz_localize("Asia/Seoul")), old.kwh)
    first, second = (examples(some, Horizon.DAY_AHEAD, TRAINED) for some in (old, zoned))
    assert np.array_equal(first.features, second.features)
