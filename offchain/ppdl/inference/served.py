"""The models that a node has, by their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from offchain.ppdl.inference.commitments import weight_hash_of
from offchain.ppdl.inference.integer_model import IntegerModel, ModelError
from offchain.ppdl.learning.features import Horizon, Quantity
from offchain.ppdl.model_chain.chain import ModelChain


@dataclass(frozen=True)
class Served:
    """A model and its weight hash."""

    model: IntegerModel
    hash: int

    @classmethod
    def of(cls, model: IntegerModel) -> Served:
        return cls(model, weight_hash_of(model.weights))


class Models(Protocol):
    """Where a node finds models."""

    def head(self) -> int:
        """Number of the newest model that is there."""

    def model(self, number: int) -> Served:
        """The model of a number. Raises UserError if it isn't there."""


class ChainModels:
    """The models of a model chain's folder, read when they are asked for. Raises ChainError if there is no chain."""

    def __init__(self, folder: Path) -> None:
        self._chain = ModelChain(folder)
        self._last: tuple[bytes, Served] | None = None

    def head(self) -> int:
        """Number of the newest block."""
        return self._chain.height

    @property
    def horizon(self) -> Horizon | None:
        """Which hour of a home's demand they foresee; None if something else, or if they have no whole-number form."""
        task = self._chain.task
        return None if not task.whole or task.foreseen_quantity is not Quantity.DEMAND else task.foreseen_hour

    def model(self, number: int) -> Served:
        """Raises ChainError or BlobError if the model isn't there, or is another than its header says, ModelError if it
        has no whole-number form."""
        if not self._chain.task.whole:
            raise ModelError("the chain's models have no form in whole numbers: their answers can't be sold")
        block = self._chain.block(number)
        root = block.header.weights_root
        if self._last is None or self._last[0] != root:
            state = self._chain.state(block)
            self._last = root, Served.of(IntegerModel.from_lanes(state, self._chain.task.layers))
        return self._last[1]
