"""What attackers on privacy find, as one JSON object; made-up homes and users, the model of the chain.

    .venv/bin/python benchmarks/attacks.py                     some minutes
    .venv/bin/python benchmarks/attacks.py --only membership   one part: inversion, membership

`inversion`: how far readings found are from the true ones (root mean square of scaled features), beside guesses taken
from other homes. `membership`: the area under the curve, 0.5 is chance.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds its neighbours

from benchmarks.gradient_inversion import Target, distance
from benchmarks.membership import TRAINING, Users, bounds_of
from offchain.ppdl.aggregation.lanes import to_chunks, to_lanes
from offchain.ppdl.aggregation.masks import masked
from offchain.ppdl.learning.features import Examples, Horizon, examples
from offchain.ppdl.learning.federation import local_updates, plain
from offchain.ppdl.learning.model import STATE_UNIT, Perceptron
from offchain.ppdl.learning.readings import bundled
from offchain.ppdl.learning.training import ClientData, Training
from offchain.ppdl.learning.update import LARGEST_MOVE
from offchain.ppdl.privacy.accountant import Budget
from offchain.ppdl.privacy.mode import PrivateMode

Array = NDArray[np.float64]
Lanes = NDArray[np.int64]

HOMES, WEEKS, VICTIMS = 16, 10, 8
TIMES, SEARCHES, BATCH, RATE = 10, 24, 4, 0.05
BOUND, POPULATIONS = 1.0, 4
BUDGETS = (Budget(8, 1e-5), Budget(1, 1e-5))


class Scene:
    """The first homes are victims; an attacker has the readings of all others to guess from."""

    def __init__(self, seed: int = 0) -> None:
        readings = bundled(HOMES, WEEKS)
        self.examples: Examples = examples(readings, Horizon.NEXT_HOUR, len(readings.hours))
        self.model = Perceptron()
        self.target = Target(self.model, self.model.initial(seed), RATE)
        self.random = np.random.default_rng(seed)
        self._hours = np.flatnonzero(self.examples.present.all(axis=0))

    def batch(self, home: int, size: int) -> tuple[Array, Array]:
        """Examples of a home: features [size, inputs], targets [size]."""
        hours = self.random.choice(self._hours, size, replace=False)
        features, targets = self.examples.features[home, hours], self.examples.target[home, hours]
        return features.astype(np.float64), targets.astype(np.float64)

    def guesses(self, size: int, searches: int = SEARCHES) -> Array:
        """Examples of others [searches, size, inputs]."""
        homes = self.random.integers(VICTIMS, HOMES, (searches, size))
        hours = self.random.choice(self._hours, (searches, size))
        chosen: Array = self.examples.features[homes, hours].astype(np.float64)
        return chosen

    def whole(self, home: int) -> Array:
        """All examples of a home."""
        every: Array = self.examples.features[home, self._hours].astype(np.float64)
        return every

    def epochs(self) -> Lanes:
        """The updates [victims, weights] of victims who each train for an epoch, as in a round."""
        names = [f"home {number}" for number in range(VICTIMS)]
        data = ClientData.of(self.examples.of(range(VICTIMS)), names)
        updates = local_updates(self.model, data, Training(), self.target.state, 1)
        return updates[:, :-1].astype(np.int64)


def hidden(update: Lanes, random: np.random.Generator) -> Lanes:
    """The update as the protocol shows it: with the mask of a seed and of two pairs."""
    seeds = [random.bytes(32) for _ in range(3)]
    lanes = masked(to_chunks(update.astype(np.int32)), seeds[0], [(1, seeds[1]), (-1, seeds[2])])
    return to_lanes(lanes, len(update)).astype(np.int64)


def searched(scene: Scene, size: int, shown: Callable[[Array, Array], Lanes]) -> dict[str, float]:
    """Median distances of what is found, and of guesses, from a victim's examples, over several victims; `near` is the
    share of victims that are found at less than a quarter of a guess's distance."""
    found, guessed = [], []
    for victim in range(TIMES):
        features, targets = scene.batch(victim % VICTIMS, size)
        guesses = scene.guesses(size)
        update = shown(features, targets)
        reading = scene.target.one_example(update) if size == 1 else scene.target.examples(update, guesses)
        found.append(distance(reading, features))
        guessed.append(float(np.mean([distance(guess, features) for guess in guesses])))
    return told(found, guessed)


def told(found: list[float], guessed: list[float]) -> dict[str, float]:
    near = np.mean(np.array(found) < np.array(guessed) / 4)
    return {
        "found": round(float(np.median(found)), 4),
        "guessed": round(float(np.median(guessed)), 4),
        "near": round(float(near), 2),
    }


def of_sum(scene: Scene) -> dict[str, float]:
    """What the sum of 8 steps on one example each shows: it is the step on a batch of 8."""
    attacker = replace(scene.target, rate=RATE * VICTIMS)
    found, guessed = [], []
    for _ in range(TIMES):
        steps = [scene.target.update(*scene.batch(home, 1)) for home in range(1, VICTIMS)]
        features, targets = scene.batch(0, 1)
        guesses = scene.guesses(VICTIMS)
        reading = attacker.examples(scene.target.update(features, targets) + sum(steps), guesses)
        found.append(distance(reading, features))
        guessed.append(float(np.mean([distance(guess, features) for guess in guesses])))
    return told(found, guessed)


def of_epochs(scene: Scene, times: int = TIMES) -> dict[str, float]:
    """What the sum of 8 epochs shows: how far what is found is from any of a victim's examples."""
    update = scene.epochs().sum(axis=0)
    truth = scene.whole(0)
    found, guessed = [], []
    for _ in range(times):
        guesses = scene.guesses(BATCH)
        gradient = scene.target.gradient(torch.from_numpy(guesses[0]), torch.zeros(BATCH).double()).norm()
        attacker = replace(scene.target, rate=float(np.linalg.norm(update) * STATE_UNIT / gradient))
        found.append(distance(truth, attacker.examples(update, guesses)))
        guessed.append(float(np.mean([distance(truth, guess) for guess in guesses])))
    return told(found, guessed)


def inversion() -> dict[str, Any]:
    """Of one update in the clear, of one as the protocol shows it, and of sums."""
    scene = Scene()
    clear = scene.target.update
    return {
        "clear_update": {str(size): searched(scene, size, clear) for size in (1, 2, BATCH)},
        "masked_update": {
            str(size): searched(scene, size, lambda *batch: hidden(clear(*batch), scene.random)) for size in (1, BATCH)
        },
        "sum_of_8_examples": of_sum(scene),
        "sum_of_8_epochs": of_epochs(scene),
    }


def membership() -> dict[str, Any]:
    """Mean areas over several populations, without privacy and with it."""
    modes = [None, *(PrivateMode(budget, BOUND, TRAINING) for budget in BUDGETS)]
    return {name_of(mode): areas(mode) for mode in modes}


def areas(mode: PrivateMode | None, populations: int = POPULATIONS, sums: bool = True) -> dict[str, float]:
    """By how well the last model fits, and by all sums."""
    fits, products = [], []
    for seed in range(populations):
        users = Users.made_up(seed)
        states = users.states(mode.aggregate(seed) if mode else plain)
        fits.append(users.by_fit(states[-1]))
        if sums:
            products.append(users.by_sums(states, bounds_of(mode) if mode else [LARGEST_MOVE] * TRAINING.rounds))
    found = {"last_model": fits, "all_sums": products}
    return {name: round(float(np.mean(each)), 3) for name, each in found.items() if each}


def name_of(mode: PrivateMode | None) -> str:
    return f"epsilon {mode.budget.epsilon:g}, delta {mode.budget.delta:g}" if mode else "not private"


PARTS = {"inversion": inversion, "membership": membership}


@click.command()
@click.option("--only", type=click.Choice(list(PARTS)), help="One part.")
def main(only: str | None) -> None:
    """Prints one JSON object."""
    torch.set_num_threads(1)
    click.echo(json.dumps({name: PARTS[name]() for name in ([only] if only else PARTS)}, indent=2))


if __name__ == "__main__":
    main()
