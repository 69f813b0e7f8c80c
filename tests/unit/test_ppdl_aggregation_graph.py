"""Permutations, neighbours and committees, as the chain computes them."""

from __future__ import annotations

import math

import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.ppdl.aggregation.graph import Graph, RoundKeys, committee, graph_seed
from offchain.ppdl.aggregation.permutation import Permutation

SEEDS = st.binary(min_size=32, max_size=32)


def walked(seed: bytes, size: int, place: int) -> int:
    """The permutation as the reference writes it, one place at a time."""
    lower = 2 ** (math.ceil(math.log2(size)) // 2)
    upper = math.ceil(size / lower)
    while True:
        digits, radices = divmod(place, lower), (upper, lower)
        for number in range(4):
            (left, right), (radix, other) = digits, radices
            added = int.from_bytes(keccak(seed + number.to_bytes(1, "big") + right.to_bytes(32, "big")), "big")
            digits, radices = (right, (left + added) % radix), (other, radix)
        place = digits[0] * lower + digits[1]
        if place < size:
            return place


@given(SEEDS, st.integers(1, 300))
@settings(max_examples=60, deadline=None)
def test_every_place_is_taken_once(seed: bytes, size: int) -> None:
    permutation = Permutation(seed, size)
    places = [permutation(place) for place in range(size)]
    assert sorted(places) == list(range(size))
    assert [permutation.inverse(place) for place in places] == list(range(size))


@given(SEEDS, st.integers(1, 5000), st.data())
@settings(max_examples=60, deadline=None)
def test_a_place_is_that_of_the_reference(seed: bytes, size: int, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, size - 1))
    assert Permutation(seed, size)(place) == walked(seed, size, place)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 2047])
def test_sizes_at_the_powers_of_two(size: int) -> None:
    permutation = Permutation(b"\x05" * 32, size)
    assert sorted(permutation(place) for place in range(size)) == list(range(size))


@pytest.mark.parametrize("size", [8, 42, 101, 102, 2047])
def test_few_places_lie_beyond(size: int) -> None:
    """P8 the chain's work is bounded: a walk visits a place beyond the range once at most, and there are few."""
    upper, lower = Permutation(bytes(32), size).radices
    assert 0 <= upper * lower - size < lower


@pytest.mark.parametrize("place", [-1, 10])
def test_places_that_are_none(place: int) -> None:
    """P9"""
    permutation = Permutation(bytes(32), 10)
    for refused in (permutation, permutation.inverse):
        with pytest.raises(IndexError, match=f"no place {place} among 10"):
            refused(place)
    with pytest.raises(ValueError, match="one place or more"):
        Permutation(bytes(32), 0)


@pytest.mark.parametrize("size", [2, 8, 42, 101, 102, 103, 250])
def test_neighbours_are_mutual(size: int) -> None:
    """P8 everybody has as many neighbours, nobody itself, and each is its neighbour's neighbour."""
    graph = Graph(keccak(b"graph"), size)
    degree = min(size - 1, 100)
    assert graph.degree == degree
    assert graph.threshold == degree // 2 + 1
    for index in range(size):
        neighbours = graph.neighbours(index)
        assert len(set(neighbours)) == degree
        assert index not in neighbours
        assert [graph.slot(index, other) for other in neighbours] == list(range(degree))
        assert all(graph.neighbours(other)[graph.slot(other, index) or 0] == index for other in neighbours)
        assert graph.slot(index, index) is None


def test_a_ring_is_drawn_from_the_seed() -> None:
    """P8 above 101 participants the seed decides who masks with whom: slots are the nearest in its order."""
    seed = keccak(b"ring")
    graph = Graph(seed, 120)
    ring = sorted(range(120), key=lambda index: walked(seed, 120, index))
    for index in (0, 17, 119):
        place = ring.index(index)
        ahead = [ring[(place + step) % 120] for step in range(1, 51)]
        behind = [ring[(place - step) % 120] for step in range(1, 51)]
        assert list(graph.neighbours(index)) == ahead + behind
        others = set(range(120)) - {index, *ahead, *behind}
        assert [graph.slot(index, other) for other in others] == [None] * 19
    assert graph.neighbours(0) != Graph(keccak(b"another"), 120).neighbours(0)


def test_slots_of_the_complete_graph() -> None:
    assert Graph(bytes(32), 5).neighbours(3) == (4, 0, 1, 2)
    with pytest.raises(IndexError, match="no participant 5 among 5"):
        Graph(bytes(32), 5).neighbours(5)


def test_the_seed_is_a_running_hash_of_all_keys() -> None:
    keys = [RoundKeys(bytes([at]) * 20, bytes([at + 10]) * 32, bytes([at + 20]) * 32) for at in range(3)]
    expected = (9).to_bytes(32, "big")
    for one in keys:
        expected = keccak(expected + one.participant + one.channel_key + one.mask_key)
    assert graph_seed(9, keys) == expected
    assert graph_seed(9, reversed(keys)) != expected


@given(SEEDS, SEEDS, SEEDS, st.integers(8, 2047))
@settings(max_examples=40, deadline=None)
def test_a_committee_has_seven_of_the_alive(seed: bytes, alive_root: bytes, block: bytes, alive: int) -> None:
    seats = committee(seed, alive_root, block, alive)
    assert len(set(seats)) == 7
    assert [walked(keccak(seed + alive_root + block), alive, rank) for rank in seats] == list(range(7))
