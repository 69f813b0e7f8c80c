"""Made-up clients for tests of learning, with one relation in common."""

from __future__ import annotations

import torch

from offchain.ppdl.learning.training import ClientData

NOISE = 0.5


def alike(clients: int, inputs: int, hours: int = 96, seed: int = 0) -> ClientData:
    """Targets are a linear relation that is the same for all, a little of each one's own, and chance."""
    random = torch.Generator().manual_seed(seed)
    relation = torch.randn(inputs, generator=torch.Generator().manual_seed(7)) / 2
    features = torch.randn(clients, hours, inputs, generator=random)
    own = 0.1 * torch.randn(clients, 1, inputs, generator=random)
    target = (features * (relation + own)).sum(dim=2) + NOISE * torch.randn(clients, hours, generator=random)
    return ClientData([f"client {number}" for number in range(clients)], features, target, torch.ones_like(target))
