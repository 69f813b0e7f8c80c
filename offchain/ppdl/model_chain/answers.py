"""A model's answers as everybody computes them alike, for the gate and for those who check it."""

from __future__ import annotations

import numpy as np
import torch

from offchain.ppdl.aggregation.lanes import Signed
from offchain.ppdl.inference.integer_model import (
    ANSWER_FRACTION,
    FEATURE_FRACTION,
    IntegerModel,
    Integers,
    ModelError,
)
from offchain.ppdl.learning.model import STATE_UNIT, Model, Perceptron

ROWS = 4096
"""At once: of a recurrent model each takes some kilobytes."""
MOST_ANSWER = 1 << 40


def answers_of(model: Model, state: Signed, features: Integers) -> Integers:
    """Answers [rows] in units of 2^-19 of a state, shape (weights,), to quantised features [rows, inputs]. Raises
    ModelError if they don't fit together.

    A perceptron's are whole numbers all through, as they are sold. A recurrent model has no such form: its answers are
    computed in double precision and rounded at the end, so machines could differ where one is within 1e-9 of a half.
    """
    if isinstance(model, Perceptron):
        return IntegerModel.from_lanes(state, model.sizes).answers(features)
    if state.shape != (model.weights,) or features.ndim != 2 or features.shape[1] != model.inputs:
        raise ModelError(f"the model has {model.weights} weights and takes {model.inputs} features, not these")
    parameters = torch.from_numpy(state.astype(np.float64) * STATE_UNIT)[None]
    inputs = torch.from_numpy(features / (1 << FEATURE_FRACTION))
    with torch.no_grad():
        parts = [model.forward(parameters, part[None])[0] for part in torch.split(inputs, ROWS)]
    scaled = np.rint(torch.cat(parts).numpy() * (1 << ANSWER_FRACTION))
    answers: Integers = np.clip(scaled, -MOST_ANSWER, MOST_ANSWER).astype(np.int64)
    return answers
