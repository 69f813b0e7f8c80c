"""What a training in process is of: whose readings, which forecast, which model, how long; and the task it makes."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import date
from pathlib import Path

import msgspec
import numpy as np

from offchain.errors import UserError
from offchain.metering.readings_file import DataError
from offchain.ppdl.aggregation.alive import LEAST_ALIVE
from offchain.ppdl.cohort import Cohort
from offchain.ppdl.learning.features import Horizon, Quantity
from offchain.ppdl.learning.model import Perceptron
from offchain.ppdl.learning.readings import PRESENT, ZEROS, Readings, bundled
from offchain.ppdl.learning.source import read
from offchain.ppdl.learning.training import Training
from offchain.ppdl.model_chain.task import GROUPS, HorizonName, QuantityName, Robust, Task
from offchain.ppdl.privacy.mode import BOUND, Privacy, usual_delta
from offchain.ppdl.robust.grouping import LEAST_GROUP, LEAST_GROUPS

BUNDLED = "bundled"
BUNDLED_HOMES = 24
BUNDLED_WEEKS = 16
LEAST_WEEKS = 8
DARK = 0.9  # of the hours panels may give nothing


class PlanError(UserError):
    """Says in one line why there is nothing to train with."""


class Private(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A budget for all rounds together; without a `delta` the usual one for so many homes. `bound` is the most that an
    update's L2 norm may be in the first round, in weights."""

    epsilon: float
    delta: float | None = None
    bound: float = BOUND

    def privacy(self, members: int) -> Privacy:
        """What that many homes agree on. Raises PrivacyError for numbers that can't be kept."""
        delta = usual_delta(members) if self.delta is None else self.delta
        return Privacy(self.epsilon, delta, self.bound)


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`source`: "bundled" for made-up homes, or the path of a CSV file or a readings database. `volunteers` of the
    homes publish their readings as the test set that the gate judges by, and don't train. The last `held_out` share of
    the time is not trained on. `layers`, `window`, `kind` and `robust` are the task's."""

    source: str = BUNDLED
    zone: str | None = None
    horizon: HorizonName = "next_hour"
    homes: int | None = None
    volunteers: int = 2
    held_out: float = 0.2
    rounds: int = 20
    seed: int = 0
    quantity: QuantityName = "demand"
    holidays: tuple[date, ...] = ()
    layers: tuple[int, ...] = Perceptron().sizes
    window: int = 0
    private: Private | None = None
    robust: Robust | None = None
    kind: str = ""

    def training(self) -> Training:
        """How clients train."""
        return Training(rounds=self.rounds, seed=self.seed)

    def task(self, cohort: Cohort) -> Task:
        """What is learned, judged by the volunteers of the data. Raises PrivacyError or TaskError for what can't be."""
        private = None if self.private is None else self.private.privacy(len(cohort.members))
        options = (self.quantity, self.window, private, self.robust, self.kind)
        return Task(self.horizon, self.layers, self.training(), cohort.testset(), *options)

    def cohort(self) -> Cohort:
        """The homes. Raises DataError for readings that can't be used, PlanError if they are too few."""
        readings = self._read()
        if self.homes is not None:
            readings = readings.of(np.arange(min(self.homes, len(readings.households))))
        clients = max(0, len(readings.households) - self.volunteers)
        if clients < LEAST_ALIVE:
            counted = "" if self.source == BUNDLED else f" that have {PRESENT:.0%} of the hours and few zeros"
            raise PlanError(
                f"{clients} homes beside {self.volunteers} volunteers are too few: it takes {LEAST_ALIVE}{counted}"
            )
        if self.robust == GROUPS and clients < LEAST_GROUPS * LEAST_GROUP:
            raise PlanError(
                f"{clients} homes beside {self.volunteers} volunteers are too few for {LEAST_GROUPS} groups of"
                f" {LEAST_GROUP}, of which a median is taken: have {LEAST_GROUPS * LEAST_GROUP} or more"
            )
        if len(readings.hours) < LEAST_WEEKS * 168:
            raise PlanError(f"{len(readings.hours)} hours of readings are too few: it takes {LEAST_WEEKS} weeks")
        return Cohort(
            readings,
            Horizon[self.horizon.upper()],
            math.floor(len(readings.hours) * (1 - self.held_out)),
            self.volunteers,
            self.holidays,
            Quantity[self.quantity.upper()],
            self.window,
        )

    def _read(self) -> Readings:
        if self.source == BUNDLED and self.quantity == "generation":
            raise PlanError("made-up homes have no panels: give readings of generation with --data")
        if self.source == BUNDLED:
            return bundled(self.homes or BUNDLED_HOMES, BUNDLED_WEEKS)
        zeros = DARK if self.quantity == "generation" else ZEROS
        return read(Path(self.source), self.zone).usable(zeros=zeros)


def plan_of(data: Path | None, homes: int, rounds: int) -> Plan:
    """A plan for so many homes of a file if it has enough of them and of hours, else for made-up ones."""
    if data is not None:
        plan = Plan(str(data.resolve()), homes=homes, rounds=rounds)
        with suppress(DataError, PlanError):
            plan.cohort()
            return plan
    return Plan(homes=homes, rounds=rounds)


def volunteers_task(
    data: Path | None, zone: str | None, horizon: HorizonName, rounds: int, seed: int, private: Private | None = None
) -> Task:
    """A task whose test set are all homes of a file, or two made-up ones. Raises DataError, PlanError, and PrivacyError
    for a budget that the smallest round can't keep."""
    if private is not None and private.delta is None:
        raise PlanError("give delta too, such as 8,1e-3: how many homes will take part isn't known")
    readings = bundled(2, BUNDLED_WEEKS) if data is None else read(data, zone).usable()
    if len(readings.hours) < LEAST_WEEKS * 168:
        raise PlanError(f"{len(readings.hours)} hours of readings are too few: it takes {LEAST_WEEKS} weeks")
    hours, count = len(readings.hours), len(readings.households)
    cohort = Cohort(readings, Horizon[horizon.upper()], hours, count)
    agreed = None if private is None else private.privacy(LEAST_ALIVE)
    task = Task(horizon, Perceptron().sizes, Training(rounds=rounds, seed=seed), cohort.testset(), private=agreed)
    if task.mode is not None:
        task.mode.sum_of(1, LEAST_ALIVE, task.model.weights)
    return task
