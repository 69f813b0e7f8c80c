"""A home's own regression, refitted every week on what is known by then: private, and part of what a model sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offchain.ppdl.learning.history import WEEK, Array

PENALTY = 100.0
CONSTANT_PENALTY = 1e-3
HALF_LIFE_WEEKS = 52


def weekly_regression(inputs: Array, target: Array, known: NDArray[np.bool_], lead: int) -> Array:
    """Forecasts [hours] of a home's target [hours] by ridge regression on inputs [hours, columns].

    The weights of a week come from known hours that end before its first forecast is made, `lead` hours ahead; a week
    counts half as much a year later. Nothing depends on later hours; before the first known one, forecasts are 0.
    """
    hours, columns = inputs.shape
    rows = np.concatenate([inputs, np.ones((hours, 1))], axis=1)
    gram, moment = np.diag([PENALTY] * columns + [CONSTANT_PENALTY]), np.zeros(columns + 1)
    penalty, memory = gram.copy(), 0.5 ** (1 / HALF_LIFE_WEEKS)
    forecast, used = np.zeros(hours), 0
    for start in range(0, hours, WEEK):
        end = max(start - lead + 1, 0)
        new = rows[used:end][known[used:end]]
        gram = memory * gram + (1 - memory) * penalty + new.T @ new
        moment = memory * moment + new.T @ target[used:end][known[used:end]]
        used = end
        forecast[start : start + WEEK] = rows[start : start + WEEK] @ np.linalg.solve(gram, moment)
    return forecast
