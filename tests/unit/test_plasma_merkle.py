"""The trees of blocks and of exits."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.merkle import Tree, depth_of, empty_root, leaf, node, root_of
from offchain.plasma.exit_tree import EXIT_TREE_DEPTH, ExitTree

HASH = st.binary(min_size=32, max_size=32)
LEAVES = st.lists(HASH, min_size=1, max_size=40)
QUICKLY = settings(max_examples=60, deadline=None)


def plain_root(leaves: list[bytes], depth: int) -> bytes:
    """All leaves, empty ones too, hashed in pairs until one is left."""
    level = leaves + [bytes(32)] * ((1 << depth) - len(leaves))
    while len(level) > 1:
        level = [keccak(b"\x01" + level[at] + level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


def pushed_root(leaves: list[bytes]) -> bytes:
    """The root that OpenZeppelin's push tree of depth 32 has after these leaves: a side for each level."""
    zeros = [bytes(32)]
    for _ in range(EXIT_TREE_DEPTH):
        zeros.append(keccak(b"\x01" + zeros[-1] * 2))
    sides, root = [b""] * EXIT_TREE_DEPTH, zeros[-1]
    for index, root in enumerate(leaves):
        for level in range(EXIT_TREE_DEPTH):
            left = index >> level & 1 == 0
            if left:
                sides[level] = root
            root = keccak(b"\x01" + (root + zeros[level] if left else sides[level] + root))
    return root


@given(st.integers(1, 5000))
def test_depth_is_the_lowest_that_has_room(count: int) -> None:
    """As MerkleRoot.depthOf counts it."""
    depth = 0
    while 1 << depth < count:
        depth += 1
    assert depth_of(count) == depth


def test_a_tree_of_nothing_is_none() -> None:
    with pytest.raises(ValueError, match="at least one leaf"):
        Tree([])


def test_leaves_and_nodes_are_told_apart() -> None:
    """P5: what is a node's content can't be a leaf with the same hash."""
    one, other = keccak(b"one"), keccak(b"other")
    assert node(one, other) == keccak(b"\x01" + one + other)
    assert leaf(one + other) == keccak(b"\x00" + one + other)
    assert leaf(one + other) != node(one, other)


@given(LEAVES)
@QUICKLY
def test_root_is_that_of_the_whole_tree(leaves: list[bytes]) -> None:
    tree = Tree(leaves)
    assert len(tree) == len(leaves)
    assert tree.depth == depth_of(len(leaves))
    assert tree.root == plain_root(leaves, tree.depth)


@given(LEAVES, HASH)
@QUICKLY
def test_paths_lead_to_the_root_for_their_leaf_alone(leaves: list[bytes], other: bytes) -> None:
    tree = Tree(leaves)
    for index, hash_ in enumerate(leaves):
        path = tree.path(index)
        assert len(path) == tree.depth
        assert root_of(hash_, index, path) == tree.root
        assert (root_of(other, index, path) == tree.root) == (other == hash_)


@given(LEAVES, st.data())
@QUICKLY
def test_a_path_is_bound_to_its_place(leaves: list[bytes], data: st.DataObject) -> None:
    """The same leaf and path at another place lead elsewhere, unless the nodes there are alike."""
    leaves = list(dict.fromkeys(leaves))
    tree = Tree(leaves)
    index, wrong = (data.draw(st.integers(0, (1 << tree.depth) - 1)) for _ in range(2))
    index %= len(leaves)
    assert (root_of(leaves[index], wrong, tree.path(index)) == tree.root) == (index == wrong)


@pytest.mark.parametrize("index", [-1, 3, 4])
def test_there_is_no_path_to_a_leaf_that_is_none(index: int) -> None:
    with pytest.raises(IndexError, match=f"no leaf {index} in a tree of 3"):
        Tree([bytes(32)] * 3).path(index)


@pytest.mark.parametrize("index", [-1, 4])
def test_a_place_beyond_the_tree_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match=f"place {index} is not in a tree of depth 2"):
        root_of(bytes(32), index, [bytes(32)] * 2)


@given(st.lists(HASH, max_size=30))
@QUICKLY
def test_the_exit_tree_is_the_contracts_after_each_exit(leaves: list[bytes]) -> None:
    """Every root that was once the tree's is still known, and every path to it."""
    tree = ExitTree(leaves)
    assert len(tree) == len(leaves)
    for count in range(len(leaves) + 1):
        root = tree.root(count)
        assert root == pushed_root(leaves[:count])
        for index in range(count):
            path = tree.path(index, count)
            assert len(path) == EXIT_TREE_DEPTH
            assert root_of(leaves[index], index, path) == root
    assert tree.root() == tree.root(len(leaves))


@given(st.lists(HASH, max_size=20), st.lists(HASH, max_size=20), st.integers(0, 20))
@QUICKLY
def test_what_is_taken_back_was_never_there(leaves: list[bytes], more: list[bytes], count: int) -> None:
    tree = ExitTree(leaves)
    count = min(count, len(leaves))
    tree.truncate(count)
    for place, hash_ in enumerate(more, start=count):
        assert tree.append(hash_) == place
    same = ExitTree([*leaves[:count], *more])
    assert [tree.root(size) for size in range(len(tree) + 1)] == [same.root(size) for size in range(len(same) + 1)]


def test_the_empty_exit_tree() -> None:
    assert ExitTree().root() == empty_root(EXIT_TREE_DEPTH) == pushed_root([])


def test_exits_that_are_none_are_refused() -> None:
    tree = ExitTree([keccak(b"one")])
    with pytest.raises(IndexError, match="no leaf 0 in a tree of 0"):
        tree.path(0, 0)
    with pytest.raises(IndexError, match="no leaf 1 in a tree of 1"):
        tree.path(1)
    for refused in (lambda: tree.root(2), lambda: tree.path(0, 2), lambda: tree.truncate(2)):
        with pytest.raises(ValueError, match="a tree of 1 leaves was never one of 2"):
            refused()
