"""Made-up clients for tests of learning: one relation in common, and what attackers make of their updates."""

from __future__ import annotations

import numpy as np
import torch

from offchain.ppdl.aggregation.lanes import Sum
from offchain.ppdl.learning.federation import Aggregate
from offchain.ppdl.learning.model import Model
from offchain.ppdl.learning.training import ClientData
from offchain.ppdl.learning.update import Lanes

NOISE = 0.5


class Open:
    """Lets every model pass."""

    def judge(self, model: Model, old: Lanes, new: Lanes) -> tuple[int, int, bool]:
        return 0, 0, True


OPEN = Open()


def alike(clients: int, inputs: int, hours: int = 96, seed: int = 0) -> ClientData:
    """Targets are a linear relation that is the same for all, a little of each one's own, and chance."""
    random = torch.Generator().manual_seed(seed)
    relation = torch.randn(inputs, generator=torch.Generator().manual_seed(7)) / 2
    features = torch.randn(clients, hours, inputs, generator=random)
    own = 0.1 * torch.randn(clients, 1, inputs, generator=random)
    target = (features * (relation + own)).sum(dim=2) + NOISE * torch.randn(clients, hours, generator=random)
    return ClientData([f"client {number}" for number in range(clients)], features, target, torch.ones_like(target))


def attacked(aggregate: Aggregate, attackers: int, factor: int) -> Aggregate:
    """The aggregate of updates of which the first ones are multiplied, as far as 32 bits go."""

    def spoiled(number: int, updates: Lanes) -> Sum:
        sent = updates.copy()
        bounds = np.iinfo(np.int32)
        sent[:attackers] = np.clip(updates[:attackers].astype(np.int64) * factor, bounds.min, bounds.max)
        return aggregate(number, sent)

    return spoiled
