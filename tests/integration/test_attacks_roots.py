"""Attacks with roots that are none, of another tree, too early or too late."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from offchain.metering.readings_tree import ReadingsTree
from offchain.units import ETHER, WATT_HOUR
from offchain.wallet.meter import ReadingProof
from offchain.wallet.note import ETH, Note
from offchain.wallet.request import Operation
from offchain.wallet.shielding import Shielding
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon
from offchain.zk.tree import MerkleTree, path_root, zero_hash
from offchain.zk.witness import WitnessError
from tests.integration.forgery import UNKNOWN_ROOT, signal
from tests.integration.stage import ATTACKER, CAPACITY, EPOCH, OPERATOR, OWNER, Stage, note_of

DEPTH, METER_DEPTH = 24, 20
HOUR = 3_600
SPENT_NOTE = "a spent note's amount, blinding, index or path"
UNKNOWN_REGISTRATION_ROOT = "UnknownRegistrationRoot(uint256)"
METERED = [Operation.SWAP, Operation.ISSUE, Operation.SETTLE]
TREASURE = 10**6 * ETHER


def note_tree(stage: Stage) -> MerkleTree:
    """The pool's first tree, as at the stage's beginning."""
    store, tree = stage.wallet(OWNER).store, MerkleTree(DEPTH)
    tree.append(store.leaves(0, 0, store.flushes()[0].next_index))
    return tree


def spending(note: Note, root: int, index: int, siblings: list[int]) -> dict[str, Any]:
    """What a transfer takes to spend a note, wherever it lies, and nothing else; all of it comes back."""
    return {
        "root": root,
        "asset": int(note.asset, 16),
        "inputAmounts": [note.amount, 0],
        "inputBlindings": [note.blinding, 1],
        "inputIndices": [index, 0],
        "inputSiblings": [siblings, [0] * DEPTH],
        "outputAmounts": [0, note.amount, 0],
        "relayerVoid": 1,
    }


def nothing(operation: Operation, inputs: Any) -> dict[str, Any]:
    """Amounts of an operation that spends and makes nothing."""
    zeros = {name: [0] * len(inputs[name]) for name in ("inputAmounts", "outputAmounts")}
    return zeros | {name: 0 for name in ("publicAmount", "burned") if name in inputs}


@pytest.mark.parametrize(
    ("operation", "root"),
    [
        (Operation.TRANSFER, 0),
        (Operation.CONSOLIDATE, 0),
        (Operation.SETTLE, 0),
        (Operation.TRANSFER, zero_hash(DEPTH)),
        (Operation.TRANSFER, 1),
    ],
    ids=["zero", "zero, merged", "zero, settled", "empty tree", "unknown"],
)
def test_dummies_under_no_root(stage: Stage, operation: Operation, root: int) -> None:
    """A18, P1: where nothing is spent the circuit takes any root; the contract only its own."""
    changes = nothing(operation, stage.inputs(operation))
    stage.refused(stage.forged(operation, root=root, **changes), (UNKNOWN_ROOT, root, 0))


def test_a_treasure_in_a_tree_of_ones_own(stage: Stage) -> None:
    """A18, P1: a valid proof about a tree that nobody flushed."""
    treasure = note_of(stage, OWNER, "ETH", TREASURE)
    tree = MerkleTree(DEPTH)
    tree.append([treasure.commitment])
    forged = stage.forged(Operation.TRANSFER, **spending(treasure, tree.root, 0, tree.path(0)))
    stage.refused(forged, (UNKNOWN_ROOT, tree.root, 0))


def test_a_treasure_under_the_pool_s_root(stage: Stage) -> None:
    """A18, P1: a note that isn't there has no path, at no place and under no sibling."""
    treasure, tree = note_of(stage, OWNER, "ETH", TREASURE), note_tree(stage)
    for index in (0, stage.note().index):
        with pytest.raises(WitnessError, match=SPENT_NOTE):
            stage.forged(Operation.TRANSFER, **spending(treasure, tree.root, index, tree.path(index)))


def test_an_inner_node_as_a_note(stage: Stage) -> None:
    """A19, P1: neither a node in a leaf's place, nor a leaf in a node's."""
    note, tree = stage.note(), note_tree(stage)
    path = tree.path(note.index)
    for index, siblings in (
        (note.index >> 1, [*path[1:], 0]),
        (note.index << 1, [0, *path[:-1]]),
        (note.index, path[::-1]),
    ):
        with pytest.raises(WitnessError, match=SPENT_NOTE):
            stage.forged(
                Operation.TRANSFER,
                inputIndices=[index % (1 << DEPTH), 0],
                inputSiblings=[siblings, [0] * DEPTH],
            )


def test_a_node_s_number_as_a_note_public_key(stage: Stage) -> None:
    """A19, P1: what stands in the tree is always a hash of three; a number above the field is refused."""
    node = poseidon([1, 2])
    pool = stage.functions("pool")
    for npk in (node + MODULUS, MODULUS, 2**256 - 1):
        shield = Shielding(ETH, 1, npk, b"").transaction(stage.manifest.address("pool"))
        stage.refused(shield, ("NotInField(uint256)", npk))
    stage.accepted(Shielding(ETH, 1, node, b"").transaction(stage.manifest.address("pool")))
    queued = pool.waiting(pool.queued().call() - 1).call()
    assert queued == poseidon([node, int(ETH, 16), 1]) != node


def test_a_note_that_waits(stage: Stage) -> None:
    """A20, P1: before the flush there is no root over it, and the prover's own guess of it is none; after it there
    is."""
    shielding = Shielding.to(stage.wallet(OWNER).address, ETH, ETHER)
    note = note_of(stage, OWNER, "ETH", ETHER)
    stage.accepted(replace(shielding, npk=note.npk).transaction(stage.manifest.address("pool")))
    tree = note_tree(stage)
    index = tree.append([note.commitment])
    early = stage.forged(Operation.TRANSFER, **spending(note, tree.root, index, tree.path(index)))
    stage.refused(early, (UNKNOWN_ROOT, tree.root, 0))
    stage.accepted(stage.functions("pool").flush(1))
    stage.accepted(early)


def test_an_old_root_spends_what_it_held(stage: Stage) -> None:
    """A20: roots stay valid for good, and a note that was spent since stays spent."""
    stage.accepted(stage.honest(Operation.UNSHIELD))
    stage.accepted(stage.functions("pool").flush(8))
    used = ("NullifierUsed(uint256)", stage.note().nullifier)
    assert stage.functions("pool").isRoot(signal(stage.honest(Operation.TRANSFER), "root"), 0).call()
    stage.refused(stage.honest(Operation.TRANSFER), used)


def test_a_meter_as_a_note(stage: Stage) -> None:
    """A21, P1: both leaves are hashes of three, so an operator could register a note; its tree's root is no note's."""
    note = replace(note_of(stage, OWNER, "ETH", CAPACITY), asset=f"0x{1:040x}")
    registry = stage.functions("registry")
    stage.accepted(registry.registerMeters(1, [note.npk], [CAPACITY]), OPERATOR)
    meters = MerkleTree(METER_DEPTH)
    owner, attacker, second = stage.meter(), stage.meter(ATTACKER), stage.meter(number=1)
    leaves = [poseidon([meter.commitment, meter.microgrid, meter.capacity]) for meter in (owner, attacker, second)]
    index = meters.append([*leaves, note.commitment]) + len(leaves)
    assert meters.root == registry.registrationRoot().call()
    siblings = [*meters.path(index), *[0] * (DEPTH - METER_DEPTH)]
    extended = path_root(note.commitment, index, siblings)
    spent = spending(note, extended, index, siblings)
    stage.refused(stage.forged(Operation.TRANSFER, **spent), (UNKNOWN_ROOT, extended, 0))
    with pytest.raises(WitnessError, match=SPENT_NOTE):
        stage.forged(Operation.TRANSFER, **spent | {"root": meters.root})
    dummies = nothing(Operation.TRANSFER, stage.inputs(Operation.TRANSFER))
    stage.refused(stage.forged(Operation.TRANSFER, root=meters.root, **dummies), (UNKNOWN_ROOT, meters.root, 0))


def test_a_note_as_a_meter(stage: Stage) -> None:
    """A21: who shields ETH under a meter's commitment has a leaf that says: this meter, in microgrid ETH; its path
    ends at a node of the notes' tree, which is no registration root."""
    secret = 42
    meter = poseidon([3, secret])
    shield = Shielding(ETH, CAPACITY, meter, b"").transaction(stage.manifest.address("pool"))
    stage.accepted(shield, OPERATOR)
    stage.accepted(stage.functions("pool").flush(1))
    tree = note_tree(stage)
    tree.append([poseidon([meter, int(ETH, 16), CAPACITY])])
    index = len(tree) - 1
    path = tree.path(index)[:METER_DEPTH]
    node = path_root(tree.leaf(index), index, path)
    forged = stage.forged(
        Operation.SWAP,
        meterSecret=secret,
        meterMicrogrid=int(ETH, 16),
        meterCapacity=CAPACITY,
        meterIndex=index,
        meterSiblings=path,
    )
    assert signal(forged, "registrationRoot") == node
    stage.refused(forged, (UNKNOWN_REGISTRATION_ROOT, node))


@pytest.mark.parametrize("operation", METERED)
def test_an_old_registration_root(stage: Stage, operation: Operation) -> None:
    """A22: it is valid for its lifetime after the next one, and not a second longer."""
    request, old = stage.honest(operation), stage.meter().path.root
    stage.accepted(stage.functions("registry").registerMeters(1, [1], [1]), OPERATOR)
    registered = stage.now
    before = stage.call("evm_snapshot")
    stage.move_to(registered + HOUR - 1)
    stage.refused(request, (UNKNOWN_REGISTRATION_ROOT, old))
    stage.call("evm_revert", before)
    if operation is Operation.SWAP:  # whose epoch is over by then
        stage.accepted(request)
        return
    stage.move_to(registered + HOUR - 2)
    stage.accepted(request)


@pytest.mark.parametrize("operation", METERED)
def test_a_removed_meter(stage: Stage, operation: Operation) -> None:
    """A23: when its last root has run out it is nowhere, and its place is no meter's under the new root."""
    meter, registry = stage.meter(), stage.functions("registry")
    index, siblings = meter.path.index, meter.path.siblings
    removal = registry.removeMeter(1, meter.commitment, meter.capacity, index, siblings)
    stage.refused(removal, ("NotOperator(uint256,address)", 1, stage.sender(ATTACKER).address), ATTACKER)
    stage.accepted(removal, OPERATOR)
    stage.refused(removal, ("MeterNotFound(uint256)", meter.commitment), OPERATOR)
    root = registry.registrationRoot().call()
    assert path_root(0, index, siblings) == root != meter.path.root
    stage.move_to(stage.now + HOUR)
    stage.refused(stage.honest(operation), (UNKNOWN_REGISTRATION_ROOT, meter.path.root))


def test_an_empty_place_is_no_meter(stage: Stage) -> None:
    """A23: a leaf is the hash of its three inputs, of which none gives the empty leaf; the empty tree has no root."""
    registry = stage.functions("registry")
    assert not registry.isRegistrationRoot(zero_hash(METER_DEPTH)).call()
    empty = MerkleTree(METER_DEPTH)
    empty.append([0])
    forged = stage.forged(
        Operation.SWAP, meterSecret=0, meterCapacity=CAPACITY, meterIndex=0, meterSiblings=empty.path(0)
    )
    stage.refused(forged, (UNKNOWN_REGISTRATION_ROOT, signal(forged, "registrationRoot")))


@pytest.mark.parametrize("operation", [Operation.ISSUE, Operation.SETTLE])
def test_readings_of_ones_own(stage: Stage, operation: Operation) -> None:
    """A24, P1: a tree of readings that the operator didn't publish."""
    registry = stage.functions("registry")
    published = registry.readingsOf(1, EPOCH).call()[0]
    lie = replace(stage.readings[1].readings[0], exported=CAPACITY, imported=CAPACITY)
    tree = ReadingsTree.in_order(EPOCH, [lie])
    proof = ReadingProof(lie, tree.path(0), tree.root)
    amounts: dict[str, Any] = {}
    if operation is Operation.ISSUE:
        amounts = {"outputAmounts": [CAPACITY * WATT_HOUR, 0], "relayerVoid": 1}
    forged = stage.forged(operation, **proof.inputs, **amounts)
    stage.refused(forged, ("WrongReadings(uint256,uint256)", published, tree.root))
