"""Training by a federation's nodes is the training of one process, integer for integer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from offchain.environment import PROJECT
from offchain.ppdl.aggregation.in_process import SecureAggregation
from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.flower.coordinator import Coordinator
from offchain.ppdl.flower.federation import Federation
from offchain.ppdl.flower.homes import MODEL, Homes, HomesError, gate, initial_state, training, training_data
from offchain.ppdl.flower.node import Node
from offchain.ppdl.learning.federation import conduct, federate
from offchain.ppdl.learning.readings import bundled
from offchain.ppdl.learning.update import Lanes
from tests.unit.flower import account

HOMES = bundled(11, 9)
AGREED = Federation("test", tuple(account(at).address for at in range(9)), "next_hour", 8 * 168, 2, 5)


def part(start: int, end: int) -> Homes:
    return Homes(AGREED, HOMES.of(np.arange(start, end)))


def test_nodes_train_as_one_process(tmp_path: Path) -> None:
    """P8 three nodes that each train their own three homes, and one process that trains all nine, find the same
    weights after each round, bit for bit, and judge them alike."""
    nodes = [
        Node(
            AGREED, [account(at) for at in range(start, start + 3)], tmp_path / str(start), part(start, start + 3).train
        )
        for start in (0, 3, 6)
    ]
    coordinator = Coordinator(AGREED, lambda content: [node.answer(content) for node in nodes])
    judge = gate(AGREED, HOMES.of(np.arange(9, 11)))
    start = initial_state(AGREED)
    over_nodes = list(conduct(MODEL, judge, AGREED.rounds, start, coordinator.sum_of))
    data = training_data(AGREED, HOMES.of(np.arange(9)))
    in_process = list(federate(MODEL, data, judge, training(AGREED), start, aggregate=SecureAggregation()))
    assert len(over_nodes) == len(in_process) == 2
    for one, other in zip(over_nodes, in_process, strict=True):
        assert np.array_equal(one.state, other.state)
        assert not np.array_equal(one.state, start)
        assert (one.training_loss, one.loss_before, one.loss_after) == (
            other.training_loss,
            other.loss_before,
            other.loss_after,
        )


KERNELS = """
import json, sys
from tests.unit.test_ppdl_flower_training import one_round
json.dump(one_round().tolist(), sys.stdout)
"""
MOST_UNITS = 16


def one_round() -> Lanes:
    """The state after the first round in process."""
    data, judge = training_data(AGREED, HOMES.of(np.arange(9))), gate(AGREED, HOMES.of(np.arange(9, 11)))
    return next(federate(MODEL, data, judge, training(AGREED), initial_state(AGREED))).state


def test_other_processors_find_nearly_the_same() -> None:
    """P8 with PyTorch's kernels for any processor of this kind, which add in another order, no weight is further off
    after a round than 16 units of 2^-20."""
    environment = os.environ | {"ATEN_CPU_CAPABILITY": "default", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([sys.executable, "-c", KERNELS], cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    other = np.array(json.loads(done.stdout), np.int64)
    assert np.abs(other - one_round()).max() <= MOST_UNITS
    assert np.abs(other - initial_state(AGREED)).max() > 1000


def test_rounds_go_on_from_any_state() -> None:
    """P9 rounds are numbered from the first that is wanted, each from the state before it."""
    asked: list[tuple[int, int]] = []

    def collect(number: int, state: Lanes) -> Sum:
        asked.append((number, int(state[0])))
        return Sum(np.full(MODEL.weights + 1, 9, np.int32), 9)

    judge = gate(AGREED, HOMES.of(np.arange(9, 11)))
    rounds = list(conduct(MODEL, judge, 4, initial_state(AGREED), collect, first=3))
    assert [done.number for done in rounds] == [3, 4]
    assert asked == [(3, int(initial_state(AGREED)[0])), (4, int(initial_state(AGREED)[0]) + 1)]


def test_a_state_of_another_model_is_refused() -> None:
    """P9 a server that sends another number of weights is told so."""
    with pytest.raises(HomesError, match="a state of 8 bytes is none of 641 weights"):
        part(0, 3).train(1, bytes(8))


def test_too_few_hours_are_refused() -> None:
    """P9 readings that are shorter than the training period are refused at once."""
    with pytest.raises(HomesError, match="there are 1512 hours of readings: more than 2000 are needed"):
        training_data(Federation("test", AGREED.participants, "next_hour", 2000, 2, 5), HOMES)


def test_other_phases_load_no_pytorch() -> None:
    """P9 what a node answers in phases without training needs neither PyTorch nor pandas, so it is quick."""
    modules = "offchain.ppdl.flower.node, offchain.ppdl.flower.keys, offchain.ppdl.flower.coordinator"
    code = f"import sys, {modules}; sys.exit(bool({{'torch', 'pandas', 'ape', 'web3'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT).returncode == 0
