"""What a model sees: 30 numbers for each hour of a home, all known when the forecast is made, and the target.

Each client scales by its own statistics of the training period, which stay with it. Features end as the circuit takes
them: clamped to +-8, in steps of 2^-8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from offchain.metering.readings_file import DataError
from offchain.ppdl.learning.history import (
    DAY,
    WEEK,
    Array,
    filled,
    lag,
    mean_of,
    profile,
    window_least,
    window_mean,
    window_most,
)
from offchain.ppdl.learning.readings import Readings
from offchain.ppdl.learning.regression import weekly_regression

FEATURE_UNIT, FEATURE_LEAST, FEATURE_MOST = 2.0**-8, -8.0, 8.0 - 2.0**-8
LEAST_SPREAD = 1e-3  # kWh
MEMORY = 0.9
PRODUCTS = 5
WARM_UP = 4 * WEEK + DAY


class Horizon(Enum):
    """How many hours before the hour foreseen begins the last reading that may be used."""

    NEXT_HOUR = 1
    DAY_AHEAD = 24


@dataclass(frozen=True)
class Examples:
    """Examples of stacked clients: `features` [clients, hours, 30], `target` [clients, hours] (scaled: what the model
    learns to answer), `present` [clients, hours] (false: reading or history is missing; never trained on or scored).

    kWh = max(0, base + scale * answer), with `base` [clients, hours] known beforehand and `scale` [clients].
    """

    features: NDArray[np.float32]
    target: NDArray[np.float32]
    present: NDArray[np.bool_]
    base: NDArray[np.float32]
    scale: NDArray[np.float32]

    def kwh(self, answers: NDArray[np.float32]) -> NDArray[np.float32]:
        """Forecasts [clients, hours] in kWh of a model's answers."""
        forecast: NDArray[np.float32] = np.maximum(self.base + self.scale[:, None] * answers, 0)
        return forecast

    def truth(self) -> NDArray[np.float32]:
        """The readings [clients, hours] in kWh."""
        truth: NDArray[np.float32] = self.base + self.scale[:, None] * self.target
        return truth

    def between(self, start: int, end: int) -> Examples:
        """Hours from `start` until before `end`."""
        part = slice(start, end)
        parts = (self.features[:, part], self.target[:, part], self.present[:, part], self.base[:, part])
        return Examples(*parts, self.scale)

    def of(self, clients: Sequence[int]) -> Examples:
        """Some of the clients."""
        rows = list(clients)
        return Examples(self.features[rows], self.target[rows], self.present[rows], self.base[rows], self.scale[rows])


def examples(readings: Readings, horizon: Horizon, training_hours: int) -> Examples:
    """The examples of all hours; the first `training_hours` are the training period, whose statistics scale.

    The base of a forecast is the home's own regression: the model learns what is common in its errors. Raises DataError
    if there are too few hours.
    """
    if not WARM_UP < training_hours <= len(readings.hours):
        raise DataError(
            f"{training_hours} hours to train on: more than {WARM_UP} are needed, and at most what is there"
        )
    kwh = filled(readings.kwh)
    mean, spread = kwh[:training_hours].mean(axis=0), np.maximum(kwh[:training_hours].std(axis=0), LEAST_SPREAD)
    clock = _clock(readings.hours)
    homes = []
    for home, there in enumerate(~np.isnan(readings.kwh).T):
        levels, surprise = _levels(kwh[:, home], readings.hours, horizon.value)
        scaled = [*((level - mean[home]) / spread[home] for level in levels), surprise / spread[home]]
        history = np.stack([*scaled, *clock], axis=1)
        known = there & ~np.isnan(history).any(axis=1)
        target = (kwh[:, home] - mean[home]) / spread[home]
        own = weekly_regression(_products(_steps(history), len(scaled)), target, known, horizon.value)
        missed = lag(np.where(known, target - own, 0), horizon.value)
        features = _steps(np.column_stack([history, own, missed]))
        homes.append(
            (features, target - own, known & (np.arange(len(kwh)) >= WARM_UP), mean[home] + spread[home] * own)
        )
    features, targets, present, base = (np.stack(parts) for parts in zip(*homes, strict=True))
    return Examples(
        features.astype(np.float32),
        targets.astype(np.float32),
        present,
        base.astype(np.float32),
        spread.astype(np.float32),
    )


def _steps(values: Array) -> Array:
    """As the circuit takes them; what isn't known is 0."""
    steps = np.round(np.nan_to_num(values) / FEATURE_UNIT) * FEATURE_UNIT
    clamped: Array = np.clip(steps, FEATURE_LEAST, FEATURE_MOST)
    return clamped


def _levels(kwh: Array, hours: pd.DatetimeIndex, lead: int) -> tuple[list[Array], Array]:
    """Columns of kWh, of which the first `PRODUCTS` depend most on the time of day; and by how many kWh the last known
    hour is above the mean of the seven days before it."""
    of_day = np.asarray(hours.hour, np.int64)
    free = np.asarray(hours.dayofweek >= 5, np.int64)
    usual, usual_of_day = profile(kwh, of_day, MEMORY), profile(kwh, of_day + DAY * free, MEMORY)
    week_of_hour = mean_of(kwh, range(DAY, WEEK + 1, DAY))
    back = (1, 24, 2, 3, 4, 23, 25, 48, 168) if lead < DAY else (24, 48, 25, 26, 47, 72, 144, 168, 336)
    lags = [lag(kwh, ago) for ago in back]
    after = mean_of(kwh, range(-(-(lead + 1) // DAY) * DAY - 1, 4 * WEEK, DAY))
    windows = [window_mean(kwh, WEEK, lead), window_least(kwh, DAY, lead), window_most(kwh, DAY, lead)]
    weeks = mean_of(kwh, range(WEEK, 4 * WEEK + 1, WEEK))
    levels = [usual, usual_of_day, window_mean(kwh, DAY, lead), *lags, after, week_of_hour, weeks, *windows]
    return levels, lag(kwh - week_of_hour, lead)


def _clock(hours: pd.DatetimeIndex) -> list[Array]:
    """Columns of the calendar: free day or not, waves of the day, place in the week."""
    of_day = 2 * np.pi * np.asarray(hours.hour) / DAY
    of_week = 2 * np.pi * np.asarray(hours.dayofweek) / 7
    waves = [wave(turns * of_day) for turns in (1, 2, 3) for wave in (np.sin, np.cos)]
    return [np.asarray(hours.dayofweek >= 5, np.float64), *waves, np.sin(of_week), np.cos(of_week)]


def _products(history: Array, levels: int) -> Array:
    """Inputs [hours, columns] of a home's own regression: all columns, and what differs by free day and time of day."""
    clock = history[:, levels : levels + 7]
    products = [history[:, [column]] * clock for column in range(PRODUCTS)]
    return np.concatenate([history, *products, clock[:, :1] * clock[:, 1:]], axis=1)
