"""How good the forecasts of a chain's newest model are, in the time that was not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from offchain.ppdl.inference.integer_model import ANSWER_FRACTION, IntegerModel, quantise_features
from offchain.ppdl.learning.features import Examples
from offchain.ppdl.learning.history import WEEK, filled
from offchain.ppdl.learning.metrics import Scores, scores, seasonal_naive_error
from offchain.ppdl.model_chain.chain import ModelChain
from offchain.ppdl.plan import Ground, Plan

Array = NDArray[np.float32]

MODEL, NAIVE = "model", "same hour last week"


@dataclass(frozen=True)
class Evaluation:
    """Forecasts [homes, hours] in kWh of the hours held out, by the model of block `number` as it is sold: in whole
    numbers."""

    number: int
    ground: Ground
    model: IntegerModel

    @classmethod
    def of(cls, folder: Path) -> Evaluation:
        """Of the chain in a folder, with the data it was trained with. Raises ChainError, DataError."""
        chain = ModelChain(folder)
        return cls.with_data(chain, msgspec.convert(chain.about.plan, Plan).ground())

    @classmethod
    def with_data(cls, chain: ModelChain, ground: Ground) -> Evaluation:
        """Of a chain's newest model, on other data."""
        number = chain.height
        return cls(number, ground, IntegerModel.from_lanes(chain.state(chain.block(number)), chain.task.layers))

    @cached_property
    def held_out(self) -> Examples:
        """What is forecast."""
        return self.ground.held_out()

    @cached_property
    def forecast(self) -> Array:
        """By the model."""
        features = self.held_out.features
        answers = self.model.answers(quantise_features(features.reshape(-1, features.shape[2])))
        return self.held_out.kwh((answers / (1 << ANSWER_FRACTION)).astype(np.float32).reshape(features.shape[:2]))

    @cached_property
    def naive(self) -> Array:
        """The same hour of the week before."""
        start = self.ground.training_hours
        kwh = filled(self.ground.readings.kwh)
        before: Array = kwh[start - WEEK : len(kwh) - WEEK].T.astype(np.float32)
        return before

    @cached_property
    def truth(self) -> Array:
        """What was read."""
        return self.held_out.truth()

    def scores(self) -> dict[str, Scores]:
        """Of the model and of the naive forecast."""
        past = self.ground.examples.between(0, self.ground.training_hours)
        kwh = filled(self.ground.readings.kwh)[: self.ground.training_hours].T
        before = np.full_like(kwh, np.nan)
        before[:, WEEK:] = kwh[:, :-WEEK]
        error = seasonal_naive_error(past.truth(), before, past.present)
        present = self.held_out.present
        found = {MODEL: self.forecast, NAIVE: self.naive}
        return {name: scores(self.truth, forecast, present, error) for name, forecast in found.items()}
