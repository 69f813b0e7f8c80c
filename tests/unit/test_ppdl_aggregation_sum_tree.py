"""Sum trees: their sums, hashes, proofs, and where each mask is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from offchain.merkle import Tree
from offchain.ppdl.aggregation.alive import AliveSet
from offchain.ppdl.aggregation.lanes import to_bytes
from offchain.ppdl.aggregation.masks import stream
from offchain.ppdl.aggregation.seeds import is_kept, mask_places
from offchain.ppdl.aggregation.sum_tree import ChunkTree, SumTree, zero_hash
from offchain.ppdl.aggregation.unmasking import Unmasking, sum_tree, unmasked
from tests.unit.aggregation import Stage, random_updates

SPARSE = st.integers(1, 20).flatmap(
    lambda count: arrays(
        np.uint32, (count, 64), elements=st.sampled_from([0, 0, 0, 1, 2**31, 2**32 - 1]), fill=st.just(0)
    )
)


def plain_node(leaves: Any, place: int, first: int) -> tuple[list[int], bytes]:
    """Sum and hash of a node as the reference writes them, from the leaves up."""
    if place >= first:
        row = leaves[place - first] if place - first < len(leaves) else np.zeros(64, np.uint32)
        content = b"".join(int(lane).to_bytes(4, "big") for lane in row)
        return row.tolist(), keccak(b"\x00" + content)
    (left, left_hash), (right, right_hash) = (plain_node(leaves, 2 * place + side, first) for side in (0, 1))
    sums = [(one + other) % (1 << 32) for one, other in zip(left, right, strict=True)]
    content = b"".join(lane.to_bytes(4, "big") for lane in sums)
    return sums, keccak(b"\x01" + keccak(content) + left_hash + right_hash)


@given(SPARSE)
@settings(max_examples=40, deadline=None)
def test_every_node_is_that_of_the_reference(leaves: Any) -> None:
    """Those above zeros, which are not hashed one by one, and those whose children cancel, too."""
    tree = ChunkTree.of(leaves)
    first = 1
    while first < len(leaves):
        first *= 2
    assert tree.leaves == first
    for place in range(1, 2 * first):
        sums, hash_ = plain_node(leaves, place, first)
        assert tree.sums[place].tolist() == sums
        assert tree.hashes[place] == tree.node(place).hash == hash_


def test_children_that_cancel_are_no_zeros() -> None:
    tree = ChunkTree.of(np.array([[1] * 64, [2**32 - 1] * 64], np.uint32))
    assert not tree.sums[1].any()
    assert tree.root == plain_node(tree.sums[2:], 1, 2)[1] != zero_hash(1)


def built(count: int = 8, chunks: int = 3) -> SumTree:
    """A tree of random updates, masks and gaps."""
    random = np.random.default_rng(3)
    uploads = [random.integers(0, 2**32, (chunks, 64), dtype=np.uint32) for _ in range(count)]
    return SumTree.of(uploads, [(-1, bytes([at]) * 32) if at % 3 else None for at in range(count)])


def test_the_root_is_over_the_chunks_roots() -> None:
    tree = built()
    assert tree.root == Tree([one.root for one in tree.chunk_trees]).root
    assert (tree.total == np.stack([one.sums[1] for one in tree.chunk_trees])).all()


def test_every_node_can_be_proven() -> None:
    """P8 whoever disagrees shows one node, never an update: a chunk of it at the most."""
    tree = built()
    for chunk in range(3):
        for place in range(1, 32):
            proof = tree.proof(chunk, place)
            assert proof.root() == tree.root
            assert proof.node.content == to_bytes(tree.chunk_trees[chunk].sums[place])
            assert (proof.node.children is None) == (place >= 16)


def test_no_other_node_can_be() -> None:
    proof = built().proof(1, 6)
    root = proof.root()
    assert proof.node.children is not None
    left, right = proof.node.children
    others = [
        replace(proof, chunk=0),
        replace(proof, node=replace(proof.node, place=7)),
        replace(proof, node=replace(proof.node, content=bytes(256))),
        replace(proof, node=replace(proof.node, children=(right, left))),
        replace(proof, node=replace(proof.node, children=None)),
        replace(proof, path=proof.path[::-1]),
    ]
    assert all(other.root() != root for other in others)


@pytest.mark.parametrize("place", [0, 32, -1])
def test_places_that_are_none(place: int) -> None:
    """P9"""
    with pytest.raises(IndexError, match=f"no node {place} in a tree of 16 leaves"):
        built().proof(0, place)
    with pytest.raises(ValueError, match="not 1 steps below the root"):
        replace(built().proof(0, 2), node=built().chunk_trees[0].node(5)).root()


def test_the_masks_of_a_round_stand_where_the_reference_says() -> None:
    """P8 positions follow from alive rank and slot alone, and node 1 is the sum of the alive's updates."""
    updates = random_updates(14)
    stage = Stage.of(14).share(but=[2]).upload(updates, but=[5, 9])
    transcript, alive = stage.transcript, stage.alive
    masks = Unmasking(transcript, alive, stage.reveals()).masks()
    tree = sum_tree(stage.uploads, alive, masks)
    leaves = 2 * 11 + 3 * 13
    assert len(masks) == leaves - 11
    assert all(one.leaves == 64 for one in tree.chunk_trees)
    assert (tree.total == unmasked(stage.uploads, alive, masks)).all()
    plain = updates[list(alive.indices)].sum(axis=0)
    assert (tree.total.reshape(-1)[:70].view(np.int32) == plain).all()
    first = tree.chunk_trees[0].sums[64:]
    for rank, index in enumerate(alive.indices):
        assert (first[rank] == stage.uploads[index][0]).all()
        seed = stage.members[index]._secret.self_seed
        assert (first[11 + rank] == -stream(seed, 1)[0]).all()
    for rank, other in enumerate((2, 5, 9)):
        for slot in range(13):
            neighbour = (other + 1 + slot) % 14
            row = first[22 + 13 * rank + slot]
            if other == 2 or neighbour not in alive:
                assert not row.any()
                continue
            assert is_kept(transcript.graph, transcript.seeds, other, neighbour)
            mask = stream(stage.members[neighbour]._pair_seeds[other], 1)[0]
            assert (row == (-mask if neighbour < other else mask)).all()


def test_without_masks_to_take_off_there_are_zeros() -> None:
    """A pair that its ends named differently, and an other one without seeds, leave zeros."""
    stage = Stage.of(12).share(but=[0])
    places = mask_places(stage.transcript.graph, stage.transcript.seeds, AliveSet.of(12, range(2, 12)))
    assert len(places) == 10 + 2 * 11
    assert places[10:21] == [None] * 11
    assert [place is None for place in places[21:]] == [False] * 10 + [True]
