"""Local training: every client of a stack goes through its own examples, all at once."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from offchain.ppdl.learning.model import LARGEST_WEIGHT, Model

if TYPE_CHECKING:
    from offchain.ppdl.learning.features import Examples


@dataclass(frozen=True)
class Training:
    """How clients train. The rate falls from round to round as half a cosine, to a share of it in the last. Errors
    count squared, those above `huber` only linearly (Huber 1964)."""

    batch: int = 256
    rate: float = 0.008
    last_rate: float = 0.05
    decay: float = 0.0
    huber: float | None = None
    rounds: int = 60
    epochs: int = 1
    seed: int = 0

    def rate_of(self, round_number: int) -> float:
        """The learning rate of rounds 1, 2, ..."""
        done = min(round_number - 1, self.rounds - 1) / max(self.rounds - 1, 1)
        return self.rate * (self.last_rate + (1 - self.last_rate) * (1 + math.cos(math.pi * done)) / 2)


@dataclass(frozen=True)
class ClientData:
    """Examples as tensors, and the names by which clients draw their own order of them."""

    names: Sequence[str]
    features: Tensor
    target: Tensor
    present: Tensor

    @classmethod
    def of(cls, examples: Examples, names: Sequence[str], device: str = "cpu") -> ClientData:
        arrays = (examples.features, examples.target, examples.present)
        features, target, present = (torch.from_numpy(array).to(device) for array in arrays)
        return cls(list(names), features, target, present.float())

    def between(self, start: int, end: int) -> ClientData:
        """Hours from `start` until before `end`."""
        hours = slice(start, end)
        return ClientData(self.names, self.features[:, hours], self.target[:, hours], self.present[:, hours])


def train(
    model: Model, parameters: Tensor, data: ClientData, training: Training, round_number: int
) -> tuple[Tensor, Tensor]:
    """Trains from parameters [clients, weights] for the round's epochs with Adam on the mean squared error.

    Returns the new parameters and each client's mean loss [clients]. A client's result depends on its own data, its
    name, the seed and the round only, whoever it is stacked with.
    """
    weights = parameters.clone().requires_grad_()
    optimiser = torch.optim.Adam([weights], lr=training.rate_of(round_number), weight_decay=training.decay)
    clients, hours = data.target.shape
    rows = torch.arange(clients, device=weights.device).unsqueeze(1)
    lost, seen = torch.zeros(clients, device=weights.device), torch.zeros(clients, device=weights.device)
    for epoch in range(training.epochs):
        order = torch.stack([_order(name, training.seed, round_number, epoch, hours) for name in data.names])
        order = order.to(weights.device)
        for start in range(0, hours, training.batch):
            batch = order[:, start : start + training.batch]
            answers = model.forward(weights, data.features[rows, batch])
            present = data.present[rows, batch]
            errors = (answers - data.target[rows, batch]) * present
            squares = (errors**2).sum(dim=1)
            counted = present.sum(dim=1)
            loss = squares if training.huber is None else _huber(errors, training.huber).sum(dim=1)
            (weights.grad,) = torch.autograd.grad((loss / counted.clamp(min=1)).sum(), weights)
            optimiser.step()
            with torch.no_grad():
                weights.clamp_(-LARGEST_WEIGHT, LARGEST_WEIGHT)
            lost += squares.detach()
            seen += counted
    return weights.detach(), lost / seen.clamp(min=1)


def _huber(errors: Tensor, limit: float) -> Tensor:
    """Squares, beyond the limit their tangent."""
    near = errors.clamp(-limit, limit)
    return near * (2 * errors - near)


def _order(name: str, seed: int, round_number: int, epoch: int, hours: int) -> Tensor:
    """A permutation of the hours that is the client's own."""
    digest = hashlib.sha256(f"{seed}/{round_number}/{epoch}/{name}".encode()).digest()
    return torch.randperm(hours, generator=torch.Generator().manual_seed(int.from_bytes(digest[:7], "big")))


@torch.no_grad()
def answer(model: Model, parameters: Tensor, features: Tensor) -> Tensor:
    """The model's answers [clients, hours] to features [clients, hours, inputs]; parameters of one for all, or each."""
    return model.forward(parameters.expand(len(features), -1), features)
