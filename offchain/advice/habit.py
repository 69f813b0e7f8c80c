"""What is usual: means of the same hour of the week in the last weeks, as clocks show the hours."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from offchain.advice.usage import Usage, later

WEEKS = 4
"""Of the past that tell what a usual hour of the week is."""
DAY, WEEK = 24, 168
RECENT = WEEKS * WEEK

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def hours_of_week(start: datetime, hours: int) -> Integers:
    """Which hour of the week clocks show in each hour from a moment on: 0 is Monday's first."""
    clocks = [later(start, step) for step in range(hours)]
    return np.array([clock.weekday() * DAY + clock.hour for clock in clocks], np.int64)


def means(known: Floats, at: Integers, wanted: Integers) -> Floats:
    """Means of what is known (NaN: isn't) of hours of the week `at`, for those that are `wanted`; where nothing is, of
    the same hour of the day, then of all hours. NaN where nothing at all is known."""
    there = ~np.isnan(known)
    found = np.full(len(wanted), np.nan)
    for period in (WEEK, DAY, 1):
        places = at[there] % period
        counts = np.bincount(places, minlength=period)
        sums = np.bincount(places, known[there], period)
        mean = np.divide(sums, counts, out=np.full(period, np.nan), where=counts > 0)
        found = np.where(np.isnan(found), mean[wanted % period], found)
    return found


def usual(usage: Usage, start: datetime, hours: int) -> Integers:
    """What is usual in hours from `start` on, by the last weeks of some use, in its zone; 0 where there was none."""
    recent = usage.wh[-RECENT:].astype(np.float64)
    at = hours_of_week(usage.moment(len(usage.wh) - len(recent)), len(recent))
    found = means(recent, at, hours_of_week(start.astimezone(usage.start.tzinfo), hours))
    return np.rint(np.nan_to_num(found)).astype(np.int64)


def day_by_day(known: Floats, start: datetime) -> Floats:
    """Of each hour from `start` on what was usual when its day began, by the four weeks before that and nothing later;
    NaN where nothing was known then."""
    at = hours_of_week(start, len(known))
    days = [0, *(np.flatnonzero(np.diff(at // DAY)) + 1).tolist(), len(known)]
    found = np.full(len(known), np.nan)
    for first, end in pairwise(days):
        past = slice(max(0, first - RECENT), first)
        found[first:end] = means(known[past], at[past], at[first:end])
    return found
