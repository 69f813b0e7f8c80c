"""The test set of a model chain: published or volunteered data, by which the gate judges every round.

Losses are computed with the integer model, as forecasts are sold: everybody gets the same number, bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offchain.errors import UserError
from offchain.ppdl.aggregation.lanes import Signed
from offchain.ppdl.inference.integer_model import (
    ANSWER_FRACTION,
    FEATURE_OFFSET,
    IntegerModel,
    Integers,
    quantise_features,
)
from offchain.ppdl.learning.features import Examples

ERROR_FRACTION = 12
LOSS_FRACTION = 20
MOST_ERROR = 1 << 15
MOST_EXAMPLES = 1 << 20
PER_MILLE = 1_000


class TestsetError(UserError):
    """Says in one line why something is no test set."""

    __test__ = False


@dataclass(frozen=True)
class Testset:
    """`features` [examples, inputs], quantised; `targets` [examples], scaled ones in units of 2^-19, as answers are."""

    features: NDArray[np.int16]
    targets: NDArray[np.int32]

    __test__ = False

    def __post_init__(self) -> None:
        shape = self.features.shape
        if len(shape) != 2 or not 1 <= shape[0] <= MOST_EXAMPLES or self.targets.shape != shape[:1]:
            raise TestsetError(f"a test set has 1 to {MOST_EXAMPLES:,} rows of features, and a target for each")
        if self.features.min() < -FEATURE_OFFSET or self.features.max() >= FEATURE_OFFSET:
            raise TestsetError("a feature of the test set is out of range")

    @classmethod
    def of(cls, examples: Examples) -> Testset:
        """All examples of all clients whose readings are present."""
        features = quantise_features(examples.features[examples.present])
        targets = np.clip(
            np.rint(examples.target[examples.present].astype(np.float64) * (1 << ANSWER_FRACTION)), -(2**31), 2**31 - 1
        )
        return cls(features.astype(np.int16), targets.astype(np.int32))

    def loss(self, layers: tuple[int, ...], state: Signed) -> int:
        """Of a perceptron, as `rmse`. Raises ModelError if the state is not of such layers."""
        return self.rmse(IntegerModel.from_lanes(state, layers).answers(self.features.astype(np.int64)))

    def rmse(self, answers: Integers) -> int:
        """Root mean square error of answers [examples], in units of 2^-20 of the scaled target, rounded down. Single
        errors count as 8 at most."""
        errors: Integers = (answers - self.targets) >> (ANSWER_FRACTION - ERROR_FRACTION)
        errors = np.clip(errors, -MOST_ERROR, MOST_ERROR)
        squares = int((errors**2).sum()) << 2 * (LOSS_FRACTION - ERROR_FRACTION)
        return math.isqrt(squares // len(errors))


def follows(before: int, after: int, tolerance: int) -> bool:
    """Whether the gate lets a model follow: its loss may rise by so many thousandths."""
    return after * PER_MILLE <= before * (PER_MILLE + tolerance)
