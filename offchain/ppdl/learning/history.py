"""What is known of a home's past at each hour: row t of an array [hours] (or [hours, homes]) says nothing of hour t or
later.

NaN where the history is too short.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float64]

DAY, WEEK = 24, 168


def filled(kwh: Array) -> Array:
    """Readings with a missing hour as it was a week before; 0 where that is missing in the first week too."""
    full = kwh.copy()
    for start in range(0, len(full), WEEK):
        rows = slice(start, start + WEEK)
        before = full[start - WEEK : start][: len(full[rows])] if start else np.zeros_like(full[rows])
        full[rows] = np.where(np.isnan(full[rows]), before, full[rows])
    return full


def lag(values: Array, hours: int) -> Array:
    """The values of so many hours before."""
    shifted = np.full_like(values, np.nan)
    shifted[hours:] = values[:-hours] if hours else values
    return shifted


def mean_of(values: Array, lags: Iterable[int]) -> Array:
    """The mean of the values at these lags."""
    total, count = np.zeros_like(values), 0
    for hours in lags:
        total += lag(values, hours)
        count += 1
    return total / count


def window_mean(values: Array, hours: int, lead: int) -> Array:
    """The mean of so many hours, the last of them `lead` hours before."""
    summed = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
    means = np.full_like(values, np.nan)
    means[hours - 1 :] = (summed[hours:] - summed[:-hours]) / hours
    return lag(means, lead)


def window_least(values: Array, hours: int, lead: int) -> Array:
    """The least of so many hours, the last of them `lead` hours before."""
    least = np.full_like(values, np.nan)
    if len(values) >= hours:
        least[hours - 1 :] = sliding_window_view(values, hours, axis=0).min(axis=-1)
    return lag(least, lead)


def window_most(values: Array, hours: int, lead: int) -> Array:
    """The most of so many hours, the last of them `lead` hours before."""
    return -window_least(-values, hours, lead)


def profile(values: Array, kind: NDArray[np.int64], memory: float) -> Array:
    """What is usual at an hour of its `kind` [hours] (such as the hour of the day): the exponentially weighted mean of
    earlier hours of that kind, each weighing `memory` times the next; NaN at the first."""
    usual = np.full_like(values, np.nan)
    for one in np.unique(kind):
        rows = np.flatnonzero(kind == one)
        mean = values[rows[0]]
        for row in rows[1:]:
            usual[row] = mean
            mean = memory * mean + (1 - memory) * values[row]
    return usual
