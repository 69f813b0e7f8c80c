"""The gate: a model that is worse on published or volunteered data than the one before it doesn't follow it."""

from __future__ import annotations

from dataclasses import dataclass

from offchain.ppdl.learning.model import Model, to_parameters
from offchain.ppdl.learning.training import ClientData, answer
from offchain.ppdl.learning.update import Lanes

LOSS_UNIT = 2.0**-20
PER_MILLE = 1_000


@dataclass(frozen=True)
class Gate:
    """The test set, and by how many thousandths the loss may rise."""

    data: ClientData
    tolerance: int = 20

    def loss(self, model: Model, state: Lanes) -> int:
        """RMSE on the test set in units of 2^-20 of its scaled target, at most 2^32 - 1."""
        answers = answer(model, to_parameters(state, str(self.data.features.device))[None], self.data.features)
        squares = ((answers - self.data.target).double() ** 2 * self.data.present).sum()
        root = float((squares / self.data.present.sum().clamp(min=1)).sqrt())
        return min(round(root / LOSS_UNIT), 2**32 - 1) if root == root else 2**32 - 1

    def judge(self, model: Model, old: Lanes, new: Lanes) -> tuple[int, int, bool]:
        """The losses of both, and whether the new one may follow: the registry's rule for headers."""
        before, after = self.loss(model, old), self.loss(model, new)
        return before, after, after * PER_MILLE <= before * (PER_MILLE + self.tolerance)
