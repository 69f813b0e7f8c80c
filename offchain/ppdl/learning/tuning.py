"""Tuning at home: each client goes on from the common model with its own data, and keeps what it finds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from offchain.ppdl.learning.model import Model, to_parameters
from offchain.ppdl.learning.training import ClientData, Training, answer, train
from offchain.ppdl.learning.update import Lanes


@dataclass(frozen=True)
class Tuning:
    """At most so many epochs, and the share of the training period, its end, on which a client tries how many."""

    epochs: int = 12
    rate: float = 0.001
    batch: int = 256
    tail: float = 0.25
    huber: float | None = None
    seed: int = 0


def tuned(model: Model, state: Lanes, data: ClientData, tuning: Tuning) -> Tensor:
    """Parameters [clients, weights] of each client's own model, from the common state.

    They are the mean of those after each epoch (as in Polyak averaging). How many epochs are best a client finds by
    tuning without the end of its training period and trying on it; none at all may be best.
    """
    start = to_parameters(state, str(data.features.device)).expand(len(data.names), -1)
    until = int(data.target.shape[1] * (1 - tuning.tail))
    tail = data.between(until, data.target.shape[1])
    tried = _means(model, start, data.between(0, until), tuning)
    losses = torch.stack([client_losses(model, parameters, tail) for parameters in tried])
    means = torch.stack(_means(model, start, data, tuning))
    best: Tensor = means[losses.argmin(dim=0), torch.arange(len(start), device=start.device)]
    return best


def _means(model: Model, start: Tensor, data: ClientData, tuning: Tuning) -> list[Tensor]:
    """The mean parameters after 0, 1, ... epochs."""
    training = Training(batch=tuning.batch, rate=tuning.rate, last_rate=1, huber=tuning.huber, seed=tuning.seed)
    parameters, summed, means = start, torch.zeros_like(start), [start]
    for epoch in range(1, tuning.epochs + 1):
        parameters, _ = train(model, parameters, data, training, -epoch)  # rounds' numbers are above 0
        summed = summed + parameters
        means.append(summed / epoch)
    return means


def client_losses(model: Model, parameters: Tensor, data: ClientData) -> Tensor:
    """The mean squared error [clients] of each client's model."""
    squares = (answer(model, parameters, data.features) - data.target) ** 2 * data.present
    return squares.sum(dim=1) / data.present.sum(dim=1).clamp(min=1)
