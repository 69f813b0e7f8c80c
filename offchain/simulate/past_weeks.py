"""What the homes of a day used in the weeks before it: from the same file, or made up like the bundled day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from offchain.metering.consumption import HOURS, ConsumptionDay
from offchain.metering.profiles import DAYS
from offchain.metering.solar import clear_day_yield
from offchain.ppdl.learning.readings import bundled, read_csv

WEEKS = 5
CLOUDS_SEED = 7
DULLEST = 0.25
"""Of a clear day's yield, on a made-up cloudy day."""


def used_before(consumption: ConsumptionDay, data: Path | None) -> NDArray[np.float64]:
    """kWh of the hours of the `WEEKS` before the day, shape (hours, households), NaN where nothing is known."""
    hours = WEEKS * DAYS * HOURS
    if data is None:
        first = consumption.day.weekday() * HOURS  # made-up weeks begin on a Monday
        return bundled(len(consumption.households), WEEKS + 1).kwh[first : first + hours]
    readings = read_csv(data)
    before = np.full((hours, len(consumption.households)), np.nan)
    midnight = consumption.day - timedelta(weeks=WEEKS)
    columns = [readings.households.index(name) for name in consumption.households]
    for moment, row in zip(readings.hours, readings.kwh, strict=True):
        place = (moment.date() - midnight).days * HOURS + moment.hour
        if 0 <= place < hours:
            before[place] = row[columns]
    return before


def made_before(day: date) -> NDArray[np.float64]:
    """kWh of those hours from 1 kW of panels, shape (hours,), under skies that are made up day by day."""
    random = np.random.default_rng(CLOUDS_SEED)
    days = [day - timedelta(days=back) for back in range(WEEKS * DAYS, 0, -1)]
    return np.concatenate([clear_day_yield(one) * random.uniform(DULLEST, 1) for one in days])
