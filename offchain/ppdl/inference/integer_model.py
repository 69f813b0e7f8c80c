"""The forecast in whole numbers, bit for bit what the circuit `inference` computes (docs/reference/ppdl-protocol.md).

A weight has 14 bits in units of 2^-11, a feature 12 bits in units of 2^-8. A sum of products is then in units of 2^-19;
a hidden layer's is cut off to 2^-8 again, and the last layer's is the answer. No sum exceeds 2^42: int64 holds all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from offchain.errors import UserError
from offchain.zk.circuits import PARAMETERS

Integers = NDArray[np.int64]

STATE_FRACTION = 20
"""The state's lanes are in units of 2^-20."""

WEIGHT_FRACTION, FEATURE_FRACTION = PARAMETERS.weight_fraction, PARAMETERS.feature_fraction
ANSWER_FRACTION = WEIGHT_FRACTION + FEATURE_FRACTION
WEIGHT_OFFSET = 1 << PARAMETERS.weight_bits - 1
FEATURE_OFFSET = 1 << PARAMETERS.feature_bits - 1
"""What makes the least weight or feature 0."""

PERCEPTRON = (PARAMETERS.model_inputs, PARAMETERS.first_layer, PARAMETERS.second_layer, 1)
"""Sizes of the default model's layers, inputs first: the one that has a circuit."""


class ModelError(UserError):
    """Says in one line why weights or features can't be used."""


def quantise_weights(lanes: NDArray[np.integer[Any]]) -> Integers:
    """Weights of 14 bits from the state's lanes, of any shape: to the nearest, halves up, the farthest clamped."""
    shift = STATE_FRACTION - WEIGHT_FRACTION
    weights: Integers = np.clip((lanes.astype(np.int64) + (1 << shift - 1)) >> shift, -WEIGHT_OFFSET, WEIGHT_OFFSET - 1)
    return weights


def quantise_features(features: ArrayLike) -> Integers:
    """Features of 12 bits from real ones, of any shape: to the nearest, halves to even, the farthest clamped. Raises
    ModelError if one is no finite number."""
    numbers = np.asarray(features, np.float64)
    if not np.isfinite(numbers).all():
        raise ModelError("a feature is no finite number")
    scaled: NDArray[np.float64] = np.clip(
        np.rint(numbers * (1 << FEATURE_FRACTION)), -FEATURE_OFFSET, FEATURE_OFFSET - 1
    )
    return scaled.astype(np.int64)


def lanes_of(layers: Sequence[int]) -> int:
    """How many weights a perceptron with these layers has, biases included."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(layers))


@dataclass(frozen=True)
class IntegerModel:
    """A perceptron with ReLU between its layers: quantised weights in the order of the state."""

    weights: Integers
    layers: tuple[int, ...] = PERCEPTRON

    def __post_init__(self) -> None:
        if self.weights.shape != (lanes_of(self.layers),):
            shape = "-".join(map(str, self.layers))
            raise ModelError(f"a perceptron {shape} has {lanes_of(self.layers)} weights, not {self.weights.shape}")

    @classmethod
    def from_lanes(cls, lanes: NDArray[np.integer[Any]], layers: tuple[int, ...] = PERCEPTRON) -> IntegerModel:
        """The model of a state, shape (lanes,). Raises ModelError if it has another number of lanes."""
        return cls(quantise_weights(lanes), layers)

    def answers(self, features: Integers) -> Integers:
        """Answers in units of 2^-19, shape (rows,), for quantised features, shape (rows, inputs). Raises ModelError for
        another shape, or a feature out of range."""
        if features.ndim != 2 or features.shape[1] != self.layers[0]:
            raise ModelError(f"the model takes rows of {self.layers[0]} features, not an array of {features.shape}")
        if features.size and not -FEATURE_OFFSET <= features.min() <= features.max() < FEATURE_OFFSET:
            raise ModelError(f"a quantised feature is {-FEATURE_OFFSET} to {FEATURE_OFFSET - 1}")
        activations, sums = features, features
        for matrix, biases in self._matrices():
            sums = activations @ matrix.T + (biases << FEATURE_FRACTION)
            activations = np.maximum(sums, 0) >> WEIGHT_FRACTION
        return sums[:, 0]

    def answer(self, features: Sequence[int]) -> int:
        """The answer for one row of quantised features. Raises ModelError as `answers` does."""
        return int(self.answers(np.array([features], np.int64))[0])

    def _matrices(self) -> Iterator[tuple[Integers, Integers]]:
        """Each layer's matrix, shape (outputs, inputs), and biases."""
        start = 0
        for inputs, outputs in pairwise(self.layers):
            middle, end = start + inputs * outputs, start + (inputs + 1) * outputs
            yield self.weights[start:middle].reshape(outputs, inputs), self.weights[middle:end]
            start = end
