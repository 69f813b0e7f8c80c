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

FEATURE_UNIT, FEATURE_LEAST, FEATURE_MOST = 2.0**-8, -8.0, 8.0 - 2.0**-8
MEMORY = 0.9


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
    """The examples of all hours; the first `training_hours` are the training period, whose statistics scale."""
    kwh = filled(readings.kwh)
    past = kwh[:training_hours]
    mean, spread = past.mean(axis=0), np.maximum(past.std(axis=0), 1e-3)
    clock = _clock(readings.hours)
    columns = [(column - mean) / spread for column in _levels(kwh, readings.hours, horizon.value)]
    columns += [np.repeat(column[:, None], kwh.shape[1], axis=1) for column in clock]
    features = np.stack(columns, axis=-1).transpose(1, 0, 2)
    known = ~np.isnan(features).any(axis=2)
    steps = np.round(np.nan_to_num(features) / FEATURE_UNIT) * FEATURE_UNIT
    return Examples(
        np.clip(steps, FEATURE_LEAST, FEATURE_MOST).astype(np.float32),
        ((kwh - mean) / spread).T.astype(np.float32),
        known & ~np.isnan(readings.kwh).T,
        np.repeat(mean[:, None], len(kwh), axis=1).astype(np.float32),
        spread.astype(np.float32),
    )


def _levels(kwh: Array, hours: pd.DatetimeIndex, lead: int) -> list[Array]:
    """Columns in kWh."""
    of_day = np.asarray(hours.hour, np.int64)
    usual = profile(kwh, of_day, MEMORY)
    usual_of_day = profile(kwh, of_day + DAY * np.asarray(hours.dayofweek >= 5, np.int64), MEMORY)
    same_hour = [mean_of(kwh, range(DAY, WEEK + 1, DAY)), mean_of(kwh, range(WEEK, 4 * WEEK + 1, WEEK))]
    windows = [window_mean(kwh, DAY, lead), window_mean(kwh, WEEK, lead), window_least(kwh, DAY, lead)]
    windows.append(window_most(kwh, DAY, lead))
    if lead == Horizon.NEXT_HOUR.value:
        lags = [lag(kwh, back) for back in (1, 2, 3, 4, 23, 24, 25, 48, 168)]
        return [*lags, usual, usual_of_day, lag(usual, 1), lag(usual_of_day, 1), *same_hour, *windows]
    lags = [lag(kwh, back) for back in (24, 25, 26, 47, 48, 72, 144, 168, 336)]
    return [*lags, usual, usual_of_day, lag(usual, 1), lag(usual_of_day, 1), *same_hour, *windows]


def _clock(hours: pd.DatetimeIndex) -> list[Array]:
    """Columns of the calendar."""
    of_day = 2 * np.pi * np.asarray(hours.hour) / DAY
    of_week = 2 * np.pi * np.asarray(hours.dayofweek) / 7
    of_year = 2 * np.pi * np.asarray(hours.dayofyear) / 365.25
    waves = [wave(turn * of_day) for turn in (1, 2, 3) for wave in (np.sin, np.cos)]
    waves += [np.sin(of_week), np.cos(of_week), np.asarray(hours.dayofweek >= 5, np.float64)]
    return [*waves, np.sin(of_year), np.cos(of_year)]
