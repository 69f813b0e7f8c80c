"""The reference data and their split: what a forecast is measured on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.holidays import korea, new_south_wales
from offchain.ppdl.learning.features import Examples, Horizon, Quantity, examples
from offchain.ppdl.learning.history import DAY, WEEK, Array, filled, lag, window_mean
from offchain.ppdl.learning.metrics import seasonal_naive_error
from offchain.ppdl.learning.readings import Readings, read_csv

HOUSEHOLDS, JEJU, CITYLEARN = "sgsc55_hourly_wide", "jeju_hourly_2010_2019", "citylearn8_hourly_load_pv"
FIRST, AFTER, TEST = date(2012, 7, 20), date(2014, 2, 1), date(2013, 10, 11)
TEST_SHARE = 0.2
CITYLEARN_START = "2016-07-31 23:00"  # a year in which the file's months and weekdays are right


Forecast = NDArray[np.float32] | Array


@dataclass(frozen=True)
class Trial:
    """A forecast to be measured: trained on the first `training_hours`, scored on those after. With a `level`
    [hours, homes] the readings are shares of it."""

    readings: Readings
    horizon: Horizon
    training_hours: int
    holidays: Collection[date] = ()
    quantity: Quantity = Quantity.DEMAND
    level: Array | None = None

    @cached_property
    def examples(self) -> Examples:
        """Of all homes and hours."""
        return examples(self.readings, self.horizon, self.training_hours, self.holidays, self.quantity)

    @cached_property
    def training(self) -> Examples:
        """Of the training period."""
        return self.examples.between(0, self.training_hours)

    @cached_property
    def test(self) -> Examples:
        """Of the test period."""
        return self.examples.between(self.training_hours, len(self.readings.hours))

    @cached_property
    def kwh(self) -> Array:
        """Readings with their gaps filled, [hours, homes]."""
        return filled(self._read)

    @property
    def _read(self) -> Array:
        return self.readings.kwh if self.level is None else self.readings.kwh * self.level

    def forecast(self, answers: NDArray[np.float32]) -> Forecast:
        """What a model's answers for the test period [homes, hours] mean, kWh."""
        shares = self.test.kwh(answers)
        return shares if self.level is None else shares * self.level[self.training_hours :].T

    @property
    def truth(self) -> Array:
        """Readings of the test period [homes, hours]."""
        return self._read[self.training_hours :].T

    @property
    def present(self) -> NDArray[np.bool_]:
        """Where the truth is known."""
        return ~np.isnan(self.truth)

    def ago(self, hours: int) -> Array:
        """What was read so many hours before those of the test period, [homes, hours]."""
        return lag(self.kwh, hours)[self.training_hours :].T

    @cached_property
    def naive_error(self) -> Array:
        """Of the same hour last week in the training period [homes]."""
        past, before = self._read[: self.training_hours].T, lag(self.kwh, WEEK)[: self.training_hours].T
        return seasonal_naive_error(past, before, ~np.isnan(past))


def path(folder: Path, name: str) -> Path:
    """The file, or a clear line that it isn't there."""
    file = folder / f"{name}.csv.gz"
    if not file.is_file():
        raise click.ClickException(f"{file} is absent: give the folder of the reference data with --data")
    return file


def households(folder: Path, horizon: Horizon) -> Trial:
    """42 households in Australia."""
    readings = read_csv(path(folder, HOUSEHOLDS)).between(FIRST, AFTER).usable()
    return Trial(readings, horizon, int(readings.hours.searchsorted(pd.Timestamp(TEST))), new_south_wales())


def jeju(folder: Path, horizon: Horizon) -> Trial:
    """The demand of the island of Jeju, MW."""
    table = pd.read_csv(path(folder, JEJU), parse_dates=["t"]).set_index("t")["mw"]
    hours = pd.date_range(table.index[0], table.index[-1], freq="h")
    power = table.reindex(hours).to_numpy(np.float64)[:, None]
    level = recent_level(filled(power))
    readings = Readings(["jeju"], hours, power / level)
    return Trial(readings, horizon, int((1 - TEST_SHARE) * len(hours)), korea(), level=level)


def recent_level(values: Array) -> Array:
    """The mean of eight weeks until a day before; of the first ones, their own. A series that grows over years is
    learnt better as shares of it."""
    level = window_mean(values, 8 * WEEK, DAY)
    level[: 8 * WEEK + DAY] = values[: 8 * WEEK].mean(axis=0)
    return level


def solar(folder: Path, horizon: Horizon) -> Trial:
    """What the panels of eight homes in California give."""
    table = pd.read_csv(path(folder, CITYLEARN)).pivot(index="t", columns="building", values="pv_kwh")
    hours = pd.date_range(CITYLEARN_START, periods=len(table), freq="h")
    readings = Readings([f"home-{name}" for name in table.columns], hours, table.to_numpy(np.float64))
    return Trial(readings, horizon, int((1 - TEST_SHARE) * len(hours)), (), Quantity.GENERATION)
