"""What a model chain learns, as one document with one hash; and the hour that a home has not seen."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.errors import UserError
from offchain.ppdl.inference.integer_model import ModelError
from offchain.ppdl.learning.features import Horizon, examples
from offchain.ppdl.learning.readings import Readings, bundled
from offchain.ppdl.learning.training import Training
from offchain.ppdl.model_chain.task import Task, TaskError
from offchain.ppdl.model_chain.testset import Testset, TestsetError, follows
from offchain.ppdl.upcoming import Upcoming, UpcomingError

LAYERS = (3, 2, 1)
FEATURES = np.array([[256, -256, 0], [1, 2, 3], [-2048, 2047, 5]], np.int16)
TARGETS = np.array([0, 1 << 19, -(1 << 18)], np.int32)
TASK = Task("next_hour", LAYERS, Training(rounds=5, huber=0.5), Testset(FEATURES, TARGETS))


def test_a_task_is_written_as_it_is_read() -> None:
    again = Task.from_bytes(TASK.to_bytes())
    assert (again.horizon, again.layers, again.training) == (TASK.horizon, TASK.layers, TASK.training)
    assert again.hash == TASK.hash
    assert again.foreseen_hour is Horizon.NEXT_HOUR


@pytest.mark.parametrize(
    "changed",
    [
        {"horizon": "day_ahead"},
        {"layers": (3, 3, 1)},
        {"training": Training(rounds=6, huber=0.5)},
        {"training": Training(rounds=5)},
        {"testset": Testset(FEATURES, TARGETS + np.int32(1))},
        {"testset": Testset(FEATURES + np.int16(np.array([0, 0, 1])), TARGETS)},
    ],
)
def test_everything_of_a_task_is_in_its_hash(changed: dict[str, object]) -> None:
    """P7: participants of one chain train alike and judge alike."""
    assert dataclasses.replace(TASK, **changed).hash != TASK.hash  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("layers", "why"),
    [((3,), "2 to 8 layers"), ((3, 0, 1), "1 to 4096"), ((4, 1), "doesn't take"), ((3, 2), "more than one answer")],
)
def test_a_task_that_makes_no_sense_is_refused(layers: tuple[int, ...], why: str) -> None:
    """P9"""
    with pytest.raises(TaskError, match=why):
        dataclasses.replace(TASK, layers=layers)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_task_are_refused(content: bytes) -> None:
    """P9"""
    with pytest.raises(UserError, match="it is no task"):
        Task.from_bytes(content)


@pytest.mark.parametrize(
    ("features", "targets", "why"),
    [
        (np.zeros((0, 3), np.int16), np.zeros(0, np.int32), "has 1 to"),
        (FEATURES, TARGETS[:2], "a target for each"),
        (FEATURES + np.int16(2047), TARGETS, "out of range"),
    ],
)
def test_a_test_set_that_makes_no_sense_is_refused(
    features: np.ndarray[tuple[int, ...], np.dtype[np.int16]],
    targets: np.ndarray[tuple[int, ...], np.dtype[np.int32]],
    why: str,
) -> None:
    """P9"""
    with pytest.raises(TestsetError, match=why):
        Testset(features, targets)


def test_a_loss_is_the_root_mean_square_of_errors_by_hand() -> None:
    """P7: a linear model that answers with its first feature, and a bias of a half."""
    testset = Testset(np.array([[256], [-512]], np.int16), np.array([1 << 19, -(1 << 19)], np.int32))
    state = np.array([1 << 20, 1 << 19], np.int32)
    errors = (1.0 + 0.5 - 1.0, -2.0 + 0.5 + 1.0)
    root = (sum(error**2 for error in errors) / 2) ** 0.5
    assert testset.loss((1, 1), state) == int(root * 2**20)
    with pytest.raises(ModelError):
        testset.loss((1, 1), state[:1])


def test_an_error_counts_as_eight_at_most() -> None:
    far = Testset(np.array([[0]], np.int16), np.array([2**31 - 1], np.int32))
    assert far.loss((1, 1), np.zeros(2, np.int32)) == 8 << 20


@pytest.mark.parametrize(("before", "after", "passes"), [(1000, 1020, True), (1000, 1021, False), (0, 0, True)])
def test_the_gates_rule(before: int, after: int, passes: bool) -> None:
    """P7: as PPDLRegistry has it."""
    assert follows(before, after, 20) is passes


@pytest.mark.parametrize("horizon", list(Horizon))
def test_the_unseen_hour_is_told_as_it_is_learned(horizon: Horizon) -> None:
    """Its features are those that the hour has once it was read: nothing of the future is in them."""
    whole = bundled(1, 8)
    hours = len(whole.hours) - 30
    past = Readings(whole.households, whole.hours[:hours], whole.kwh[:hours])
    upcoming = Upcoming.of(past, horizon)
    at = hours + horizon.value - 1
    assert upcoming.hour == whole.hours[at]
    later = Readings(whole.households, whole.hours[: at + 1], whole.kwh[: at + 1])
    learned = examples(later, horizon, hours)
    assert np.array_equal(upcoming.features, learned.features[0, -1])
    answer = np.full((1, len(later.hours)), 0.25, np.float32)
    assert upcoming.kwh(0.25) == pytest.approx(float(learned.kwh(answer)[0, -1]), rel=1e-5)
    assert upcoming.kwh(-1e6) == 0


def test_a_forecast_is_for_one_home() -> None:
    """P9"""
    with pytest.raises(UpcomingError, match="for one home"):
        Upcoming.of(bundled(2, 8), Horizon.NEXT_HOUR)
