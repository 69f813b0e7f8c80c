"""Roots of the note trees: each is the reference's, each stays valid, and a full tree is followed by the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offchain.wallet.note import ETH, TREE_LEAVES, commitment
from offchain.zk.poseidon import poseidon
from offchain.zk.tree import MerkleTree, zero_hash
from tests.conftest import Refused
from tests.unit.shielded import Shielded, number

DEPTH = 24
TREE_SLOT = 1025
"""Storage: queued and flushed in slot 0, the queue's 1024 places, then what waits in the tree."""


@pytest.fixture(scope="module")
def first_leaf(shielded: Shielded, chain: Any) -> int:
    """The note in the tree at the start, as it still stands in the queue's first place."""
    return int.from_bytes(chain.provider.get_storage(shielded.pool.address, 1), "big")


def reference(first_leaf: int, shielded: Shielded) -> MerkleTree:
    """The reference tree as it is at the start."""
    tree = MerkleTree(DEPTH)
    tree.append([first_leaf])
    assert tree.root == shielded.root
    return tree


def queue(shielded: Shielded, sender: Any, count: int) -> list[int]:
    """Queues notes by transfers; returns their commitments."""
    commitments: list[int] = []
    while len(commitments) < count:
        left_out = {f"commitment{place}": 0 for place in range(count - len(commitments), 3)}
        request = shielded.transfer(**left_out)
        shielded.send(request, sender)
        commitments += [leaf for leaf in request.commitments if leaf]
    return commitments


def test_root_of_every_size(shielded: Shielded, first_leaf: int, stranger: Any) -> None:
    """S12 after each note flushed on its own the root is the reference's, and the event says so."""
    tree, pool = reference(first_leaf, shielded), shielded.pool
    for index, leaf in enumerate(queue(shielded, stranger, 18), start=1):
        receipt = pool.flush(1, sender=stranger)
        tree.append([leaf])
        assert receipt.events == [pool.Flushed(treeNumber=0, nextIndex=index + 1, root=tree.root)]
        assert pool.isRoot(tree.root, 0)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=5))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_root_of_random_batches(
    shielded: Shielded, first_leaf: int, stranger: Any, chain: Any, batches: Sequence[int]
) -> None:
    """S12 however notes are divided into flushes, each root is the reference's, and all stay valid."""
    tree, pool, roots = reference(first_leaf, shielded), shielded.pool, [shielded.root]
    with chain.isolate():
        leaves = queue(shielded, stranger, sum(batches))
        for size in batches:
            (event,) = pool.flush(size, sender=stranger).events
            tree.append(leaves[:size])
            leaves = leaves[size:]
            assert (event.nextIndex, event.root) == (len(tree), tree.root)
            roots.append(tree.root)
        assert all(pool.isRoot(root, 0) for root in roots)
        assert not any(pool.isRoot(root, 1) for root in roots)


def test_every_root_stays_valid(shielded: Shielded, first_leaf: int, stranger: Any, denied: Refused) -> None:
    """S20 a proof may use any root that ever was, and none that wasn't: not that of the tree within a batch."""
    tree, pool = reference(first_leaf, shielded), shielded.pool
    roots, between = [shielded.root], []
    for _ in range(4):
        (first, second) = queue(shielded, stranger, 2)
        pool.flush(2, sender=stranger)
        tree.append([first])
        between.append(tree.root)
        tree.append([second])
        roots.append(tree.root)
    for root in roots:
        shielded.send(shielded.transfer(root=root), stranger)
    for root in [*between, zero_hash(DEPTH), 0]:
        assert not pool.isRoot(root, 0)
        denied(shielded.transfer(root=root), error=("UnknownRoot(uint256,uint256)", root, 0))


def test_node_is_no_root(shielded: Shielded, first_leaf: int, stranger: Any, denied: Refused) -> None:
    """S20 neither a leaf nor an inner node of the tree passes for a root."""
    tree = reference(first_leaf, shielded)
    tree.append(queue(shielded, stranger, 3))
    shielded.pool.flush(3, sender=stranger)
    for node in (first_leaf, tree.path(0)[0], poseidon([first_leaf, tree.leaf(1)])):
        denied(shielded.transfer(root=node), error=("UnknownRoot(uint256,uint256)", node, 0))


def nearly_full(chain: Any, shielded: Shielded, free: int) -> None:
    """Sets the pool's storage to what it is after 2^24 - `free` flushed leaves, all of them empty."""
    pool, count = shielded.pool.address, TREE_LEAVES - free
    stored = int.from_bytes(chain.provider.get_storage(pool, 0), "big")
    assert stored == shielded.pool.queued() | shielded.pool.flushed() << 128
    assert int.from_bytes(chain.provider.get_storage(pool, TREE_SLOT), "big") != 0  # the leaf that waits
    chain.provider.set_storage(pool, 0, (count | count << 128).to_bytes(32, "big"))
    for level in range(DEPTH):
        chain.provider.set_storage(pool, TREE_SLOT + level, zero_hash(level).to_bytes(32, "big"))
    assert (shielded.pool.queued(), shielded.pool.flushed()) == (count, count)


def late_root(leaves: list[int]) -> int:
    """The root of a full tree whose last leaves are these, all others being empty."""
    for level in range(DEPTH):
        padded = [zero_hash(level)] * (len(leaves) % 2) + leaves
        leaves = [poseidon(padded[at : at + 2]) for at in range(0, len(padded), 2)]
    return leaves[0]


def test_next_tree(shielded: Shielded, chain: Any, stranger: Any, denied: Refused) -> None:
    """S20 a full tree is followed by an empty one; a flush ends with the tree; roots of both are valid, each as its
    own."""
    nearly_full(chain, shielded, free=3)
    pool = shielded.pool
    leaves = queue(shielded, stranger, 8)
    last = TREE_LEAVES - 3
    assert [pool.waiting(last + place) for place in range(8)] == leaves
    receipt = pool.flush(8, sender=stranger)
    full = late_root(leaves[:3])
    assert receipt.events == [pool.Flushed(treeNumber=0, nextIndex=TREE_LEAVES, root=full)]
    assert (pool.flushed(), pool.queued()) == (TREE_LEAVES, TREE_LEAVES + 5)

    tree = MerkleTree(DEPTH)
    tree.append(leaves[3:5])
    receipt = pool.flush(2, sender=stranger)
    assert receipt.events == [pool.Flushed(treeNumber=1, nextIndex=2, root=tree.root)]
    first = tree.root
    tree.append(leaves[5:])
    receipt = pool.flush(2**256 - 1, sender=stranger)
    assert receipt.events == [pool.Flushed(treeNumber=1, nextIndex=5, root=tree.root)]

    for root, number_ in ((shielded.root, 0), (full, 0), (first, 1), (tree.root, 1)):
        assert pool.isRoot(root, number_)
        assert not pool.isRoot(root, 1 - number_)
        denied(
            shielded.transfer(root=root, treeNumber=1 - number_),
            error=("UnknownRoot(uint256,uint256)", root, 1 - number_),
        )
        shielded.send(shielded.transfer(root=root, treeNumber=number_), stranger)


@pytest.mark.parametrize("free", [1, 2, 5, 16])
def test_last_leaves(shielded: Shielded, chain: Any, stranger: Any, free: int) -> None:
    """S20 the last leaves of a tree can be flushed one by one; positions run on without a gap."""
    nearly_full(chain, shielded, free)
    pool = shielded.pool
    leaves = queue(shielded, stranger, free + 1)
    if free == 1:
        pool.flush(1, sender=stranger)
    else:
        pool.flush(free - 1, sender=stranger)
        pool.flush(9, sender=stranger)
    assert pool.isRoot(late_root(leaves[:free]), 0)
    receipt = pool.shield(ETH, 5, 7, b"", sender=stranger, value=5)
    assert receipt.events[-1].position == TREE_LEAVES + 1
    tree = MerkleTree(DEPTH)
    tree.append([leaves[-1], commitment(7, ETH, 5)])
    assert pool.flush(9, sender=stranger).events == [pool.Flushed(treeNumber=1, nextIndex=2, root=tree.root)]


def test_third_tree(shielded: Shielded, chain: Any, stranger: Any) -> None:
    """S20 what waited in the tree before leaves no trace in the next: a tree begun at any time is the reference's."""
    nearly_full(chain, shielded, free=0)
    pool = shielded.pool
    word = 2 * TREE_LEAVES | 2 * TREE_LEAVES << 128
    chain.provider.set_storage(pool.address, 0, word.to_bytes(32, "big"))
    for level in range(DEPTH):
        chain.provider.set_storage(pool.address, TREE_SLOT + level, number().to_bytes(32, "big"))
    tree = MerkleTree(DEPTH)
    for size in (1, 2, 4, 3):
        tree.append(queue(shielded, stranger, size))
        (event,) = pool.flush(size, sender=stranger).events
        assert (event.treeNumber, event.nextIndex, event.root) == (2, len(tree), tree.root)
