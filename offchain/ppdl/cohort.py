"""The homes of a training in process: who trains, who gives the test set, and their readings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from offchain.ppdl.learning.features import Examples, Horizon, Quantity, examples
from offchain.ppdl.learning.readings import Readings
from offchain.ppdl.model_chain.testset import Testset


@dataclass(frozen=True)
class Cohort:
    """Readings of all homes, the first `volunteers` of which give the test set; `training_hours` are trained on. What
    is told of them: `holidays`, the `quantity`, and a `window` of last readings."""

    readings: Readings
    horizon: Horizon
    training_hours: int
    volunteers: int
    holidays: Collection[date] = ()
    quantity: Quantity = Quantity.DEMAND
    window: int = 0

    @cached_property
    def examples(self) -> Examples:
        """Of all homes and hours."""
        options = (self.holidays, self.quantity, self.window)
        return examples(self.readings, self.horizon, self.training_hours, *options)

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

    def past(self) -> Examples:
        """Of all homes, in the hours that are trained on."""
        return self.examples.between(0, self.training_hours)

    def held_out(self) -> Examples:
        """Of all homes, in the hours after."""
        return self.examples.between(self.training_hours, len(self.readings.hours))

    def testset(self) -> Testset:
        """The volunteers' training hours."""
        return Testset.of(self.examples.of(range(self.volunteers)).between(0, self.training_hours))
