"""The alive: their bitmap, ranks and tree, and when a round ends without a result."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.merkle import Tree, leaf
from offchain.ppdl.aggregation.alive import AliveError, AliveSet, least_company
from offchain.ppdl.aggregation.graph import Graph

SETS = st.integers(1, 300).flatmap(
    lambda size: st.sets(st.integers(0, size - 1)).map(lambda indices: AliveSet.of(size, indices))
)


@given(SETS)
def test_a_bitmap_says_who_is_alive(alive: AliveSet) -> None:
    number = int.from_bytes(alive.bitmap, "little")
    assert [index for index in range(alive.size) if number >> index & 1] == list(alive.indices)
    assert len(alive.bitmap) == (alive.size + 7) // 8
    assert AliveSet.from_bitmap(alive.size, alive.bitmap) == alive
    assert sorted((*alive.indices, *alive.others)) == list(range(alive.size))
    assert all((index in alive) == (index in alive.indices) for index in range(alive.size))


def test_the_lowest_bit_is_the_first_participant() -> None:
    assert AliveSet.of(10, [0, 9]).bitmap == b"\x01\x02"


@pytest.mark.parametrize(
    ("bitmap", "reason"),
    [(b"\x01", "has 2 bytes, not 1"), (b"\x01\x00\x00", "has 2 bytes, not 3"), (b"\x00\x04", "among the round's 10")],
)
def test_bitmaps_that_are_none(bitmap: bytes, reason: str) -> None:
    """P9"""
    with pytest.raises(AliveError, match=reason):
        AliveSet.from_bitmap(10, bitmap)


@pytest.mark.parametrize("indices", [(1, 0), (2, 2)])
def test_ranks_are_in_order(indices: tuple[int, ...]) -> None:
    """P9"""
    with pytest.raises(AliveError, match="ascending order"):
        AliveSet(5, indices)


def test_the_tree_is_over_addresses_and_roots() -> None:
    alive = AliveSet.of(4, [1, 3])
    participants = {index: bytes([index]) * 20 for index in range(4)}
    roots = {1: b"\xaa" * 32, 3: b"\xbb" * 32}
    leaves = [leaf(participants[index] + roots[index]) for index in (1, 3)]
    assert alive.tree(participants, roots).root == Tree(leaves).root


@pytest.mark.parametrize(
    ("alive", "committed", "reason"),
    [
        (range(7), range(7), "only 7 are alive: a round needs 8"),
        (range(8), range(16), "only 8 of 16 are alive: a round needs more than half"),
        (range(9), range(8), "without committed seeds"),
    ],
)
def test_too_few_end_the_round(alive: range, committed: range, reason: str) -> None:
    """P9 with the reason in one line."""
    with pytest.raises(AliveError, match=reason):
        AliveSet.of(20, alive).check_quorum(committed)


def test_just_enough_go_on() -> None:
    AliveSet.of(20, range(8)).check_quorum(range(15))


@pytest.mark.parametrize(("size", "count"), [(42, 22), (120, 90)])
def test_the_least_company(size: int, count: int) -> None:
    """P8 of everybody alive, the fewest alive neighbours."""
    graph, alive = Graph(b"\x07" * 32, size), AliveSet.of(size, range(count))
    expected = min(len(set(graph.neighbours(index)) & set(range(count))) for index in range(count))
    assert least_company(graph, alive) == expected
    assert least_company(graph, AliveSet.of(size, [])) == 0
