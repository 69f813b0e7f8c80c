"""Whole rounds in one process: exact sums whoever drops out, or a clear reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.errors import UserError
from offchain.ppdl.aggregation.alive import AliveError
from offchain.ppdl.aggregation.in_process import DropOuts, SecureAggregation
from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.aggregation.unmasking import UnmaskError
from tests.unit.aggregation import random_updates

CLIENTS, DROPPED = 42, frozenset(range(1, 42, 3)) - {1}
"""13 of 42: more than 30 %."""


def plain(updates: Any) -> list[int]:
    """The sum in plain integers."""
    return [sum(int(row[lane]) for row in updates) for lane in range(updates.shape[1])]


def check(result: Sum, updates: Any) -> None:
    """The sum is exactly that of these updates."""
    assert result.clients == len(updates)
    assert result.total.tolist() == plain(updates)


@pytest.mark.parametrize("phase", ["keys", "seeds", "upload"])
def test_a_third_drops_out(phase: str) -> None:
    """P8 in whichever phase they go, the sum is that of the updates that were uploaded, and nothing else."""
    updates = random_updates(CLIENTS, 642)
    result = SecureAggregation(DropOuts(**{phase: DROPPED}))(3, updates)
    uploaded = [index for index in range(CLIENTS) if phase == "upload" or index not in DROPPED]
    check(result, updates[uploaded])
    again = SecureAggregation()(3, updates[uploaded])
    assert again.total.tolist() == result.total.tolist()


def test_nobody_drops_out() -> None:
    updates = random_updates(CLIENTS, 642)
    check(SecureAggregation()(1, updates), updates)


def test_an_upload_is_within_its_size() -> None:
    """All that a client publishes in a round: keys, hashes, boxes, masked lanes, what it reveals; 65 bytes for each of
    the signatures of update, parcel and what it reveals come to it."""
    aggregation = SecureAggregation()
    for lanes, limit in ((642, 14 * 1024), (4098, 2 * 4 * 4097)):
        aggregation(1, random_updates(CLIENTS, lanes))
        assert all(sum(said.values()) + 3 * 65 <= limit for said in aggregation.costs.published.values())
        assert len(aggregation.costs.published) == CLIENTS


def test_more_than_101_mask_in_a_ring() -> None:
    """P8 with 100 neighbours each, and some drop-outs in every phase."""
    updates = random_updates(104, 3)
    gone = DropOuts(frozenset([0, 40]), frozenset([1, 50, 103]), frozenset([2, 60]))
    alive = [index for index in range(104) if index not in gone.keys | gone.seeds]
    check(SecureAggregation(gone)(9, updates), updates[alive])


SOME = st.frozensets(st.integers(0, 11), max_size=5)


@given(SOME, SOME, SOME, st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_there_is_the_exact_sum_or_a_reason(keys: Any, seeds: Any, upload: Any, seed: int) -> None:
    """P8, P9: 12 participants, of whom anybody may go: at least 8 must upload, more than half of those with seeds, and
    as many reveal as the threshold, 6 of the 11 neighbours of each."""
    updates = random_updates(12, 5, seed)
    uploaded = [index for index in range(12) if index not in keys | seeds]
    revealing = [index for index in uploaded if index not in upload]
    needed = [index for index in range(12) if index not in keys]
    enough = len(uploaded) >= 8 and all(len(set(revealing) - {index}) >= 6 for index in needed)
    aggregation = SecureAggregation(DropOuts(keys, seeds, upload))
    if enough:
        check(aggregation(5, updates), updates[uploaded])
    else:
        with pytest.raises(UserError, match=r"only \d+ "):
            aggregation(5, updates)


def test_fewer_than_eight_have_no_sum() -> None:
    """P9 clean end, by the reason."""
    with pytest.raises(AliveError, match="only 7 take part: a round needs 8"):
        SecureAggregation()(1, random_updates(7))
    with pytest.raises(AliveError, match="only 7 are alive: a round needs 8"):
        SecureAggregation(DropOuts(seeds=frozenset([0])))(1, random_updates(8))


def test_fewer_than_the_threshold_reveal_nothing() -> None:
    """P9 20 of 42 reveal, 21 shares open a seed."""
    with pytest.raises(UnmaskError, match="only 20 of 21 shares of the seed of participant 0 are there"):
        SecureAggregation(DropOuts(upload=frozenset(range(22))))(1, random_updates(CLIENTS))


def test_just_the_threshold_is_enough() -> None:
    updates = random_updates(CLIENTS)
    check(SecureAggregation(DropOuts(upload=frozenset(range(20))))(1, updates), updates)


def test_rounds_are_masked_anew() -> None:
    """P8 the same update looks another way in every round and to everybody: no lane of it is uploaded."""
    updates = np.zeros((8, 64), np.int32)
    check(SecureAggregation()(1, updates), updates)
