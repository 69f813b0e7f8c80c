"""The 42 households of the reference split (its description lies beside the data), ready to train on and to score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.forecast_data import AFTER, FIRST, HOUSEHOLDS, Trial, households, path
from offchain.environment import PROJECT
from offchain.ppdl.learning.features import Examples, Horizon, examples
from offchain.ppdl.learning.metrics import scores
from offchain.ppdl.learning.model import Perceptron, to_parameters
from offchain.ppdl.learning.readings import read_csv
from offchain.ppdl.learning.training import ClientData, Training, answer
from offchain.ppdl.learning.update import Lanes
from offchain.ppdl.model_chain.task import Task
from offchain.ppdl.model_chain.testset import Testset
from offchain.ppdl.trainer import TOLERANCE, TaskGate

DATA = PROJECT.parent / "shared" / "data"
VOLUNTEERS = 3  # of the households that aren't among the 42: their readings are the gate's
GATE_HOURS = 2_000


@dataclass(frozen=True)
class Homes:
    """The forecast of the next hour, and the volunteers' examples."""

    trial: Trial
    volunteers: Examples

    @classmethod
    def read(cls, folder: Path = DATA) -> Homes:
        """Raises ClickException if the file isn't there, DataError if it can't be used."""
        trial = households(folder, Horizon.NEXT_HOUR)
        every = read_csv(path(folder, HOUSEHOLDS)).between(FIRST, AFTER)
        start, taken = trial.training_hours, set(trial.readings.households)
        others = every.of(np.array([column for column, name in enumerate(every.households) if name not in taken]))
        fullest = np.argsort(np.isnan(others.kwh[:start]).sum(axis=0), kind="stable")[:VOLUNTEERS]
        theirs = examples(others.of(fullest), Horizon.NEXT_HOUR, start, trial.holidays)
        return cls(trial, theirs.between(start - GATE_HOURS, start))

    def clients(self, slices: int = 1) -> ClientData:
        """Each home a client, or each of so many consecutive parts of its time."""
        parts = self.trial.training
        hours = parts.target.shape[1] // slices
        names = [f"{name} {part}" for name in self.trial.readings.households for part in range(slices)]

        def cut(array: NDArray[np.generic]) -> torch.Tensor:
            kept = array[:, : hours * slices]
            return torch.from_numpy(kept.reshape(len(names), hours, *array.shape[2:]).copy())

        return ClientData(names, cut(parts.features), cut(parts.target), cut(parts.present).float())

    def gate(self, model: Perceptron) -> TaskGate:
        """That of the model chain, on the volunteers' readings."""
        return TaskGate(Task("next_hour", model.sizes, Training(), Testset.of(self.volunteers)), TOLERANCE)

    def nrmse(self, model: Perceptron, state: Lanes) -> float:
        """Of the test period: the mean over homes of RMSE over the home's mean."""
        test = self.trial.test
        answers = answer(model, to_parameters(state)[None], torch.from_numpy(test.features)).numpy()
        return scores(self.trial.truth, test.kwh(answers), self.trial.present, self.trial.naive_error).nrmse
