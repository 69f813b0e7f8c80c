"""Readings read out of updates: what works on an update in the clear finds nothing in what the protocol shows."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.attacks import BATCH, RATE, VICTIMS, Scene, hidden, of_epochs
from benchmarks.gradient_inversion import Target, distance
from offchain.ppdl.privacy.accountant import Budget, calibrated
from offchain.ppdl.privacy.discrete_gaussian import Stream
from offchain.ppdl.privacy.mechanism import PrivateSum

SEARCHES = 24


@pytest.fixture
def scene() -> Scene:
    return Scene(seed=3)


def test_one_example_in_the_clear(scene: Scene) -> None:
    """P8 shows that the attack works: a step on one hour of one home gives it away, each of 30 features to 1 %."""
    for home in range(VICTIMS):
        features, targets = scene.batch(home, 1)
        found = scene.target.one_example(scene.target.update(features, targets))
        assert np.abs(found - features).max() < 0.01


def test_four_examples_in_the_clear(scene: Scene) -> None:
    """P8 shows that the attack works: of three homes' steps on four hours most are found almost, far nearer than by
    guessing."""
    nearer = []
    for home in range(3):
        features, targets = scene.batch(home, BATCH)
        guesses = scene.guesses(BATCH, SEARCHES)
        found = distance(scene.target.examples(scene.target.update(features, targets), guesses), features)
        nearer.append(found / np.mean([distance(guess, features) for guess in guesses]))
    assert np.median(nearer) < 0.1


@pytest.mark.parametrize("size", [1, BATCH])
def test_masked_update(scene: Scene, size: int) -> None:
    """P8 the same attack on the same update as it is uploaded does no better than guessing."""
    found, guessed = [], []
    for home in range(VICTIMS if size == 1 else 2):
        features, targets = scene.batch(home, size)
        update = hidden(scene.target.update(features, targets), scene.random)
        guesses = scene.guesses(size, 8)
        reading = scene.target.one_example(update) if size == 1 else scene.target.examples(update, guesses)
        found.append(distance(reading, features))
        guessed.append(np.mean([distance(guess, features) for guess in guesses]))
    assert np.mean(found) > 0.9 * np.mean(guessed)


def test_sum_of_epochs(scene: Scene) -> None:
    """P8 the sum of 8 homes that each train for an epoch does no better than guessing."""
    found = of_epochs(scene, times=2)
    assert found["found"] > 0.9 * found["guessed"]


def test_private_sum(scene: Scene) -> None:
    """P8 private mode: even the sum of 8, of which all but one are known, of one step on one hour each, is no better
    than guessing. Without the noise the same sum gives that hour away."""
    multiplier = calibrated(Budget(8, 1e-5), 60).multiplier
    found, guessed, plain = [], [], []
    for home in range(VICTIMS):
        features, targets = scene.batch(home, 1)
        update = scene.target.update(features, targets)
        norm = int(np.linalg.norm(update)) + 1
        plan = PrivateSum(norm, multiplier, VICTIMS, len(update), missing=0)
        others = plan.shares(np.zeros((VICTIMS - 1, len(update)), np.int64), Stream(bytes([home])))
        sent = plan.share(update, Stream(bytes([home, 1]))) + others.sum(axis=0)
        attacker = Target(scene.model, scene.target.state, RATE)
        found.append(distance(attacker.one_example(sent), features))
        plain.append(distance(attacker.one_example(update), features))
        guessed.append(np.mean([distance(guess, features) for guess in scene.guesses(1, 8)]))
    assert max(plain) < 0.01
    assert np.mean(found) > 0.9 * np.mean(guessed)
