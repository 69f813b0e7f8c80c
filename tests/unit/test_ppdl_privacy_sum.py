"""What leaves a participant in private mode: bounded, and noisy enough even if others fall out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from offchain.ppdl.learning.update import LARGEST_MOVE
from offchain.ppdl.privacy.accountant import Budget, PrivacyError, calibrated
from offchain.ppdl.privacy.discrete_gaussian import Stream
from offchain.ppdl.privacy.mechanism import SUM_BOUND, PrivateSum, bounded

UPDATES = stn.arrays(np.int64, st.integers(1, 60), elements=st.integers(-(2**31), 2**31 - 1))


@settings(max_examples=200, deadline=None)
@given(UPDATES, st.integers(1, 2**31))
def test_never_longer_than_the_bound(update: np.ndarray[tuple[int], np.dtype[np.int64]], bound: int) -> None:
    """P8 whole numbers, exactly: the norm keeps the bound, no lane grows or turns round, a short update stays as it is,
    and a shortened one loses less than two units a lane beyond the shortening."""
    kept = bounded(update, bound)
    lanes = [max(-LARGEST_MOVE, min(LARGEST_MOVE, int(lane))) for lane in update]
    squared = sum(lane * lane for lane in lanes)
    assert sum(int(lane) ** 2 for lane in kept) <= bound * bound
    if squared <= bound * bound:
        assert list(kept) == lanes
    for lane, before in zip(kept, lanes, strict=True):
        assert int(lane) * before >= 0
        assert abs(int(lane)) <= abs(before)
        if squared > bound * bound:
            assert abs(abs(before) * bound / math.sqrt(squared) - abs(int(lane))) < 2


@pytest.mark.parametrize("participants", [42, 9])
def test_sum_is_noisy_although_some_fell_out(participants: int) -> None:
    """P8 with the most allowed fallen out, and the noise of one taken off by itself, the sum's noise is what the budget
    asks for; the sum of what is sent modulo 2^32 is the sum of the updates and the noise."""
    cost = calibrated(Budget(8, 1e-3), 30)
    plan = PrivateSum(bound=1 << 18, multiplier=cost.multiplier, participants=participants, lanes=4_000)
    assert plan.cost.loss(8) <= cost.loss(8)
    assert plan.alive == participants - int(0.3 * participants)
    update = np.full(plan.lanes, 1_000, np.int64)
    sent = [plan.share(update, Stream(bytes([one]))).astype(np.int32) for one in range(plan.alive)]
    total = np.zeros(plan.lanes, np.uint32)
    for vector in sent:
        total += vector.view(np.uint32)
    own_noise = sent[0].astype(np.int64) - bounded(update, plan.bound)
    noise = total.view(np.int32).astype(np.int64) - plan.alive * bounded(update, plan.bound) - own_noise
    target = plan.multiplier * plan.bound
    slack = 4 / math.sqrt(2 * plan.lanes)
    assert target * (1 - slack) < noise.std() < target * (1 + slack)
    assert abs(noise.mean()) < 4 * target / math.sqrt(plan.lanes)


def test_head_room() -> None:
    """P8 1,008 participants whose weights move by up to 1 fit into 32 bits with their noise; 2,047 don't."""
    plan = PrivateSum(bound=LARGEST_MOVE, multiplier=5, participants=1_008, lanes=642)
    assert 0.4 < plan.head_room / SUM_BOUND < 0.55
    assert plan.cost.multiplier == pytest.approx(5, rel=1e-4)
    with pytest.raises(PrivacyError, match="32 bits"):
        PrivateSum(bound=LARGEST_MOVE, multiplier=5, participants=2_047, lanes=642)


def test_senseless_sums() -> None:
    """P9 nobody to hide behind, no bound, no noise, an update that isn't one: each is refused in one line."""
    good = {"bound": 1_000, "multiplier": 1.0, "participants": 10, "lanes": 5}
    for changed in (
        {"bound": 0},
        {"bound": SUM_BOUND + 1},
        {"participants": 1},
        {"knowing": 7},
        {"knowing": -1},
        {"missing": 1.0},
        {"missing": -0.1},
        {"multiplier": 1e9},
        {"multiplier": 0.0},
        {"multiplier": math.nan},
        {"lanes": 0},
    ):
        with pytest.raises(PrivacyError) as caught:
            PrivateSum(**{**good, **changed})  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)
    with pytest.raises(PrivacyError, match="lanes"):
        PrivateSum(**good).share(np.zeros(6, np.int64), Stream(b""))  # type: ignore[arg-type]
