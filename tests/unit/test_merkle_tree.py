"""Trees of notes and of registered meters."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon
from offchain.zk.tree import MerkleTree, path_root, verify_path, zero_hash

DEPTH = 5
LEAVES = st.lists(st.integers(0, MODULUS - 1), max_size=1 << DEPTH)
QUICKLY = settings(max_examples=40, deadline=None)


def plain_root(leaves: list[int], depth: int) -> int:
    """All leaves, absent ones too, hashed in pairs until one is left."""
    level = leaves + [0] * ((1 << depth) - len(leaves))
    while len(level) > 1:
        level = [poseidon(level[at : at + 2]) for at in range(0, len(level), 2)]
    return level[0]


def tree_of(leaves: list[int], depth: int = DEPTH) -> MerkleTree:
    """A tree with leaves."""
    tree = MerkleTree(depth)
    tree.append(leaves)
    return tree


def same(one: MerkleTree, other: MerkleTree) -> bool:
    """Whether two trees are alike, down to every node."""
    return one.to_bytes() == other.to_bytes() and one.root == other.root


@given(LEAVES)
@QUICKLY
def test_root_is_that_of_the_whole_tree(leaves: list[int]) -> None:
    """H3 leaving out what is empty changes no root."""
    tree = tree_of(leaves)
    assert len(tree) == len(leaves)
    assert tree.root == plain_root(leaves, DEPTH)
    assert [tree.leaf(index) for index in range(len(leaves))] == leaves


@given(LEAVES, st.integers(0, MODULUS - 1))
@QUICKLY
def test_paths_lead_to_the_root_and_for_no_other_leaf(leaves: list[int], other: int) -> None:
    """H3 each leaf's path leads to the root; with another leaf, index or sibling it doesn't."""
    tree = tree_of(leaves)
    for index, leaf in enumerate(leaves):
        path = tree.path(index)
        assert len(path) == DEPTH
        assert verify_path(tree.root, leaf, index, path)
        assert verify_path(tree.root, other, index, path) == (other == leaf)
        level = index % DEPTH
        changed = [sibling + (place == level) for place, sibling in enumerate(path)]
        assert not verify_path(tree.root, leaf, index, [sibling % MODULUS for sibling in changed])
        moved = index ^ 1 << level
        assert verify_path(tree.root, leaf, moved, path) == (plain_pair(tree, index, level) == 1)


def plain_pair(tree: MerkleTree, index: int, level: int) -> int:
    """How many different nodes stand at a path's level: one if the node equals its sibling."""
    below = path_root(tree.leaf(index), index & (1 << level) - 1, tree.path(index)[:level])
    return len({below, tree.path(index)[level]})


@given(LEAVES, st.data())
@QUICKLY
def test_batches_make_the_tree_that_single_leaves_make(leaves: list[int], data: st.DataObject) -> None:
    """H3 it doesn't matter how many leaves are appended at once."""
    cut = data.draw(st.integers(0, len(leaves)))
    tree = MerkleTree(DEPTH)
    assert tree.append(leaves[:cut]) == 0
    for index, leaf in enumerate(leaves[cut:], start=cut):
        assert tree.append([leaf]) == index
    assert same(tree, tree_of(leaves))


@given(LEAVES, LEAVES, st.data())
@QUICKLY
def test_truncated_leaves_were_never_there(leaves: list[int], others: list[int], data: st.DataObject) -> None:
    """H4 a tree that took leaves back is the tree that never had them, also once it grows again."""
    kept = data.draw(st.integers(0, len(leaves)))
    tree = tree_of(leaves)
    tree.truncate(kept)
    assert same(tree, tree_of(leaves[:kept]))
    added = others[: (1 << DEPTH) - kept]
    tree.append(added)
    assert same(tree, tree_of(leaves[:kept] + added))


@given(LEAVES.filter(bool), st.data(), st.integers(0, MODULUS - 1))
@QUICKLY
def test_a_replaced_leaf_was_always_there(leaves: list[int], data: st.DataObject, leaf: int) -> None:
    """H4 a tree with a replaced leaf is the tree that had the new one from the start."""
    index = data.draw(st.integers(0, len(leaves) - 1))
    tree = tree_of(leaves)
    tree.set(index, leaf)
    assert same(tree, tree_of([*leaves[:index], leaf, *leaves[index + 1 :]]))


@given(LEAVES)
@QUICKLY
def test_a_stored_tree_comes_back(leaves: list[int]) -> None:
    """H5 bytes and rows, in any order, give the same tree, which can go on."""
    tree = tree_of(leaves)
    rows = list(tree.nodes())
    random.Random(1).shuffle(rows)
    for back in (MerkleTree.from_bytes(tree.to_bytes()), MerkleTree.from_nodes(DEPTH, len(tree), rows)):
        assert same(back, tree)
        if len(back) < 1 << DEPTH:
            back.append([7])
            assert same(back, tree_of([*leaves, 7]))


@given(st.lists(st.tuples(st.sampled_from(["append", "truncate", "set"]), st.integers(0, 2**16)), max_size=8))
@QUICKLY
def test_a_table_keeps_up_with_changed_nodes_alone(steps: list[tuple[str, int]]) -> None:
    """H5 writing only the nodes that a change says keeps a table whole."""
    table = sqlite3.connect(":memory:")
    table.execute("CREATE TABLE node (level INTEGER, place INTEGER, hash BLOB, PRIMARY KEY (level, place))")
    tree = MerkleTree(DEPTH)
    for step, number in steps:
        first, end = 0, None
        if step == "append":
            first = tree.append(range(1, 1 + number % ((1 << DEPTH) - len(tree) + 1)))
        elif step == "truncate":
            tree.truncate(number % (len(tree) + 1))
            first = max(len(tree) - 1, 0)
        elif len(tree):
            first = number % len(tree)
            end = first + 1
            tree.set(first, number)
        table.executemany("INSERT OR REPLACE INTO node VALUES (?, ?, ?)", tree.nodes(first, end))
        assert same(MerkleTree.from_nodes(DEPTH, len(tree), table.execute("SELECT * FROM node")), tree)
    table.close()


def test_empty_tree_has_the_zero_root() -> None:
    """H3 a tree without leaves, and one of zeros alone, has the hash of nothing."""
    assert MerkleTree(24).root == zero_hash(24)
    assert zero_hash(1) == poseidon([0, 0])
    assert tree_of([0] * 3).root == zero_hash(DEPTH)


@pytest.mark.parametrize("depth", [1, 20, 24, 32])
def test_first_leaf_of_any_depth(depth: int) -> None:
    """H3 the first leaf's siblings are all empty."""
    tree = tree_of([5], depth)
    assert tree.path(0) == [zero_hash(level) for level in range(depth)]
    assert verify_path(tree.root, 5, 0, tree.path(0))


def test_full_tree_takes_no_more() -> None:
    """P9 leaves beyond the last are refused, and none of them is taken."""
    tree = tree_of(list(range(1, 1 << DEPTH)))
    before = tree.to_bytes()
    with pytest.raises(ValueError, match="2 more leaves don't fit: 31 of 32 are taken"):
        tree.append([1, 2])
    assert tree.to_bytes() == before
    tree.append([32])
    assert tree.root == plain_root(list(range(1, 33)), DEPTH)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda tree: tree.append([1, MODULUS]), ValueError, "is not a field element"),
        (lambda tree: tree.append([-1]), ValueError, "is not a field element"),
        (lambda tree: tree.set(0, MODULUS), ValueError, "is not a field element"),
        (lambda tree: tree.set(3, 1), IndexError, "no leaf 3 in a tree of 3"),
        (lambda tree: tree.set(-1, 1), IndexError, "no leaf -1 in a tree of 3"),
        (lambda tree: tree.path(3), IndexError, "no leaf 3 in a tree of 3"),
        (lambda tree: tree.leaf(-1), IndexError, "no leaf -1 in a tree of 3"),
        (lambda tree: tree.truncate(4), ValueError, "a tree of 3 leaves can't be cut to 4"),
        (lambda tree: tree.truncate(-1), ValueError, "can't be cut to -1"),
        (lambda tree: list(tree.nodes(2, 4)), ValueError, "leaves 2 to 4 are not in a tree of 3"),
        (lambda tree: MerkleTree(0), ValueError, "a depth of 1 to 32, not 0"),
        (lambda tree: MerkleTree(33), ValueError, "a depth of 1 to 32, not 33"),
        (lambda tree: path_root(1, 32, [0] * 5), ValueError, "index 32 is not in a tree of depth 5"),
        (lambda tree: path_root(1, -1, [0] * 5), ValueError, "index -1 is not"),
        (lambda tree: path_root(MODULUS, 0, []), ValueError, "is not a field element"),
        (lambda tree: path_root(1, 0, [MODULUS]), ValueError, "is not a field element"),
        (lambda tree: MerkleTree.from_nodes(5, 33, []), ValueError, "doesn't have 33 leaves"),
        (lambda tree: MerkleTree.from_nodes(5, 3, list(tree.nodes())[1:]), ValueError, "are missing"),
        (lambda tree: MerkleTree.from_nodes(5, 3, [(0, 0, b"")]), ValueError, "has 32 bytes, not 0"),
        (lambda tree: MerkleTree.from_nodes(5, 2, tree.nodes()), ValueError, "don't fit together"),
        (lambda tree: MerkleTree.from_bytes(b""), ValueError, "0 bytes are not a stored tree"),
        (lambda tree: MerkleTree.from_bytes(tree.to_bytes()[:-1]), ValueError, "are not a stored tree of 3 leaves"),
        (lambda tree: MerkleTree.from_bytes(tree.to_bytes()[:-32] + bytes(32)), ValueError, "don't fit together"),
        (lambda tree: MerkleTree.from_bytes(tree.to_bytes()[:-32] + b"\xff" * 32), ValueError, "don't fit together"),
    ],
)
def test_misuse_is_refused(change: Callable[[MerkleTree], object], error: type[Exception], message: str) -> None:
    """P9 what can't be done is said, and the tree stays as it was."""
    tree = tree_of([1, 2, 3])
    before = tree.to_bytes()
    with pytest.raises(error, match=message):
        change(tree)
    assert tree.to_bytes() == before


def test_ten_thousand_leaves_take_no_time() -> None:
    """H3 a wallet that catches up isn't kept waiting (0.2 s measured; a slow machine may take ten times that)."""
    MerkleTree(24).append([1])
    start = time.process_time()
    tree = tree_of(list(range(10_000)), 24)
    assert time.process_time() - start < 2
    assert verify_path(tree.root, 9_999, 9_999, tree.path(9_999))
