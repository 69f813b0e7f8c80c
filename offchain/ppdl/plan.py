"""What a training in process is of: whose readings, which forecast, how long; and the data it needs."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np

from offchain.errors import UserError
from offchain.metering.readings_file import DataError
from offchain.ppdl.aggregation.alive import LEAST_ALIVE
from offchain.ppdl.learning.features import Examples, Horizon, examples
from offchain.ppdl.learning.model import Perceptron
from offchain.ppdl.learning.readings import Readings, bundled, read_csv
from offchain.ppdl.learning.training import Training
from offchain.ppdl.model_chain.task import HorizonName, Task
from offchain.ppdl.model_chain.testset import Testset

BUNDLED = "bundled"
BUNDLED_HOMES = 24
BUNDLED_WEEKS = 16
LEAST_WEEKS = 8


class PlanError(UserError):
    """Says in one line why there is nothing to train with."""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`source`: "bundled" for made-up homes, or a CSV file's path. `volunteers` of the homes publish their readings as
    the test set that the gate judges by, and don't train. The last `held_out` share of the time is not trained on."""

    source: str = BUNDLED
    zone: str | None = None
    horizon: HorizonName = "next_hour"
    homes: int | None = None
    volunteers: int = 2
    held_out: float = 0.2
    rounds: int = 20
    seed: int = 0

    def training(self) -> Training:
        """How clients train."""
        return Training(rounds=self.rounds, seed=self.seed)

    def task(self, ground: Ground) -> Task:
        """What is learned, judged by the volunteers of the data."""
        return Task(self.horizon, Perceptron().sizes, self.training(), ground.testset())

    def ground(self) -> Ground:
        """The data. Raises DataError for readings that can't be used, PlanError if they are too few."""
        readings = bundled(self.homes or BUNDLED_HOMES, BUNDLED_WEEKS) if self.source == BUNDLED else self._read()
        if self.homes is not None:
            readings = readings.of(np.arange(min(self.homes, len(readings.households))))
        clients = len(readings.households) - self.volunteers
        if clients < LEAST_ALIVE:
            raise PlanError(f"{clients} homes beside {self.volunteers} volunteers are too few: it takes {LEAST_ALIVE}")
        if len(readings.hours) < LEAST_WEEKS * 168:
            raise PlanError(f"{len(readings.hours)} hours of readings are too few: it takes {LEAST_WEEKS} weeks")
        return Ground(
            readings,
            Horizon[self.horizon.upper()],
            math.floor(len(readings.hours) * (1 - self.held_out)),
            self.volunteers,
        )

    def _read(self) -> Readings:
        return read_csv(Path(self.source), self.zone).usable()


@dataclass(frozen=True)
class Ground:
    """Readings of all homes, the first `volunteers` of which give the test set; `training_hours` are trained on."""

    readings: Readings
    horizon: Horizon
    training_hours: int
    volunteers: int

    @cached_property
    def examples(self) -> Examples:
        """Of all homes and hours."""
        return examples(self.readings, self.horizon, self.training_hours)

    @property
    def members(self) -> list[str]:
        """The homes that train."""
        return self.readings.households[self.volunteers :]

    def readings_of(self, home: str) -> Readings:
        """Of one home."""
        return self.readings.of_home(home)

    def training_examples(self) -> Examples:
        """Of the homes and hours that are trained on."""
        return self.examples.of(range(self.volunteers, len(self.readings.households))).between(0, self.training_hours)

    def held_out(self) -> Examples:
        """Of all homes, in the hours after."""
        return self.examples.between(self.training_hours, len(self.readings.hours))

    def testset(self) -> Testset:
        """The volunteers' training hours."""
        return Testset.of(self.examples.of(range(self.volunteers)).between(0, self.training_hours))


def plan_of(data: Path | None, homes: int, rounds: int) -> Plan:
    """A plan for so many homes of a CSV file if it has enough of them and of hours, else for made-up ones."""
    if data is not None:
        plan = Plan(str(data.resolve()), homes=homes, rounds=rounds)
        with suppress(DataError, PlanError):
            plan.ground()
            return plan
    return Plan(homes=homes, rounds=rounds)


def volunteers_task(data: Path | None, zone: str | None, horizon: HorizonName, rounds: int, seed: int) -> Task:
    """A task whose test set are all homes of a CSV file, or two made-up ones. Raises DataError, PlanError."""
    readings = bundled(2, BUNDLED_WEEKS) if data is None else read_csv(data, zone).usable()
    if len(readings.hours) < LEAST_WEEKS * 168:
        raise PlanError(f"{len(readings.hours)} hours of readings are too few: it takes {LEAST_WEEKS} weeks")
    hours, count = len(readings.hours), len(readings.households)
    ground = Ground(readings, Horizon[horizon.upper()], hours, count)
    return Task(horizon, Perceptron().sizes, Training(rounds=rounds, seed=seed), ground.testset())
