"""Made-up but plausible homes, the same in every run: the shape of their day, and weeks of hourly consumption."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HOURS = 24
DAYS = 7
WEEKEND = (5, 6)


def daily_shape(random: np.random.Generator, households: int) -> NDArray[np.float64]:
    """Mean kWh of each hour of a day, shape (24, households): a base load, a morning and an evening peak, cooking and
    a midday share for those at home, each home with its own size and habits."""
    hours = np.arange(HOURS)[:, None]

    def peak(centre: float, spread: float, width: float) -> NDArray[np.float64]:
        centres = random.normal(centre, spread, households)
        bumps: NDArray[np.float64] = np.exp(-0.5 * ((hours - centres) / width) ** 2)
        return bumps

    base = random.uniform(0.10, 0.25, households)
    morning = random.uniform(0.2, 0.7, households) * peak(7.5, 0.8, 1.2)
    midday = random.uniform(0.0, 0.5, households) * peak(12.5, 1.0, 2.0)
    evening = random.uniform(0.5, 1.3, households) * peak(19.5, 1.0, 2.0)
    shape: NDArray[np.float64] = base + morning + midday + evening
    return shape


def weekly_consumption(random: np.random.Generator, households: int, weeks: int) -> NDArray[np.float64]:
    """kWh of each hour, shape (168 weeks, households), from a Monday's midnight on: working days and weekends have
    shapes of their own, a day's level wanders (weather that all homes share, and each home's own), an hour's deviation
    lasts for some hours, and now and then a large appliance runs."""
    days = weeks * DAYS
    working, weekend = daily_shape(random, households), daily_shape(random, households)
    free = np.isin(np.arange(days) % DAYS, WEEKEND)[:, None, None]
    shape = np.where(free, 0.5 * working + 0.6 * weekend, working).reshape(days * HOURS, households)
    level = np.exp(_wander(random, (days, 1), 0.8, 0.10) + _wander(random, (days, households), 0.5, 0.12))
    noise = np.exp(_wander(random, (days * HOURS, households), 0.6, 0.25))
    runs = random.random((days * HOURS, households)) < 0.02
    appliance = np.where(runs, random.uniform(0.4, 1.2, runs.shape), 0.0)
    kwh: NDArray[np.float64] = shape * np.repeat(level, HOURS, axis=0) * noise + appliance
    return kwh.round(3)


def _wander(random: np.random.Generator, shape: tuple[int, int], memory: float, spread: float) -> NDArray[np.float64]:
    """A stationary autoregressive series down the rows, with that standard deviation."""
    steps = random.normal(0.0, spread * np.sqrt(1 - memory**2), shape)
    steps[0] /= np.sqrt(1 - memory**2)
    for row in range(1, len(steps)):
        steps[row] += memory * steps[row - 1]
    return steps
