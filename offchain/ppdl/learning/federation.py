"""Federated rounds: all train, updates are summed, the gate decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.learning.model import Model, to_parameters, to_state
from offchain.ppdl.learning.training import ClientData, Training, train
from offchain.ppdl.learning.update import Lanes, apply_sum, encode, mean_loss, plain_sum


class Judge(Protocol):
    """Decides whether a model may follow the one before."""

    def judge(self, model: Model, old: Lanes, new: Lanes) -> tuple[int, int, bool]:
        """The losses of both in units of 2^-20, and whether the new one may follow."""


# Trains stacked clients from a state in a round; gives their update vectors [clients, weights + 1].
Local = Callable[[Model, ClientData, Training, Lanes, int], Lanes]
# Takes the round's number and the clients' update vectors [clients, weights + 1].
Aggregate = Callable[[int, Lanes], Sum]
# Takes the round's number and the state that clients train from, wherever they are.
Collect = Callable[[int, Lanes], Sum]


def plain(round_number: int, updates: Lanes) -> Sum:
    """All clients' updates, summed in the clear."""
    return Sum(plain_sum(updates), len(updates))


@dataclass(frozen=True)
class Round:
    """A round that is done: the model after it, and how it went. Losses are RMSE on the gate's test set in units of
    2^-20 of its scaled target; `training_loss` is the clients' mean squared error while they trained."""

    number: int
    state: Lanes
    clients: int
    training_loss: float
    loss_before: int
    loss_after: int
    accepted: bool


def local_updates(model: Model, data: ClientData, training: Training, state: Lanes, number: int) -> Lanes:
    """The update vectors [clients, weights + 1] of a stack of clients that train from the state."""
    start = to_parameters(state, str(data.features.device)).expand(len(data.names), -1)
    trained, losses = train(model, start, data, training, number)
    return encode(state, to_state(trained), losses.cpu().double().numpy())


def federate(
    model: Model,
    data: ClientData,
    gate: Judge,
    training: Training,
    state: Lanes,
    first: int = 1,
    aggregate: Aggregate = plain,
    local: Local = local_updates,
) -> Iterator[Round]:
    """Federated averaging (McMahan et al. 2017) in process: yields rounds `first` to the last, from the model `state`.

    A round depends on the state before it, its number and the seed only, so that a run goes on from any round.
    """

    def collect(number: int, before: Lanes) -> Sum:
        return aggregate(number, local(model, data, training, before, number))

    yield from conduct(model, gate, training.rounds, state, collect, first)


def conduct(model: Model, gate: Judge, rounds: int, state: Lanes, collect: Collect, first: int = 1) -> Iterator[Round]:
    """Rounds `first` to the last from the model `state`, of clients that `collect` asks."""
    for number in range(first, rounds + 1):
        total, clients = collect(number, state)
        candidate = apply_sum(state, total, clients)
        before, after, accepted = gate.judge(model, state, candidate)
        state = candidate if accepted else state
        yield Round(number, state, clients, mean_loss(total, clients), before, after, accepted)
