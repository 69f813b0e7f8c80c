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
from offchain.ppdl.inference.integer_model import PERCEPTRON, Integers
from offchain.ppdl.learning.features import Horizon, Quantity
from offchain.ppdl.learning.model import FEATURES, Model, Perceptron
from offchain.ppdl.learning.models import model_of
from offchain.ppdl.learning.recurrent import Recurrent
from offchain.ppdl.learning.training import Training
from offchain.ppdl.model_chain.answers import answers_of
from offchain.ppdl.model_chain.testset import Testset
from offchain.ppdl.privacy.mode import Privacy, PrivateMode
from offchain.ppdl.robust.rules import Rule

HorizonName = Literal["next_hour", "day_ahead"]
QuantityName = Literal["demand", "generation"]
GROUPS = "groups"
Robust = Rule | Literal["groups"]
MOST_LAYERS = 8
WIDEST = 4096


class TaskError(UserError):
    """Says in one line why something is no task."""


@dataclass(frozen=True)
class Task:
    """`layers` are the perceptron's, inputs first. With a `window` they are those of a recurrent model: its inputs (30
    and the hours of the window), units, and 1. `private` is what all agree on in private mode. `robust` is how updates
    are combined: None by one secure sum, `groups` by the median of secure sums, else by a rule on open updates. `kind`
    names a model of another package, which takes the 30 features and the window; its layers are its inputs and 1.

    Its hash is the `testsetHash` of all headers: participants of one chain train alike. Raises TaskError for what
    makes no sense.
    """

    horizon: HorizonName
    layers: tuple[int, ...]
    training: Training
    testset: Testset
    quantity: QuantityName = "demand"
    window: int = 0
    private: Privacy | None = None
    robust: Robust | None = None
    kind: str = ""

    def __post_init__(self) -> None:
        if not 2 <= len(self.layers) <= MOST_LAYERS or not all(1 <= size <= WIDEST for size in self.layers):
            raise TaskError(f"a perceptron has 2 to {MOST_LAYERS} layers of 1 to {WIDEST}")
        if self.layers[0] != self.testset.features.shape[1] or self.layers[-1] != 1:
            raise TaskError("the perceptron doesn't take the test set's features, or gives more than one answer")
        if self.kind:
            self._check_kind()
        elif self.window and (len(self.layers) != 3 or self.layers[0] != FEATURES + self.window):
            raise TaskError(f"a recurrent model with a window of {self.window} hours has other layers")
        if self.private and self.robust not in (None, GROUPS):
            raise TaskError("where single updates are seen there is no private mode: combine secure sums")

    @property
    def foreseen_hour(self) -> Horizon:
        """Which hour is foreseen."""
        return Horizon[self.horizon.upper()]

    @property
    def foreseen_quantity(self) -> Quantity:
        """What is foreseen of it: what homes use, or what panels give."""
        return Quantity[self.quantity.upper()]

    @cached_property
    def model(self) -> Model:
        """Before it has weights. Raises ExtensionError or AddedModelError for one of another package that isn't here,
        or can't be trained."""
        if self.kind:
            return model_of(self.kind)
        return Recurrent(self.layers[1], self.window) if self.window else Perceptron(self.layers)

    @property
    def provable(self) -> bool:
        """Whether there is a circuit for its answers, so that they can be proven and disputed."""
        return self.whole and self.layers == PERCEPTRON

    @property
    def whole(self) -> bool:
        """Whether its answers have a form in whole numbers, in which they are sold."""
        return not self.window and not self.kind

    @property
    def mode(self) -> PrivateMode | None:
        """Private mode, if it is agreed on."""
        return None if self.private is None else self.private.mode(self.training)

    @cached_property
    def hash(self) -> bytes:
        """The `testsetHash` of headers."""
        return keccak(self.to_bytes())

    def _check_kind(self) -> None:
        if self.layers != (FEATURES + self.window, 1) or self.model.inputs != self.layers[0]:
            raise TaskError(f"the model {self.kind} takes {self.model.inputs} features, the task has {self.layers[0]}")

    def answers(self, state: Signed, features: Integers) -> Integers:
        """Answers of a model to quantised features [rows, inputs], in units of 2^-19. Raises ModelError if it has
        another shape."""
        return answers_of(self.model, state, features)

    def loss(self, state: Signed) -> int:
        """Of a model on the test set, in units of 2^-20. Raises ModelError if it has another shape."""
        return self.testset.rmse(self.answers(state, self.testset.features.astype(np.int64)))

    def to_bytes(self) -> bytes:
        """As MessagePack; arrays little-endian."""
        features, targets = self.testset.features, self.testset.targets
        kind = (self.kind,) if self.kind else ()
        form = _DocumentOfKind if kind else _Document
        return msgspec.msgpack.encode(
            form(
                self.horizon,
                list(self.layers),
                {name: None if value is None else float(value) for name, value in asdict(self.training).items()},
                features.astype("<i2").tobytes(),
                targets.astype("<i4").tobytes(),
                self.quantity,
                self.window,
                None if self.private is None else {name: float(value) for name, value in asdict(self.private).items()},
                self.robust,
                *kind,
            )
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Task:
        """Raises TaskError, TestsetError or PrivacyError for what `to_bytes` didn't write."""
        try:
            document = msgspec.msgpack.decode(content, type=_DocumentOfKind)
            training = msgspec.convert(document.training, Training, strict=False)
            private = msgspec.convert(document.private, Privacy | None, strict=False)
            features = np.frombuffer(document.features, "<i2").astype(np.int16)
            targets = np.frombuffer(document.targets, "<i4").astype(np.int32)
            testset = Testset(features.reshape(len(targets), -1), targets)
        except (msgspec.DecodeError, ValueError) as error:
            raise TaskError(f"it is no task: {error}") from error
        options = (document.quantity, document.window, private, document.robust, document.kind)
        return cls(document.horizon, tuple(document.layers), training, testset, *options)


class _Document(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    horizon: HorizonName
    layers: list[int]
    training: dict[str, float | None]
    features: bytes
    targets: bytes
    quantity: QuantityName
    window: int
    private: dict[str, float] | None
    robust: Robust | None


class _DocumentOfKind(_Document, array_like=True, forbid_unknown_fields=True):
    kind: str = ""
