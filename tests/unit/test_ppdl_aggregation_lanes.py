"""Updates as chunks of lanes, and their exact sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from offchain.merkle import Tree, leaf
from offchain.ppdl.aggregation.lanes import (
    MOST_CLIENTS,
    LaneError,
    chunk_tree,
    from_bytes,
    to_bytes,
    to_chunks,
    to_lanes,
    total,
)

ROWS = st.integers(1, 200).flatmap(lambda lanes: arrays(np.int32, lanes))


@given(ROWS)
def test_chunks_hold_the_lanes_and_zeros(lanes: Any) -> None:
    """P8 what is masked is the update, whole, at its place."""
    chunks = to_chunks(lanes)
    assert chunks.shape == (-(-len(lanes) // 64), 64)
    assert chunks.dtype == np.uint32
    assert (to_lanes(chunks, len(lanes)) == lanes).all()
    assert not chunks.reshape(-1)[len(lanes) :].any()


@given(ROWS)
def test_a_lane_is_four_bytes_in_twos_complement(lanes: Any) -> None:
    content = to_bytes(to_chunks(lanes))
    assert content[: 4 * len(lanes)] == b"".join(int(lane).to_bytes(4, "big", signed=True) for lane in lanes)
    assert (from_bytes(content) == to_chunks(lanes)).all()


@given(ROWS)
def test_the_tree_is_over_chunks_of_256_bytes(lanes: Any) -> None:
    content = to_bytes(to_chunks(lanes))
    leaves = [leaf(content[at : at + 256]) for at in range(0, len(content), 256)]
    assert chunk_tree(to_chunks(lanes)).root == Tree(leaves).root


@pytest.mark.parametrize("size", [1 << 20, -(1 << 20)])
def test_the_largest_sum_is_exact(size: int) -> None:
    """P8 modulo 2^32 nothing is lost: as many updates of the largest size as there may be."""
    update = to_chunks(np.full(64, size, np.int32))
    assert (to_lanes(total([update] * MOST_CLIENTS), 64).astype(np.int64) == size * MOST_CLIENTS).all()
    with pytest.raises(LaneError, match="a sum of 2048 updates is not exact"):
        total([update] * (MOST_CLIENTS + 1))


@given(st.lists(arrays(np.uint32, (2, 64)), min_size=1, max_size=5))
def test_a_sum_is_that_of_each_lane(updates: list[Any]) -> None:
    lanes = [[int(update.reshape(-1)[at]) for update in updates] for at in range(128)]
    assert total(updates).reshape(-1).tolist() == [sum(lane) % (1 << 32) for lane in lanes]


@pytest.mark.parametrize(
    "lanes", [np.zeros(3), np.zeros((2, 2), np.int32), np.zeros(0, np.int32), np.zeros(3, np.int64)]
)
def test_other_numbers_are_refused(lanes: Any) -> None:
    """P9"""
    with pytest.raises(LaneError, match="lanes are a row of 32-bit numbers"):
        to_chunks(lanes)


@pytest.mark.parametrize("length", [0, 1, 255, 257])
def test_broken_chunks_are_refused(length: int) -> None:
    """P9"""
    with pytest.raises(LaneError, match=f"{length} bytes are not chunks of 256"):
        from_bytes(bytes(length))


def test_updates_of_different_lengths_have_no_sum() -> None:
    """P9"""
    with pytest.raises(LaneError, match="different lengths"):
        total([np.zeros((1, 64), np.uint32), np.zeros((2, 64), np.uint32)])
    with pytest.raises(LaneError, match="a sum of 0 updates"):
        total([])
