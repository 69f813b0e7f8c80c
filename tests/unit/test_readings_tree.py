"""The Merkle-sum tree of an epoch's readings."""

from __future__ import annotations

import dataclasses
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.metering import readings_tree
from offchain.metering.readings_tree import (
    DEPTH,
    READING_LIMIT,
    Reading,
    ReadingPath,
    ReadingsTree,
    empty_hash,
    packed,
    verify_reading,
)
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon

WATT_HOURS = st.one_of(st.integers(0, READING_LIMIT - 1), st.sampled_from([0, 1, READING_LIMIT - 1]))
READINGS = st.lists(
    st.builds(Reading, st.integers(0, MODULUS - 1), WATT_HOURS, WATT_HOURS),
    max_size=12,
    unique_by=lambda reading: reading.commitment,
)
EPOCHS = st.integers(0, 2**64 - 1)
QUICKLY = settings(max_examples=25, deadline=None)


def plain_root(epoch: int, readings: list[Reading]) -> int:
    """The published root by definition: node by node, each with its hash and packed sum."""
    sums = [packed(reading.exported, reading.imported) for reading in readings]
    nodes = [
        (poseidon([reading.commitment, epoch, total]), total) for reading, total in zip(readings, sums, strict=True)
    ]
    empty = (0, 0)
    for _ in range(DEPTH):
        nodes += [empty] * (len(nodes) % 2)
        pairs = list(zip(nodes[::2], nodes[1::2], strict=True))
        nodes = [(poseidon([*left, *right]), left[1] + right[1]) for left, right in pairs]
        empty = (poseidon([*empty, *empty]), 0)
    return poseidon(nodes[0] if nodes else empty)


def meters(count: int) -> list[Reading]:
    """Readings of so many meters."""
    return [Reading(1000 + number, number, 2 * number) for number in range(count)]


@given(EPOCHS, READINGS)
@QUICKLY
def test_root_is_by_definition(epoch: int, readings: list[Reading]) -> None:
    """R1 hashing whole levels and leaving out what is empty changes no root."""
    assert ReadingsTree.in_order(epoch, readings).root == plain_root(epoch, readings)


@given(EPOCHS, READINGS)
@QUICKLY
def test_every_reading_can_be_proven(epoch: int, readings: list[Reading]) -> None:
    """R2 each meter's path leads to the published root, in whatever order the leaves are."""
    tree = ReadingsTree(epoch, readings)
    assert sorted(tree.readings, key=lambda reading: reading.commitment) == sorted(
        readings, key=lambda reading: reading.commitment
    )
    for reading in readings:
        index = tree.index(reading.commitment)
        assert tree.readings[index] == reading
        assert verify_reading(tree.root, epoch, reading, tree.path(index))
        assert not verify_reading(tree.root, (epoch + 1) % 2**64, reading, tree.path(index))


@given(EPOCHS, READINGS)
@QUICKLY
def test_sums_are_conserved(epoch: int, readings: list[Reading]) -> None:
    """R3 totals are those of all readings, and so are a reading and its path's sums."""
    tree = ReadingsTree(epoch, readings)
    assert tree.exported == sum(reading.exported for reading in readings)
    assert tree.imported == sum(reading.imported for reading in readings)
    for index, reading in enumerate(tree.readings):
        path = tree.path(index)
        assert reading.exported + sum(path.exported) == tree.exported
        assert reading.imported + sum(path.imported) == tree.imported


@given(EPOCHS, READINGS.filter(bool), st.data())
@QUICKLY
def test_nothing_altered_is_proven(epoch: int, readings: list[Reading], data: st.DataObject) -> None:
    """R4 another reading, sum, hash or place doesn't lead to the root; not even moving a Wh from sum to sum does."""
    tree = ReadingsTree(epoch, readings)
    index = data.draw(st.integers(0, len(readings) - 1))
    level = data.draw(st.integers(0, DEPTH - 1))
    reading, path = tree.readings[index], tree.path(index)

    def altered(numbers: list[int], by: int) -> list[int]:
        return [(number + by * (place == level)) % MODULUS for place, number in enumerate(numbers)]

    by = data.draw(st.sampled_from([-1, 1, 2**32]))
    wrong_paths = [
        dataclasses.replace(path, hashes=altered(path.hashes, by)),
        dataclasses.replace(path, exported=altered(path.exported, by)),
        dataclasses.replace(path, imported=altered(path.imported, by)),
        dataclasses.replace(path, exported=altered(path.exported, 1), imported=altered(path.imported, -1)),
        dataclasses.replace(path, exported=altered(path.exported, 2**64), imported=altered(path.imported, -1)),
        dataclasses.replace(path, index=path.index ^ 1 << level),
        dataclasses.replace(path, index=path.index + (1 << DEPTH)),
        dataclasses.replace(path, hashes=path.hashes[:-1]),
    ]
    wrong_readings = [
        dataclasses.replace(reading, exported=reading.exported + by),
        dataclasses.replace(reading, imported=reading.imported + by),
        dataclasses.replace(reading, exported=reading.exported - 2**64, imported=reading.imported + 1),
        dataclasses.replace(reading, commitment=reading.commitment + MODULUS),
    ]
    less = dataclasses.replace(reading, exported=reading.exported - 1)
    more = dataclasses.replace(path, exported=[path.exported[0] + 1, *path.exported[1:]])
    assert not any(verify_reading(tree.root, epoch, reading, wrong) for wrong in wrong_paths)
    assert not any(verify_reading(tree.root, epoch, wrong, path) for wrong in wrong_readings)
    assert not verify_reading(tree.root, epoch, less, more)
    assert not verify_reading(tree.root + MODULUS, epoch, reading, path)
    assert not verify_reading((tree.root + 1) % MODULUS, epoch, reading, path)


def test_order_is_chosen_afresh() -> None:
    """R5 two trees of the same readings have their leaves in different orders, all of them likely."""
    readings = meters(64)
    assert ReadingsTree(1, readings).readings != ReadingsTree(1, readings).readings
    first = {ReadingsTree(1, meters(3), shuffler=random.Random(seed)).readings[0].commitment for seed in range(40)}
    assert first == {1000, 1001, 1002}
    assert readings == meters(64)


def test_published_tree_can_be_built_again() -> None:
    """R5 a tree's own readings, in its order, give the same tree and paths."""
    tree = ReadingsTree(9, meters(37))
    again = ReadingsTree.in_order(9, tree.readings)
    assert again.root == tree.root
    assert [again.path(index) for index in range(37)] == [tree.path(index) for index in range(37)]


def test_tree_without_readings() -> None:
    """R1 an epoch without readings has a root, too."""
    tree = ReadingsTree(3, [])
    assert (len(tree), tree.exported, tree.imported) == (0, 0, 0)
    assert tree.root == poseidon([empty_hash(DEPTH), 0]) == plain_root(3, [])
    with pytest.raises(IndexError, match="no reading 0 in a tree of 0"):
        tree.path(0)


def test_siblings_of_a_single_reading_are_empty() -> None:
    """R1 where there is nothing, hashes are those of empty subtrees and sums are zero."""
    assert ReadingsTree(3, meters(1)).path(0) == ReadingPath(
        0, [empty_hash(level) for level in range(DEPTH)], [0] * DEPTH, [0] * DEPTH
    )


def test_largest_readings_add_up() -> None:
    """R3 exported and imported don't run into each other at their largest."""
    most = READING_LIMIT - 1
    tree = ReadingsTree.in_order(0, [Reading(number, most, most) for number in range(5)])
    assert (tree.exported, tree.imported) == (5 * most, 5 * most)
    assert (1 << DEPTH) * most < 2**52


@pytest.mark.parametrize(
    ("epoch", "wrong", "message"),
    [
        (1, [Reading(5, 1, 1), Reading(6, 1, 1), Reading(5, 2, 2)], r"meter 0x0{63}5 in epoch 1 stands there twice"),
        (1, [Reading(5, READING_LIMIT, 0)], "4294967296 Wh exported is not between 0 and 4294967295"),
        (1, [Reading(5, 0, READING_LIMIT)], "4294967296 Wh imported is not between"),
        (1, [Reading(5, -1, 0)], "-1 Wh exported is not between"),
        (1, [Reading(5, 0, -1)], "-1 Wh imported is not between"),
        (1, [Reading(MODULUS, 0, 0)], "its commitment is no field element"),
        (1, [Reading(-1, 0, 0)], "its commitment is no field element"),
        (-1, [], "epoch -1 is not between"),
        (2**64, [], "is not between 0 and 2\\^64 - 1"),
    ],
)
def test_wrong_readings_are_named(epoch: int, wrong: list[Reading], message: str) -> None:
    """P9 what can't be published is named in one line."""
    with pytest.raises(UserError, match=message):
        ReadingsTree(epoch, wrong)
    with pytest.raises(UserError, match=message):
        ReadingsTree.in_order(epoch, wrong)


def test_meters_must_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """P9 more meters than leaves are refused; as many as leaves are taken."""
    monkeypatch.setattr(readings_tree, "DEPTH", 3)
    full = ReadingsTree(1, meters(8))
    assert len({full.index(1000 + number) for number in range(8)}) == 8
    assert all(verify_reading(full.root, 1, full.readings[index], full.path(index)) for index in range(8))
    with pytest.raises(UserError, match="9 meters are too many for an epoch: at most 8 fit"):
        ReadingsTree(1, meters(9))


def test_unknown_meter_is_named() -> None:
    """P9 a meter without reading in the epoch gets a clear error."""
    with pytest.raises(UserError, match=r"epoch 4 has no reading of meter 0x0{63}7"):
        ReadingsTree(4, meters(2)).index(7)


def test_progress_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """R6 who waits for a large tree is told how far it is, up to the end."""
    monkeypatch.setattr(readings_tree, "BATCH", 16)
    told: list[tuple[int, int]] = []
    ReadingsTree(1, meters(100), progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert len({total for _, total in told}) == 1
    assert told[-1][0] == told[-1][1]
    assert len(told) > 12


def test_circuits_have_the_same_sizes() -> None:
    """R1 depth and widths are those that circuits are built with."""
    sizes = json.loads((PROJECT / "circuits" / "circuits.json").read_text())
    assert (sizes["readingsTreeDepth"], 1 << sizes["readingBits"]) == (DEPTH, READING_LIMIT)
    assert packed(0, 1) == 1 << sizes["sumShift"]
    assert 1 << sizes["sumBits"] == READING_LIMIT << DEPTH
