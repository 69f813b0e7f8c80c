"""A home's own training, on its own readings."""

from __future__ import annotations

from offchain.errors import UserError
from offchain.ppdl.aggregation.lanes import Signed
from offchain.ppdl.learning.device import device_of
from offchain.ppdl.learning.features import examples
from offchain.ppdl.learning.federation import local_updates
from offchain.ppdl.learning.readings import Readings
from offchain.ppdl.learning.training import ClientData
from offchain.ppdl.model_chain.task import Task


class TrainingError(UserError):
    """Says in one line why a home can't train."""


class HomeTraining:
    """Trains with the readings of one home, the first `training_hours` of them. Raises TrainingError if they are of
    several homes or the task isn't one for a chain, DeviceError if the device isn't here."""

    def __init__(self, task: Task, readings: Readings, training_hours: int, device: str = "cpu") -> None:
        if len(readings.households) != 1:
            raise TrainingError(f"a participant trains with one home's readings, not with {len(readings.households)}")
        if task.robust is not None:
            raise TrainingError(
                f"the registry checks one secure sum a round: a task that combines updates by {task.robust} works in"
                " one process only (openmg ppdl train)"
            )
        self._task = task
        self._model = task.model
        told = ((), task.foreseen_quantity, task.window)
        learned = examples(readings, task.foreseen_hour, training_hours, *told).between(0, training_hours)
        self._data = ClientData.of(learned, readings.households, device_of(device))

    def __call__(self, state: Signed, number: int) -> Signed:
        """The update, shape (weights + 1,), from a state, shape (weights,), for the header of a number."""
        update: Signed = local_updates(self._model, self._data, self._task.training, state, number)[0]
        return update
