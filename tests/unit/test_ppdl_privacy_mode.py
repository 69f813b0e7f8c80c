"""Private mode among made-up homes: what leaves each, and what is learnt nevertheless."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.membership import Open
from offchain.ppdl.aggregation.in_process import DropOuts, SecureAggregation
from offchain.ppdl.learning.federation import Aggregate, federate, local_updates, plain
from offchain.ppdl.learning.model import Perceptron, to_parameters
from offchain.ppdl.learning.training import ClientData, Training, answer
from offchain.ppdl.learning.update import LARGEST_MOVE, Lanes, apply_sum
from offchain.ppdl.privacy.accountant import Budget, PrivacyError, epsilon
from offchain.ppdl.privacy.ledger import BudgetSpent, PrivacyLedger
from offchain.ppdl.privacy.mode import PrivateMode, released
from offchain.ppdl.robust.aggregates import masked
from tests.unit.ppdl_homes import alike

TRAINING = Training(batch=32, rate=0.02, rounds=12)
MODEL = Perceptron((6, 1))
MODE = PrivateMode(Budget(8, 1e-3), 0.3, TRAINING)


def error(data: ClientData, state: Lanes) -> float:
    """Mean squared error, with chance of 0.25 in it."""
    answers = answer(MODEL, to_parameters(state)[None], data.features)
    return float(((answers - data.target) ** 2).mean())


def test_learns_in_private() -> None:
    """P8 42 homes with one relation in common learn it at epsilon 8 as without privacy, within 3 %; noise of a budget a
    hundred times smaller drowns it."""
    data = alike(42, MODEL.inputs)
    start = np.zeros(MODEL.weights, np.int32)

    def learnt(aggregate: Aggregate) -> float:
        rounds = federate(MODEL, data, Open(), TRAINING, start, aggregate=aggregate)
        return error(data, list(rounds)[-1].state)

    clean, private = learnt(plain), learnt(MODE.aggregate(0))
    assert error(data, start) > 2 * clean
    assert private < 1.03 * clean
    assert learnt(PrivateMode(Budget(0.08, 1e-3), 0.3, TRAINING).aggregate(0)) > 1.5 * clean


def test_same_seed_same_rounds() -> None:
    """P8 a simulated round depends on its seed, number and updates; no lane of statistics goes out."""
    updates = local_updates(MODEL, alike(10, MODEL.inputs), TRAINING, MODEL.initial(0), 3)
    first, again = (MODE.aggregate(5)(3, updates) for _ in range(2))
    assert (first.total == again.total).all()
    assert (first.total[-1], first.clients) == (0, 10)
    for other in (MODE.aggregate(6)(3, updates), MODE.aggregate(5)(4, updates)):
        assert (other.total[:-1] != first.total[:-1]).all()


def test_bound_falls_and_cost_stays() -> None:
    """P8 each round has the noise that all rounds together can have, whatever its bound."""
    sums = [MODE.sum_of(number, 42, MODEL.weights) for number in range(1, TRAINING.rounds + 1)]
    assert [one.bound for one in sums] == sorted({one.bound for one in sums}, reverse=True)
    assert sums[0].bound == int(0.3 * LARGEST_MOVE)
    assert 7.99 < epsilon([one.cost for one in sums], 1e-3) <= 8


def test_what_leaves_is_on_the_ledger(tmp_path: Path) -> None:
    """P8 every round of the plan fits into the budget, and none after; what leaves is never the update itself nor the
    same twice; when the ledger refuses, nothing leaves."""
    ledger = PrivacyLedger(tmp_path / "privacy.db", MODE.budget)
    update = np.arange(MODEL.weights, dtype=np.int64) * 1_000
    sent = []
    for number in range(1, TRAINING.rounds + 1):
        plan = MODE.sum_of(number, 42, MODEL.weights)
        sent.append(released(update, plan, ledger, b"model", number))
        assert ledger.spent() == pytest.approx(epsilon([plan.cost] * number, 1e-3), rel=1e-3)
    assert len({vector.tobytes() for vector in [*sent, update]}) == TRAINING.rounds + 1
    with pytest.raises(BudgetSpent):
        released(update, MODE.sum_of(TRAINING.rounds, 42, MODEL.weights), ledger, b"other model", 1)


def test_private_groups() -> None:
    """P8 with groups, each group's sum has its own noise, as much as a sum of all would have."""
    updates = np.zeros((40, 201), np.int32)
    mode = PrivateMode(Budget(8, 1e-3), 0.3, TRAINING, missing=0)
    total, clients = masked(0, within=mode.aggregate(0))(1, updates)
    plan = mode.sum_of(1, 8, 200)
    assert clients == 1
    one_group = plan.deviation * np.sqrt(8) / 8
    # the median of five normal ones has a deviation of 0.536 of one
    assert 0.4 * one_group < total[:-1].std() < 0.68 * one_group
    assert (apply_sum(np.zeros(200, np.int32), total, clients) == total[:-1]).all()


def test_masked_and_private() -> None:
    """P8 noise goes under the masks: with three in ten fallen out, what is unmasked is the sum of what the others sent,
    noisy enough; with more gone, the round has no result."""
    updates = local_updates(MODEL, alike(20, MODEL.inputs), TRAINING, MODEL.initial(0), 1)
    gone = frozenset(range(6))
    secure, clear = SecureAggregation(DropOuts(seeds=gone)), MODE.aggregate(0, lambda _, sent: plain(1, sent[6:]))
    found = MODE.aggregate(0, secure)(1, updates)
    assert found.clients == 14
    assert (found.total == clear(1, updates).total).all()
    assert (found.total[:-1] != updates[6:, :-1].sum(axis=0)).all()
    with pytest.raises(PrivacyError, match="only 13 of 20 are alive"):
        MODE.aggregate(0, SecureAggregation(DropOuts(seeds=gone | {6})))(1, updates)


def test_threads() -> None:
    """P8 results don't depend on how many threads compute them."""
    data, start = alike(9, MODEL.inputs), MODEL.initial(0)
    threads = torch.get_num_threads()
    found = []
    for count in (1, 2):
        torch.set_num_threads(count)
        found.append(MODE.aggregate(0)(1, local_updates(MODEL, data, TRAINING, start, 1)).total)
    torch.set_num_threads(threads)
    assert (found[0] == found[1]).all()
