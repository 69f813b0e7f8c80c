"""Models by name: those that come along, and other packages' (docs/reference/extension-points.md)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from offchain.errors import UserError
from offchain.extensions import ExtensionPoint, told
from offchain.ppdl.learning.model import FEATURES, Model, Perceptron, to_parameters
from offchain.ppdl.learning.recurrent import Recurrent

MODELS: ExtensionPoint[Callable[[], Model]] = ExtensionPoint(
    "openmg.models",
    "forecast model",
    {"gru": "offchain.ppdl.learning.recurrent:Recurrent", "linear": "offchain.ppdl.learning.models:linear"},
)
MOST_WEIGHTS = 1 << 20
LONGEST_WINDOW = 168
"""Hours before the 30 features that a model can ask for."""


class AddedModelError(UserError):
    """Says in one line why a model of another package can't be trained."""


def linear() -> Perceptron:
    """No hidden layer."""
    return Perceptron((FEATURES, 1))


@dataclass(frozen=True)
class Added:
    """A model of another package, whatever goes wrong in which is told in one line."""

    name: str
    inner: Model

    @property
    def inputs(self) -> int:
        return self.inner.inputs

    @property
    def weights(self) -> int:
        return self.inner.weights

    def initial(self, seed: int) -> NDArray[np.int32]:
        with _told(self.name):
            return self.inner.initial(seed)

    def forward(self, parameters: Tensor, features: Tensor) -> Tensor:
        with _told(self.name):
            return self.inner.forward(parameters, features)


def model_of(name: str) -> Model:
    """A new model of that name, which answers as training needs it. Raises ExtensionError, AddedModelError."""
    make = MODELS.load(name)
    with _told(name):
        model = make()
        fault = _fault(model)
    if fault:
        raise AddedModelError(f"the model {name} can't be trained: {fault}")
    return model if isinstance(model, Perceptron | Recurrent) else Added(name, model)


def shape_of(name: str, model: Model) -> tuple[tuple[int, ...], int, str]:
    """How a task writes a model down: layers, the window of hours behind the features, and the name of one that only
    its package can build."""
    if isinstance(model, Perceptron):
        return model.sizes, 0, ""
    if isinstance(model, Recurrent):
        return (model.inputs, model.units, 1), model.window, ""
    return (model.inputs, 1), model.inputs - FEATURES, name


def _told(name: str) -> AbstractContextManager[None]:
    return told(f"the model {name} fails", AddedModelError)


def _fault(model: Model) -> str:
    """What is wrong with it; "" if nothing."""
    if not FEATURES <= model.inputs <= FEATURES + LONGEST_WINDOW:
        return f"it takes {model.inputs} features, not {FEATURES} and up to {LONGEST_WINDOW} hours"
    if not 1 <= model.weights <= MOST_WEIGHTS:
        return f"it has {model.weights} weights, not 1 to {MOST_WEIGHTS:,}"
    state = model.initial(0)
    if state.dtype != np.int32 or state.shape != (model.weights,):
        return f"its state is {state.dtype} {state.shape}, not int32 {(model.weights,)}"
    if not np.array_equal(state, model.initial(0)):
        return "the same seed gives another state"
    for kind in (torch.float32, torch.float64):
        parameters = to_parameters(state).to(kind)[None].repeat(2, 1).requires_grad_()
        answers = model.forward(parameters, torch.ones(2, 3, model.inputs, dtype=kind))
        if answers.shape != (2, 3) or answers.dtype != kind:
            return f"it answers {answers.dtype} {tuple(answers.shape)} to two clients' three rows, not {kind} (2, 3)"
        if not answers.requires_grad:
            return "its answers have no gradient"
    return ""
