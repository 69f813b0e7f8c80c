"""The search for what is wrong in a sum tree that its poster keeps to itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.ppdl.aggregation.sum_tree import ChunkTree, SumTree
from offchain.ppdl.disputes.proofs import Kind, path, words
from offchain.ppdl.disputes.search import SumSearch

CHUNKS, LEAVES, ALIVE = 3, 8, 5
RIGHT = SumTree(
    [
        ChunkTree.of(np.random.default_rng(chunk).integers(0, 1 << 32, (LEAVES, 64), np.uint32))
        for chunk in range(CHUNKS)
    ]
)


def posted(chunk: int, node: int) -> SumTree:
    """A tree that is wrong in one place."""
    trees = [ChunkTree(one.sums.copy()) for one in RIGHT.chunk_trees]
    sums = trees[chunk].sums
    sums[node, 5] += np.uint32(1)
    while node > 1:
        node //= 2
        sums[node] = sums[2 * node] + sums[2 * node + 1]
    trees[chunk] = ChunkTree(sums)
    return SumTree(trees)


def proof_of(tree: SumTree, chunk: int, node: int) -> tuple[Any, ...] | None:
    """The `SumProof` of a node, None if it isn't the sum of its children."""
    sums = tree.chunk_trees[chunk].sums
    if not np.array_equal(sums[node], sums[2 * node] + sums[2 * node + 1]):
        return None
    shown = tree.proof(chunk, node)
    children = [tree.chunk_trees[chunk].node(2 * node + side) for side in (0, 1)]
    below = [list(child.children or (bytes(32), bytes(32))) for child in children]
    return (*(words(one.content) for one in (shown.node, *children)), *below, path(shown))


def found(tree: SumTree, levels: int, readable: bool) -> tuple[str, int, int, int]:
    """How a poster is caught who shows all it can: for a leaf that it showed, or a place that it can't show; its chunk
    and node, and how many places were demanded."""
    search, demanded = SumSearch(tree.root, RIGHT, ALIVE), 0
    for _ in range(2 * LEAVES):
        leaf = search.wrong_leaf()
        if leaf is not None:
            return "shown", leaf[0], leaf[1], demanded
        wanted = search.unseen(levels)
        assert len(set(wanted)) == len(wanted) > 0
        demanded += len(wanted)
        for kind, chunk, place in wanted:
            if kind == Kind.SUM:
                proof = proof_of(tree, chunk, place)
                if proof is None:
                    return "kept", chunk, place, demanded
                search.take(chunk, place, proof if readable else None)
                continue
            node = LEAVES + place
            assert kind == (Kind.LEAF if place < ALIVE else Kind.MASK)
            if not np.array_equal(tree.chunk_trees[chunk].sums[node], RIGHT.chunk_trees[chunk].sums[node]):
                return "kept", chunk, node, demanded
            search.confirm(chunk, place)
    raise AssertionError("nothing was found")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, CHUNKS - 1), st.integers(1, 2 * LEAVES - 1), st.integers(1, 4))
def test_the_wrong_place_is_found(chunk: int, node: int, levels: int) -> None:
    """P7 the place itself, with few demands: one path's in a tree that is read."""
    how, in_chunk, at, demanded = found(posted(chunk, node), levels, readable=True)
    assert (in_chunk, at) == (chunk, node)
    assert how == ("shown" if node >= LEAVES else "kept")
    assert demanded <= (CHUNKS + 3) * (2**levels - 1) + 4


@settings(max_examples=30, deadline=None)
@given(st.integers(0, CHUNKS - 1), st.integers(1, 2 * LEAVES - 1), st.integers(1, 3))
def test_it_is_found_though_nobody_can_read_what_was_shown(chunk: int, node: int, levels: int) -> None:
    """P7 by places alone, down to the leaves."""
    assert found(posted(chunk, node), levels, readable=False)[1:3] == (chunk, node)


def test_a_right_tree_leaves_nothing_to_ask() -> None:
    """P7"""
    search = SumSearch(RIGHT.root, RIGHT, ALIVE)
    for kind, chunk, place in search.unseen(1):
        assert kind == Kind.SUM
        search.take(chunk, place, proof_of(RIGHT, chunk, place))
    assert search.unseen(4) == []
    assert search.wrong_leaf() is None
    assert search.height == 3


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_so_many_levels_are_asked_at_once(levels: int) -> None:
    """P7 before anything is known all nodes that far down, each once."""
    assert len(SumSearch(RIGHT.root, RIGHT, ALIVE).unseen(levels)) == CHUNKS * (2**levels - 1)


@pytest.mark.parametrize("node", [1, 3, 7])
def test_a_forged_proof_tells_nothing(node: int) -> None:
    """P7 who shows the right tree's nodes to whoever reads, and its own to the contract, gets no wrong place passed
    over: what doesn't lead to the posted root counts as unreadable."""
    tree = posted(1, 2 * LEAVES - 1)
    search = SumSearch(tree.root, RIGHT, ALIVE)
    search.take(1, node, proof_of(RIGHT, 1, node))
    assert search.wrong_leaf() is None
    while search.wrong_leaf() is None:
        wanted = [place for place in search.unseen(1) if place.chunk == 1]
        assert wanted
        for kind, chunk, place in wanted:
            if kind == Kind.SUM:
                search.take(chunk, place, proof_of(tree, chunk, place))
            elif np.array_equal(tree.chunk_trees[1].sums[LEAVES + place], RIGHT.chunk_trees[1].sums[LEAVES + place]):
                search.confirm(chunk, place)
            else:
                return  # the wrong leaf itself is asked for: its poster can't show it to be right
    assert search.wrong_leaf()[:2] == (1, 2 * LEAVES - 1)  # type: ignore[index]


def test_a_path_that_is_too_short() -> None:
    """P9"""
    search, proof = SumSearch(RIGHT.root, RIGHT, ALIVE), proof_of(RIGHT, 0, 5)
    assert proof is not None
    search.take(0, 5, (*proof[:-1], proof[-1][:1]))
    assert search.wrong_leaf() is None
