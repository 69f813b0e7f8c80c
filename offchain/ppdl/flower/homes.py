"""What a federation's participants train on, and with: imported by whoever trains, since PyTorch takes its time.

One thread: sums are made in one order, so that all engines find the same weights.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from offchain.errors import UserError
from offchain.ppdl.aggregation.lanes import BIG_ENDIAN
from offchain.ppdl.flower.federation import Federation
from offchain.ppdl.learning.features import Examples, Horizon, examples
from offchain.ppdl.learning.federation import local_updates
from offchain.ppdl.learning.model import Perceptron
from offchain.ppdl.learning.readings import Readings
from offchain.ppdl.learning.training import ClientData, Training
from offchain.ppdl.model_chain.task import Task
from offchain.ppdl.model_chain.testset import Testset
from offchain.ppdl.trainer import TOLERANCE, TaskGate

torch.set_num_threads(1)
MODEL = Perceptron()


class HomesError(UserError):
    """Says in one line why there is nothing to train with."""


class Homes:
    """The homes of a node, a column of its readings each. Raises HomesError if there are too few hours."""

    def __init__(self, federation: Federation, readings: Readings) -> None:
        self._federation = federation
        self._data = training_data(federation, readings)

    def train(self, number: int, state: bytes) -> NDArray[np.int32]:
        """The updates, shape (homes, lanes), from a state in bytes. Raises HomesError if it is none of the model's."""
        if len(state) != 4 * MODEL.weights:
            raise HomesError(f"a state of {len(state)} bytes is none of {MODEL.weights} weights")
        start = np.frombuffer(state, BIG_ENDIAN).astype(np.uint32).view(np.int32)
        return local_updates(MODEL, self._data, training(self._federation), start, number)


def training(federation: Federation) -> Training:
    """How its members train."""
    return Training(rounds=federation.rounds, seed=federation.seed)


def initial_state(federation: Federation) -> NDArray[np.int32]:
    """The state before the first round."""
    return MODEL.initial(federation.seed)


def training_data(federation: Federation, readings: Readings) -> ClientData:
    """What homes train on. Raises HomesError if there are fewer hours than that."""
    return ClientData.of(_examples(federation, readings).between(0, federation.training_hours), readings.households)


def gate(federation: Federation, readings: Readings) -> TaskGate:
    """The gate, of readings that their homes gave away. Raises HomesError as `training_data`."""
    given = _examples(federation, readings).between(0, federation.training_hours)
    task = Task(federation.horizon, MODEL.sizes, training(federation), Testset.of(given))
    return TaskGate(task, TOLERANCE)


def _examples(federation: Federation, readings: Readings) -> Examples:
    if len(readings.hours) <= federation.training_hours:
        raise HomesError(
            f"there are {len(readings.hours)} hours of readings: more than {federation.training_hours} are needed"
        )
    return examples(readings, Horizon[federation.horizon.upper()], federation.training_hours)
