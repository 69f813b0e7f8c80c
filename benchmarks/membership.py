"""Membership inference: whether somebody took part, told from models, for participants who have nothing in common.

Made-up users whose targets are chance, so that a model that fits them has learnt them by heart: the easiest case for an
attacker. Half of them train. Two attackers who know a user's readings: one looks how well the last model fits them
(Yeom et al., CSF 2018), the other compares every round's sum with the update that the user would have sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from offchain.ppdl.learning.federation import Aggregate, federate, local_updates, plain
from offchain.ppdl.learning.model import Model, Perceptron, to_parameters
from offchain.ppdl.learning.training import ClientData, Training, answer
from offchain.ppdl.learning.update import Lanes
from offchain.ppdl.privacy.mechanism import bounded
from offchain.ppdl.privacy.mode import PrivateMode

Array = NDArray[np.float64]

USERS, EXAMPLES = 160, 8
MODEL = Perceptron()
TRAINING = Training(batch=EXAMPLES, rate=0.02, rounds=20, epochs=10)


class Open:
    """A gate that lets every model pass."""

    def judge(self, model: Model, old: Lanes, new: Lanes) -> tuple[int, int, bool]:
        return 0, 0, True


@dataclass(frozen=True)
class Users:
    """The first half are members."""

    data: ClientData

    @classmethod
    def made_up(cls, seed: int, users: int = USERS) -> Users:
        random = torch.Generator().manual_seed(seed)
        features = torch.randn(users, EXAMPLES, MODEL.inputs, generator=random)
        targets = torch.randn(users, EXAMPLES, generator=random)
        names = [f"user {number}" for number in range(users)]
        return cls(ClientData(names, features, targets, torch.ones_like(targets)))

    def states(self, aggregate: Aggregate = plain) -> list[Lanes]:
        """The model before the first round of the members, and after each."""
        half = len(self.data.names) // 2
        members = ClientData(self.data.names[:half], *(part[:half] for part in self._parts()))
        start = MODEL.initial(TRAINING.seed)
        rounds = federate(MODEL, members, Open(), TRAINING, start, aggregate=aggregate)
        return [start, *(done.state for done in rounds)]

    def by_fit(self, state: Lanes) -> float:
        """How well the last model's errors tell members (area under the curve: 0.5 is chance)."""
        answers = answer(MODEL, to_parameters(state)[None], self.data.features)
        return area(-((answers - self.data.target) ** 2).mean(dim=1).numpy())

    def by_sums(self, states: list[Lanes], bounds: list[int]) -> float:
        """How well all rounds together tell members: by the product of each sum with what the user would have sent, in
        units of the bound, under which updates are kept."""
        scores = np.zeros(len(self.data.names))
        for number, (old, new) in enumerate(pairwise(states), start=1):
            moved = (new.astype(np.float64) - old) / bounds[number - 1]
            for user, update in enumerate(local_updates(MODEL, self.data, TRAINING, old, number)):
                sent = bounded(update[:-1].astype(np.int64), bounds[number - 1]) / bounds[number - 1]
                scores[user] += float(sent @ moved)
        return area(scores)

    def _parts(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return self.data.features, self.data.target, self.data.present


def area(scores: Array) -> float:
    """The share of pairs of a member and another in which the member, of the first half, scores higher."""
    members, others = np.split(scores, 2)
    return float((members[:, None] > others[None]).mean())


def bounds_of(mode: PrivateMode) -> list[int]:
    """The bound of each round, in units."""
    return [mode.sum_of(number, USERS // 2, MODEL.weights).bound for number in range(1, mode.training.rounds + 1)]
