"""Federated rounds: exact sums, the gate, going on, drop-outs, and the selective mode."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import floor

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.learning.federation import Round, federate, local_updates
from offchain.ppdl.learning.model import Model, Perceptron, to_parameters
from offchain.ppdl.learning.selective import Selective
from offchain.ppdl.learning.training import ClientData, Training
from offchain.ppdl.learning.tuning import client_losses
from offchain.ppdl.learning.update import LARGEST_MOVE, Lanes, apply_sum, encode, mean_loss, plain_sum

MODEL = Perceptron((4, 3, 1))
TRAINING = Training(batch=8, rounds=6, rate=0.05)
LANE = st.integers(-(2**31), 2**31 - 1)


class Gate:
    """Lets a model follow that is better on the data, and none of the refused rounds."""

    def __init__(self, data: ClientData, refused: tuple[int, ...] = ()) -> None:
        self.data, self.refused, self.round = data, refused, 0

    def judge(self, model: Model, old: Lanes, new: Lanes) -> tuple[int, int, bool]:
        self.round += 1
        before, after = (
            int(client_losses(model, to_parameters(state)[None], self.data).mean() * 2**20) for state in (old, new)
        )
        return before, after, self.round not in self.refused


@pytest.fixture
def data() -> ClientData:
    random = torch.Generator().manual_seed(5)
    features = torch.randn(6, 64, 4, generator=random)
    target = features[:, :, 0] - 0.5 * features[:, :, 1].abs()
    return ClientData([f"home-{place}" for place in range(6)], features, target, torch.ones(6, 64))


def run(data: ClientData, state: Lanes, first: int = 1, refused: tuple[int, ...] = ()) -> list[Round]:
    return list(federate(MODEL, data, Gate(data, refused), TRAINING, state, first))


@given(st.lists(st.tuples(LANE, LANE), min_size=1, max_size=8), LANE)
def test_an_update_is_the_clipped_difference(lanes: list[tuple[int, int]], old: int) -> None:
    new = np.array(lanes, np.int64).astype(np.int32)
    update = encode(np.array([old, 0], np.int32), new, np.zeros(len(new)))
    for row, (first, second) in zip(update.tolist(), new.tolist(), strict=True):
        assert row[:2] == [max(-LARGEST_MOVE, min(LARGEST_MOVE, first - old)), max(-LARGEST_MOVE, min(second, 2**20))]


@given(st.lists(st.integers(-LARGEST_MOVE, LARGEST_MOVE), min_size=1, max_size=2047), LANE)
def test_the_new_state_is_the_mean_rounded_to_the_nearest(moves: list[int], old: int) -> None:
    """Against exact fractions, for as many clients as a sum is exact for."""
    updates = np.array([[move, 0] for move in moves], np.int32)
    state = apply_sum(np.array([old], np.int32), plain_sum(updates), len(moves))
    exact = floor(Fraction(sum(moves), len(moves)) + Fraction(1, 2))
    assert state.tolist() == [max(-(2**31), min(2**31 - 1, old + exact))]
    assert state.dtype == np.int32


def test_sums_are_modulo_and_the_largest_is_exact() -> None:
    largest = np.full((2047, 2), LARGEST_MOVE, np.int32)
    assert plain_sum(largest).tolist() == [2047 * LARGEST_MOVE] * 2
    assert plain_sum(-largest).tolist() == [-2047 * LARGEST_MOVE] * 2
    assert plain_sum(np.full((2, 1), 2**31 - 1, np.int32)).tolist() == [-2]


def test_the_last_lane_is_the_training_loss() -> None:
    state = np.zeros(2, np.int32)
    updates = encode(state, np.zeros((4, 2), np.int32), np.array([0.25, 0.75, 5.0, np.nan]))
    assert updates[:, 2].tolist() == [2**18, 3 * 2**18, 2**20, 2**20]
    assert mean_loss(plain_sum(updates), 4) == 0.75


def test_rounds_learn_what_the_clients_have_in_common(data: ClientData) -> None:
    rounds = run(data, MODEL.initial(0))
    assert [done.number for done in rounds] == list(range(1, 7))
    assert rounds[-1].loss_after < 0.8 * rounds[0].loss_before
    assert rounds[-1].training_loss < rounds[0].training_loss
    assert all(later.loss_before == earlier.loss_after for earlier, later in pairwise(rounds))


def test_a_run_goes_on_from_any_round(data: ClientData) -> None:
    whole = run(data, MODEL.initial(0))
    for done in whole[:-1]:
        later = run(data, done.state, done.number + 1)
        assert np.array_equal(later[-1].state, whole[-1].state)


def test_a_round_that_the_gate_refuses_keeps_the_model(data: ClientData) -> None:
    """The old model stays, and the next round begins from it."""
    rounds = run(data, MODEL.initial(0), refused=(3,))
    assert [done.accepted for done in rounds] == [True, True, False, True, True, True]
    assert np.array_equal(rounds[2].state, rounds[1].state)
    assert not np.array_equal(rounds[3].state, rounds[2].state)
    assert rounds[3].loss_before == rounds[2].loss_before


def test_those_who_drop_out_count_for_nothing(data: ClientData) -> None:
    """The aggregate of four is that of a federation of these four."""

    def four(number: int, updates: Lanes) -> Sum:
        return Sum(plain_sum(updates[:4]), 4)

    some = ClientData(data.names[:4], data.features[:4], data.target[:4], data.present[:4])
    state = MODEL.initial(0)
    dropped = list(federate(MODEL, data, Gate(data), TRAINING, state, aggregate=four))
    assert [done.clients for done in dropped] == [4] * 6
    assert np.abs(dropped[-1].state.astype(np.int64) - run(some, state)[-1].state).max() < 64


def test_a_selective_client_sends_a_share_and_keeps_the_rest(data: ClientData) -> None:
    """What it sent and what it kept is what it learnt; the largest go first."""
    state, local = MODEL.initial(0), Selective(share=0.3)
    whole = local_updates(MODEL, data, TRAINING, state, 1)[:, :-1].astype(np.int64)
    sent = local(MODEL, data, TRAINING, state, 1)[:, :-1]
    assert local.unsent is not None
    assert ((sent != 0).sum(axis=1) == int(0.3 * MODEL.weights)).all()
    assert np.array_equal(sent + local.unsent, whole)
    assert (np.abs(local.unsent).max(axis=1) <= np.where(sent != 0, np.abs(sent), 2**31).min(axis=1)).all()
    kept = local.unsent.copy()
    second = local(MODEL, data, TRAINING, state, 2)[:, :-1]
    later = local_updates(MODEL, data, TRAINING, state, 2)[:, :-1].astype(np.int64)
    assert np.array_equal(second + local.unsent, later + kept)


def test_under_masks_all_send_the_same_weights(data: ClientData) -> None:
    """What is sent says nothing of anybody's update."""
    local = Selective(share=0.3, shared=True)
    first, second = (local(MODEL, data, TRAINING, MODEL.initial(0), number)[:, :-1] != 0 for number in (1, 2))
    assert (first == first[0]).all()
    assert first[0].sum() == int(0.3 * MODEL.weights)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("shared", [False, True])
def test_selective_rounds_learn_too(data: ClientData, shared: bool) -> None:
    local, training = Selective(share=0.5, shared=shared), Training(batch=8, rounds=30, rate=0.1)
    rounds = list(federate(MODEL, data, Gate(data), training, MODEL.initial(0), local=local))
    assert rounds[-1].loss_after < 0.8 * rounds[0].loss_before
