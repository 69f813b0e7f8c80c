"""What a model sees: 30 numbers for each hour of a home, all known when the forecast is made, and the target.

Each client scales by its own statistics of the training period, which stay with it. Features end as the circuit takes
them: clamped to +-8, in steps of 2^-8.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from offchain.metering.readings_file import DataError
from offchain.ppdl.learning.columns import SHAPING, VARYING, Calendar, Columns, demand_columns, generation_columns
from offchain.ppdl.learning.history import DAY, WEEK, Array, filled, lag
from offchain.ppdl.learning.model import FEATURES
from offchain.ppdl.learning.readings import Readings
from offchain.ppdl.learning.regression import weekly_regression

LEVELS = 19
FEATURE_UNIT, FEATURE_LEAST, FEATURE_MOST = 2.0**-8, -8.0, 8.0 - 2.0**-8
LEAST_SPREAD = 1e-3  # kWh
WARM_UP = 4 * WEEK + DAY


class Quantity(Enum):
    """What is forecast: what homes use, or what their panels give."""

    DEMAND = "demand"
    GENERATION = "generation"

    def columns(self, values: Array, calendar: Calendar, lead: int) -> Columns:
        """What is told of a home's readings [hours]."""
        told = demand_columns if self is Quantity.DEMAND else generation_columns
        return told(values, calendar, lead)


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


def examples(
    readings: Readings,
    horizon: Horizon,
    training_hours: int,
    holidays: Collection[date] = (),
    quantity: Quantity = Quantity.DEMAND,
    window: int = 0,
) -> Examples:
    """The examples of all hours; the first `training_hours` are the training period, whose statistics scale. Weekends
    and holidays are free days. After the 30 features come the last readings of a `window` of hours, the oldest first.

    The base of a forecast is the home's own regression: the model learns what is common in its errors. Raises DataError
    if there are too few hours.
    """
    hours = len(readings.hours)
    if not WARM_UP < training_hours <= hours:
        raise DataError(
            f"{training_hours} of {hours} hours to train on: it takes more than {WARM_UP}, and no more than all"
        )
    kwh, calendar = filled(readings.kwh), Calendar.of(readings.hours, holidays)
    mean, spread = kwh[:training_hours].mean(axis=0), np.maximum(kwh[:training_hours].std(axis=0), LEAST_SPREAD)
    warm, there = np.arange(hours) >= WARM_UP, ~np.isnan(readings.kwh)
    features = np.zeros((kwh.shape[1], hours, FEATURES + window), np.float32)
    base, present = np.zeros(features.shape[:2], np.float32), np.zeros(features.shape[:2], np.bool_)
    for home, size in enumerate(mean / spread):
        values = kwh[:, home] / spread[home]
        columns, scaled = quantity.columns(values, calendar, horizon.value), values - size
        history = np.stack([*(level - size for level in columns.levels), columns.difference, *columns.numbers], axis=1)
        known = there[:, home] & ~np.isnan(history).any(axis=1)
        own = weekly_regression(_products(_steps(history)), scaled, known, horizon.value)
        missed = lag(np.where(known, scaled - own, 0), horizon.value)
        last = [lag(scaled, ago) for ago in range(horizon.value + window - 1, horizon.value - 1, -1)]
        features[home] = _steps(np.column_stack([history, own, missed, *last]))
        base[home], present[home] = mean[home] + spread[home] * own, known & warm
    target = (kwh.T - base) / spread[:, None]
    return Examples(features, target.astype(np.float32), present, base, spread.astype(np.float32))


def _steps(values: Array) -> Array:
    """As the circuit takes them; what isn't known is 0."""
    steps = np.round(np.nan_to_num(values) / FEATURE_UNIT) * FEATURE_UNIT
    clamped: Array = np.clip(steps, FEATURE_LEAST, FEATURE_MOST)
    return clamped


def _products(history: Array) -> Array:
    """Inputs [hours, columns] of a home's own regression: all columns, and what time and kind of day change."""
    shaping = history[:, LEVELS : LEVELS + SHAPING]
    products = [history[:, [level]] * shaping for level in range(VARYING)]
    return np.concatenate([history, *products, shaping[:, :1] * shaping[:, 1:]], axis=1)
