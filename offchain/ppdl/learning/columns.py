"""What is told of one home at each hour, for demand and for generation: columns [hours], NaN where nothing is known.

Row t says nothing of the `lead - 1` hours before t, of t, or of later. Readings [hours] are in units of their spread.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from offchain.ppdl.learning.history import (
    DAY,
    WEEK,
    Array,
    lag,
    mean_of,
    profile,
    window_least,
    window_mean,
    window_most,
)

MEMORY = 0.9
CLEAR_DAYS = 14
LEAST_LIGHT = 0.05


@dataclass(frozen=True)
class Calendar:
    """Of each hour: its place in the day, whether the day is free, waves of the day, place in the week."""

    hour: NDArray[np.int64]
    free: NDArray[np.bool_]
    waves: list[Array]
    week: list[Array]

    @classmethod
    def of(cls, hours: pd.DatetimeIndex, holidays: Collection[date]) -> Calendar:
        """Weekends and holidays are free days."""
        days = hours.tz_localize(None).normalize()
        of_day = 2 * np.pi * np.asarray(hours.hour) / DAY
        of_week = 2 * np.pi * np.asarray(hours.dayofweek) / 7
        return cls(
            np.asarray(hours.hour, np.int64),
            np.asarray((days.dayofweek >= 5) | days.isin(pd.to_datetime(list(holidays)))),
            [wave(turns * of_day) for turns in (1, 2, 3) for wave in (np.sin, np.cos)],
            [np.sin(of_week), np.cos(of_week)],
        )


@dataclass(frozen=True)
class Columns:
    """18 levels, a difference of levels, and 9 plain numbers. The first `VARYING` levels are those whose weight differs
    most with the first `SHAPING` numbers."""

    levels: list[Array]
    difference: Array
    numbers: list[Array]


VARYING, SHAPING = 5, 7


def demand_columns(kwh: Array, calendar: Calendar, lead: int) -> Columns:
    """What is usual at that hour (of such a day), lags, means, extremes; by how much the last known hour is above the
    mean of that hour in the seven days before it; and the calendar."""
    kinds = (calendar.hour, calendar.hour + DAY * calendar.free)
    usual = [profile(kwh, kind, MEMORY) for kind in kinds]
    days = mean_of(kwh, range(DAY, WEEK + 1, DAY))
    levels = [*usual, window_mean(kwh, DAY, lead), *_lags(kwh, lead), _hour_after(kwh, lead), days]
    levels += [mean_of(kwh, range(WEEK, 4 * WEEK + 1, WEEK)), window_mean(kwh, WEEK, lead)]
    levels += [window_least(kwh, DAY, lead), window_most(kwh, DAY, lead)]
    return Columns(levels, lag(kwh - days, lead), [calendar.free.astype(np.float64), *calendar.waves, *calendar.week])


def generation_columns(kwh: Array, calendar: Calendar, lead: int) -> Columns:
    """As of demand, but instead of days of the week: what a clear sky gives (the most at that hour in two weeks), and
    which share of it there was in the last day, hours and week."""
    same_hour = np.stack([lag(kwh, DAY * ago) for ago in range(1, 4 * 7 + 1)])
    clear, days = same_hour[:CLEAR_DAYS].max(axis=0), same_hour[:7].mean(axis=0)
    levels = [profile(kwh, calendar.hour, MEMORY), clear, window_mean(kwh, DAY, lead), *_lags(kwh, lead)]
    levels += [_hour_after(kwh, lead), days, same_hour.mean(axis=0), window_mean(kwh, WEEK, lead)]
    levels += [np.median(same_hour[:7], axis=0), window_most(kwh, DAY, lead)]
    shares = [_clear_share(kwh, clear, hours, lead) for hours in (DAY, 3 if lead < DAY else 3 * DAY, WEEK)]
    return Columns(levels, lag(kwh - days, lead), [shares[0], *calendar.waves, *shares[1:]])


def _lags(kwh: Array, lead: int) -> list[Array]:
    back = (1, 24, 2, 3, 4, 23, 25, 48, 168) if lead < DAY else (24, 48, 25, 26, 47, 72, 144, 168, 336)
    return [lag(kwh, hours) for hours in back]


def _hour_after(kwh: Array, lead: int) -> Array:
    """The mean over four weeks of the hour after that of the forecast."""
    return mean_of(kwh, range(-(-(lead + 1) // DAY) * DAY - 1, 4 * WEEK, DAY))


def _clear_share(kwh: Array, clear: Array, hours: int, lead: int) -> Array:
    """The share of a clear sky's generation over so many hours, as -1 (none) to 1 (all of it) and a little more; 0 in
    the dark."""
    given, most = window_mean(kwh, hours, lead), window_mean(np.nan_to_num(clear), hours, lead)
    share = np.where(most > LEAST_LIGHT, given / np.maximum(most, LEAST_LIGHT), 0.5)
    share[np.isnan(given)] = np.nan
    signed: Array = 2.0 * np.clip(share, 0.0, 1.5).astype(np.float64) - 1.0
    return signed
