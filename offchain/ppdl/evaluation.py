"""How good the forecasts of a chain's newest model are, in the time that was not trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from offchain.ppdl.aggregation.lanes import Signed
from offchain.ppdl.cohort import Cohort
from offchain.ppdl.inference.integer_model import ANSWER_FRACTION, quantise_features
from offchain.ppdl.learning.features import Examples
from offchain.ppdl.learning.history import WEEK, filled
from offchain.ppdl.learning.metrics import Scores, scores, seasonal_naive_error
from offchain.ppdl.learning.training import ClientData, answer
from offchain.ppdl.learning.tuning import Tuning, tuned
from offchain.ppdl.model_chain.chain import ModelChain
from offchain.ppdl.model_chain.task import Task
from offchain.ppdl.trainer import plan_within

Array = NDArray[np.float32]

MODEL, TUNED, REGRESSION, NAIVE = "model", "tuned at home", "own regression", "same hour last week"


@dataclass(frozen=True)
class Evaluation:
    """Forecasts [homes, hours] in kWh of the hours held out, by the model `state` of block `number` as it is sold: in
    whole numbers. With `tuning` also by each home's own model, which goes on from it."""

    number: int
    cohort: Cohort
    task: Task
    state: Signed
    tuning: Tuning | None = None

    @classmethod
    def of(cls, folder: Path, tuning: Tuning | None = None) -> Evaluation:
        """Of the chain in a folder, with the data it was trained with. Raises ChainError, DataError."""
        chain = ModelChain(folder)
        return replace(cls.with_data(chain, plan_within(chain).cohort()), tuning=tuning)

    @classmethod
    def with_data(cls, chain: ModelChain, cohort: Cohort) -> Evaluation:
        """Of a chain's newest model, on other data."""
        number = chain.height
        return cls(number, cohort, chain.task, chain.state(chain.block(number)))

    @cached_property
    def held_out(self) -> Examples:
        """What is forecast."""
        return self.cohort.held_out()

    @cached_property
    def forecast(self) -> Array:
        """By the model."""
        features = self.held_out.features
        answers = self.task.answers(self.state, quantise_features(features.reshape(-1, features.shape[2])))
        return self.held_out.kwh((answers / (1 << ANSWER_FRACTION)).astype(np.float32).reshape(features.shape[:2]))

    @cached_property
    def regression(self) -> Array:
        """By each home's own regression, which the model builds on."""
        return self.held_out.kwh(np.zeros_like(self.held_out.target))

    @cached_property
    def naive(self) -> Array:
        """The same hour of the week before."""
        start = self.cohort.training_hours
        kwh = filled(self.cohort.readings.kwh)
        before: Array = kwh[start - WEEK : len(kwh) - WEEK].T.astype(np.float32)
        return before

    @cached_property
    def truth(self) -> Array:
        """What was read."""
        return self.held_out.truth()

    def tuned(self, tuning: Tuning) -> Array:
        """By each home's own model, tuned on its own readings of the time that was trained on."""
        names = self.cohort.readings.households
        own = tuned(self.task.model, self.state, ClientData.of(self.cohort.past(), names), tuning)
        held_out = ClientData.of(self.held_out, names)
        return self.held_out.kwh(answer(self.task.model, own, held_out.features).numpy())

    def scores(self) -> dict[str, Scores]:
        """Of the model, of the tuned ones if there are any, and of what does without learning together."""
        past = self.cohort.past()
        kwh = filled(self.cohort.readings.kwh)[: self.cohort.training_hours].T
        before = np.full_like(kwh, np.nan)
        before[:, WEEK:] = kwh[:, :-WEEK]
        error = seasonal_naive_error(past.truth(), before, past.present)
        found = {MODEL: self.forecast}
        if self.tuning is not None:
            found[TUNED] = self.tuned(self.tuning)
        found |= {REGRESSION: self.regression, NAIVE: self.naive}
        present = self.held_out.present
        return {name: scores(self.truth, forecast, present, error) for name, forecast in found.items()}
