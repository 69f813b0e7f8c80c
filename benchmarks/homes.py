"""The 42 households of the reference split (its description lies beside the data), ready to train on and to score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

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

DATA = PROJECT.parent / "shared" / "data" / "sgsc55_hourly_wide.csv.gz"
FIRST, TEST, END = date(2012, 7, 20), datetime(2013, 10, 11), date(2014, 2, 1)
VOLUNTEERS = 3  # of the households that aren't among the 42: their readings are the gate's
GATE_HOURS = 2_000


@dataclass(frozen=True)
class Homes:
    """Examples of the next hour in the period of training, in that of the test, and of the volunteers."""

    names: list[str]
    training: Examples
    test: Examples
    volunteers: Examples

    @classmethod
    def read(cls, path: Path = DATA) -> Homes:
        """Raises DataError if the file can't be used."""
        every = read_csv(path).between(FIRST, END)
        readings = every.usable()
        start = int(np.searchsorted(readings.hours.to_numpy(), np.datetime64(TEST)))
        names = enumerate(every.households)
        others = every.of(np.array([column for column, name in names if name not in readings.households]))
        known = np.argsort(-(~np.isnan(others.kwh[:start])).sum(axis=0), kind="stable")[:VOLUNTEERS]
        volunteers = examples(others.of(known), Horizon.NEXT_HOUR, start).between(start - GATE_HOURS, start)
        both = examples(readings, Horizon.NEXT_HOUR, start)
        return cls(readings.households, both.between(0, start), both.between(start, len(readings.hours)), volunteers)

    def clients(self, slices: int = 1) -> ClientData:
        """Each home a client, or each of so many consecutive parts of its time."""
        hours = self.training.target.shape[1] // slices
        names = [f"{name} {part}" for name in self.names for part in range(slices)]

        def cut(array: NDArray[np.generic]) -> torch.Tensor:
            kept = array[:, : hours * slices]
            return torch.from_numpy(kept.reshape(len(names), hours, *array.shape[2:]).copy())

        parts = self.training
        return ClientData(names, cut(parts.features), cut(parts.target), cut(parts.present).float())

    def gate(self, model: Perceptron) -> TaskGate:
        """That of the model chain, on the volunteers' readings."""
        return TaskGate(Task("next_hour", model.sizes, Training(), Testset.of(self.volunteers)), TOLERANCE)

    def nrmse(self, model: Perceptron, state: Lanes) -> float:
        """Of the test period: the mean over homes of RMSE over the home's mean."""
        answers = answer(model, to_parameters(state)[None], torch.from_numpy(self.test.features)).numpy()
        ones = np.ones(len(self.names))
        return scores(self.test.truth(), self.test.kwh(answers), self.test.present, ones).nrmse
