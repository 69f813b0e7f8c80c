"""What a model chain learns: the forecast, the model's shape, how its participants train, and the test set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Literal

import msgspec
import numpy as np
from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.ppdl.aggregation.lanes import Signed
from offchain.ppdl.learning.features import Horizon
from offchain.ppdl.learning.training import Training
from offchain.ppdl.model_chain.testset import Testset

HorizonName = Literal["next_hour", "day_ahead"]
MOST_LAYERS = 8
WIDEST = 4096


class TaskError(UserError):
    """Says in one line why something is no task."""


@dataclass(frozen=True)
class Task:
    """`layers` are the perceptron's, inputs first. Its hash is the `testsetHash` of all headers: participants
    of one chain train alike."""

    horizon: HorizonName
    layers: tuple[int, ...]
    training: Training
    testset: Testset

    def __post_init__(self) -> None:
        if not 2 <= len(self.layers) <= MOST_LAYERS or not all(1 <= size <= WIDEST for size in self.layers):
            raise TaskError(f"a perceptron has 2 to {MOST_LAYERS} layers of 1 to {WIDEST}")
        if self.layers[0] != self.testset.features.shape[1] or self.layers[-1] != 1:
            raise TaskError("the perceptron doesn't take the test set's features, or gives more than one answer")

    @property
    def foreseen(self) -> Horizon:
        """Which hour is foreseen."""
        return Horizon[self.horizon.upper()]

    @cached_property
    def hash(self) -> bytes:
        """The `testsetHash` of headers."""
        return keccak(self.to_bytes())

    def loss(self, state: Signed) -> int:
        """Of a model on the test set, in units of 2^-20. Raises ModelError if it has another shape."""
        return self.testset.loss(self.layers, state)

    def to_bytes(self) -> bytes:
        """As MessagePack; arrays little-endian."""
        features, targets = self.testset.features, self.testset.targets
        return msgspec.msgpack.encode(
            _Document(
                self.horizon,
                list(self.layers),
                {name: None if value is None else float(value) for name, value in asdict(self.training).items()},
                features.astype("<i2").tobytes(),
                targets.astype("<i4").tobytes(),
            )
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Task:
        """Raises TaskError or TestsetError for what `to_bytes` didn't write."""
        try:
            document = msgspec.msgpack.decode(content, type=_Document)
            training = msgspec.convert(document.training, Training, strict=False)
            features = np.frombuffer(document.features, "<i2").astype(np.int16)
            targets = np.frombuffer(document.targets, "<i4").astype(np.int32)
            testset = Testset(features.reshape(len(targets), -1), targets)
        except (msgspec.DecodeError, ValueError) as error:
            raise TaskError(f"it is no task: {error}") from error
        return cls(document.horizon, tuple(document.layers), training, testset)


class _Document(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    horizon: HorizonName
    layers: list[int]
    training: dict[str, float | None]
    features: bytes
    targets: bytes
