"""Attacks on metered energy: by owners on each other, by operators that publish what isn't so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from offchain.metering.readings_tree import DEPTH, Reading, ReadingPath, empty_hash, packed
from offchain.units import WATT_HOUR
from offchain.wallet.meter import ReadingProof
from offchain.wallet.note import ETH
from offchain.wallet.request import Operation, SwapOrder
from offchain.wallet.transaction import BuildError
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon
from offchain.zk.witness import WitnessError
from tests.integration.forgery import signal, with_signals
from tests.integration.stage import ATTACKER, CAPACITY, EPOCH, KWH, MINIMUM, OPERATOR, OWNER, SMALL_CAPACITY, Stage

METERED = [Operation.ISSUE, Operation.SETTLE]
METER_NULLIFIER_USED = "MeterNullifierUsed(uint256)"
UNKNOWN_REGISTRATION_ROOT = "UnknownRegistrationRoot(uint256)"
WRONG_READINGS = "WrongReadings(uint256,uint256)"
OUT_OF_RANGE = "a reading, its index or a sibling's sum is out of range"


def published(stage: Stage, microgrid: int = 1) -> int:
    """The readings' root on chain."""
    return int(stage.functions("registry").readingsOf(microgrid, EPOCH).call()[0])


def issued(amount: int) -> dict[str, Any]:
    """The notes of an issue of so many Wh, without a relayer's."""
    return {"outputAmounts": [amount * WATT_HOUR, 0], "relayerVoid": 1}


@pytest.mark.parametrize("operation", METERED)
def test_a_meter_twice_in_an_epoch(stage: Stage, operation: Operation) -> None:
    """A25, P5: another proof, with another note and another receipt, has the same mark of the meter."""
    again = stage.forged(operation, outputKeys=[5, 6])
    stage.accepted(stage.honest(operation))
    assert again.commitments != stage.honest(operation).commitments
    stage.refused(again, (METER_NULLIFIER_USED, signal(again, "meterNullifier")))


def test_settle_twice_with_other_notes(stage: Stage) -> None:
    """A25, P5: nor with notes that were never spent."""
    stage.accepted(stage.honest(Operation.SETTLE))
    note = stage.note(place=1)
    left = note.amount - KWH // 10
    again = stage.forged(
        Operation.SETTLE,
        **stage.spent([note]),
        burned=KWH // 10,
        outputAmounts=[left, 0],
        relayerVoid=1,
    )
    stage.refused(again, (METER_NULLIFIER_USED, signal(again, "meterNullifier")))


@pytest.mark.parametrize("operation", METERED)
def test_another_s_meter(stage: Stage, operation: Operation) -> None:
    """A26: with all that is public and all that the operator knows, but not the meter's secret."""
    thief = stage.meter(ATTACKER)
    forged = stage.forged(operation, meterSecret=thief.secret)
    stage.refused(forged, (WRONG_READINGS, published(stage), signal(forged, "readingsRoot")))
    # With a reading of one's own, on another's capacity
    own = stage.reading(1)
    amounts = issued(own.reading.exported) if operation is Operation.ISSUE else {}
    changes = own.inputs | amounts | {"meterSecret": thief.secret}
    forged = stage.forged(operation, **changes)
    stage.refused(forged, (UNKNOWN_REGISTRATION_ROOT, signal(forged, "registrationRoot")))


def test_a_wallet_without_the_meter_s_secret(stage: Stage) -> None:
    """A26: the wallet notices, before anything is sent."""
    meter = replace(stage.meter(), secret=stage.meter(ATTACKER).secret)
    builder = stage.builder(stage.wallet(ATTACKER))
    with pytest.raises(BuildError, match="doesn't lead to the expected notes, nullifier"):
        builder.issue(stage.asset("MG1"), EPOCH, meter, stage.reading(), stage.send())


@pytest.mark.parametrize("operation", METERED)
def test_a_reading_above_the_capacity(early: Stage, operation: Operation) -> None:
    """A27, P1: the operator reads more than the meter can; a larger capacity than registered has no path."""
    own, other = early.readings[1].readings
    high = SMALL_CAPACITY + 1
    early.correct(1, [own, replace(other, exported=high, imported=high)])
    early.open()
    meter, reading = early.meter(ATTACKER), early.reading(1)
    changes = reading.inputs | meter.inputs | (issued(high) if operation is Operation.ISSUE else {})
    with pytest.raises(WitnessError, match="above the meter's capacity"):
        early.forged(operation, **changes)
    forged = early.forged(operation, **changes | {"meterCapacity": high})
    early.refused(forged, (UNKNOWN_REGISTRATION_ROOT, signal(forged, "registrationRoot")))


@pytest.mark.parametrize("operation", METERED)
def test_readings_that_were_corrected(early: Stage, operation: Operation) -> None:
    """A28, P1: a proof of what was published first."""
    own, other = early.readings[1].readings
    early.correct(1, [replace(own, exported=1_000), other])
    early.open()
    request = early.honest(operation)
    early.refused(request, (WRONG_READINGS, published(early), signal(request, "readingsRoot")))


@pytest.mark.parametrize("operation", METERED)
def test_before_the_correction_window_is_over(early: Stage, operation: Operation) -> None:
    """A28: nobody is faster than a correction."""
    early.correct(1, list(early.readings[1].readings))
    opens = early.functions("registry").readingsOf(1, EPOCH).call()[3]
    early.refused(early.honest(operation), ("NotOpenYet(uint256,uint256)", EPOCH, opens))
    early.move_to(opens)
    early.accepted(early.honest(operation))
    tree = early.readings[1]
    late = early.functions("registry").correctReadings(1, EPOCH, tree.tree_root, 1, 1, bytes(32))
    early.refused(late, ("CorrectionClosed(uint256)", EPOCH), OPERATOR)


@pytest.mark.parametrize(("exported", "imported"), [(1, 0), (-1, 0), (0, 1), (1_500, 3_300)])
def test_totals_that_are_not_the_tree_s(early: Stage, exported: int, imported: int) -> None:
    """A29, P1: the root is of tree and totals, so with other totals nobody can prove anything."""
    tree = early.readings[1]
    early.correct_root(1, tree.tree_root, tree.exported + exported, tree.imported + imported)
    early.open()
    for operation in METERED:
        request = early.honest(operation)
        early.refused(request, (WRONG_READINGS, published(early), signal(request, "readingsRoot")))


def test_totals_above_the_capacity(early: Stage) -> None:
    """A29, P1: nor can an operator publish more than its meters can feed in or use."""
    registry, capacity = early.functions("registry"), CAPACITY + SMALL_CAPACITY
    early.correct(1, list(early.readings[1].readings))
    for totals in ((capacity + 1, 0), (0, capacity + 1), (2**64 - 1, 0)):
        correction = registry.correctReadings(1, EPOCH, 1, *totals, bytes(32))
        early.refused(correction, ("OverCapacity(uint256,uint256)", max(totals), capacity), OPERATOR)


def lying_path(stage: Stage, exported: int) -> tuple[Reading, ReadingPath, int]:
    """A reading of the owner whose sibling leaf has a sum of `exported`, and the tree's hash above both."""
    reading = Reading(stage.meter().commitment, 3_000, 1_000)
    sibling = poseidon([stage.meter(ATTACKER).commitment, EPOCH, packed(500, 0)])
    path = ReadingPath(0, [sibling, *map(empty_hash, range(1, DEPTH))], [exported, *[0] * (DEPTH - 1)], [0] * DEPTH)
    total = packed(reading.exported, reading.imported)
    node = poseidon([poseidon([reading.commitment, EPOCH, total]), total, sibling, exported % MODULUS])
    total = (total + exported) % MODULUS
    for level in range(1, DEPTH):
        node = poseidon([node, total, empty_hash(level), 0])
    return reading, path, node


@pytest.mark.parametrize(
    "sum_of_sibling",
    [-1, -2_900, 1 << 52, (1 << 64) - 1, MODULUS - 2_900],
    ids=["-1", "-2900", "2^52", "2^64 - 1", "p - 2900"],
)
def test_a_sibling_with_a_sum_that_none_can_have(early: Stage, sum_of_sibling: int) -> None:
    """A30, P1: a negative sum would let owners prove more than the total, one above 2^52 could wrap; neither proves."""
    reading, path, node = lying_path(early, sum_of_sibling)
    early.correct_root(1, node, max(0, min(CAPACITY, 3_000 + sum_of_sibling)), 1_000)
    proof = ReadingProof(reading, path, published(early))
    with pytest.raises(WitnessError, match=OUT_OF_RANGE):
        early.forged(Operation.ISSUE, **proof.inputs, **issued(3_000))


def test_a_branch_that_hides_a_reading(early: Stage) -> None:
    """A30, P1: the operator's tree says 0 where another meter exported 500 Wh; that meter can't issue then, and all
    together no more than what was published."""
    reading, path, node = lying_path(early, 0)
    early.correct_root(1, node, 3_000, 1_000)
    early.open()
    root = published(early)
    own = early.forged(Operation.ISSUE, **ReadingProof(reading, path, root).inputs)
    meter = early.meter(ATTACKER)
    leaf = poseidon([reading.commitment, EPOCH, packed(3_000, 1_000)])
    hidden = ReadingPath(1, [leaf, *path.hashes[1:]], [3_000, *[0] * (DEPTH - 1)], [1_000, *[0] * (DEPTH - 1)])
    proof = ReadingProof(Reading(meter.commitment, 500, 0), hidden, root)
    forged = early.forged(Operation.ISSUE, **proof.inputs, **meter.inputs, **issued(500))
    early.refused(forged, (WRONG_READINGS, root, signal(forged, "readingsRoot")))
    inside = early.functions("pool").inside(early.asset("MG1")).call()
    early.accepted(own)
    assert early.functions("pool").inside(early.asset("MG1")).call() == inside + 3_000 * WATT_HOUR


def test_a_meter_that_stands_twice_in_the_tree(early: Stage) -> None:
    """A30, P1: an operator that lists a friend's meter twice gets one issue of one of both."""
    own, _ = early.readings[1].readings
    leaf = poseidon([own.commitment, EPOCH, packed(1_000, 0)])
    path = ReadingPath(0, [leaf, *map(empty_hash, range(1, DEPTH))], [1_000, *[0] * (DEPTH - 1)], [0] * DEPTH)
    reading = Reading(own.commitment, 1_000, 0)
    node, total = leaf, packed(1_000, 0)
    for level in range(DEPTH):
        node = poseidon([node, total, path.hashes[level], path.exported[level]])
        total += path.exported[level]
    early.correct_root(1, node, 2_000, 0)
    early.open()
    proof = ReadingProof(reading, path, published(early))
    first = early.forged(Operation.ISSUE, **proof.inputs, **issued(1_000))
    other = ReadingProof(reading, replace(path, index=1), published(early))
    second = early.forged(Operation.ISSUE, **other.inputs, **issued(1_000))
    early.accepted(first)
    early.refused(second, (METER_NULLIFIER_USED, signal(first, "meterNullifier")))


def test_a_trade_without_a_meter(stage: Stage) -> None:
    """A31: a secret that nobody registered."""
    forged = stage.forged(Operation.SWAP, meterSecret=99)
    stage.refused(forged, (UNKNOWN_REGISTRATION_ROOT, signal(forged, "registrationRoot")))


def test_a_slot_twice(stage: Stage) -> None:
    """A32: another trade, of another note, in the same slot; and there is no fifth slot."""
    note = stage.note(place=1)
    other = {**stage.spent([note]), "outputAmounts": [0, note.amount - KWH, 0], "relayerVoid": 1}
    second = stage.forged(Operation.SWAP, **other)
    stage.accepted(stage.honest(Operation.SWAP))
    stage.refused(second, ("SlotUsed(uint256)", signal(second, "meterNullifier")))
    for slot in (4, -1, MODULUS - 1):
        with pytest.raises(WitnessError, match="the slot is out of range"):
            stage.forged(Operation.SWAP, **other, slot=slot)
    stage.accepted(stage.functions("MG1_exchange").observe(), OPERATOR)
    stage.accepted(stage.forged(Operation.SWAP, **other, slot=0))


@pytest.mark.parametrize(("slot", "cap"), [(0, CAPACITY // 2 + 1), (0, CAPACITY), (1, 2_000), (2, 1_000), (3, 1_000)])
def test_a_cap_above_the_capacity(stage: Stage, slot: int, cap: int) -> None:
    """A33: the meter bounds the trade, and all its trades of an epoch together."""
    with pytest.raises(WitnessError, match="the cap is above the slot's share of the meter's capacity"):
        stage.forged(Operation.SWAP, slot=slot, cap=cap)


@pytest.mark.parametrize("cap", [0, 355, MODULUS - 1], ids=["0", "355", "-1"])
def test_a_cap_that_is_no_class(stage: Stage, cap: int) -> None:
    """A33: nor does it tell the capacity. The circuit takes -1, which is below every capacity; the contract doesn't."""
    stage.refused(stage.forged(Operation.SWAP, cap=cap), ("NotACapClass(uint256)", cap))


def test_a_trade_over_its_cap(stage: Stage) -> None:
    """A33: neither what is sold nor what is bought is more."""
    sold = stage.forged(Operation.SWAP, cap=200)
    stage.refused(sold, ("CapExceeded(uint256,uint256)", KWH, 200 * WATT_HOUR))
    note, spent = stage.note("ETH"), 10**17
    quoted = stage.functions("MG1_exchange").getEthToTokenInputPrice(spent).call()
    assert quoted > KWH
    bought = stage.forged(
        Operation.SWAP,
        details=SwapOrder(stage.asset("MG1"), MINIMUM, 7),
        **stage.spent([note]),
        asset=int(ETH, 16),
        publicAsset=int(ETH, 16),
        publicAmount=spent,
        outputAmounts=[0, note.amount - spent, 0],
        relayerVoid=1,
    )
    stage.refused(bought, ("CapExceeded(uint256,uint256)", quoted, KWH))


@pytest.mark.parametrize("epoch", [EPOCH, EPOCH + 2])
def test_slots_of_another_epoch(stage: Stage, epoch: int) -> None:
    """A34: neither the past's nor the future's."""
    stage.refused(stage.forged(Operation.SWAP, epoch=epoch), ("WrongEpoch(uint256,uint256)", EPOCH + 1, epoch))


@pytest.mark.parametrize("burned", [KWH + 1, 2 * KWH, MODULUS - 1])
def test_more_is_settled_than_was_imported(stage: Stage, burned: int) -> None:
    """A35: the owner's meter imported 1 kWh."""
    inputs = stage.inputs(Operation.SETTLE)
    left = [sum(inputs["inputAmounts"]) - burned, 0]
    with pytest.raises(WitnessError, match=r"more is burned than was imported|out of range|what comes out and leaves"):
        stage.forged(Operation.SETTLE, burned=burned, outputAmounts=left, relayerVoid=1)


def test_a_receipt_of_more_than_was_burned(stage: Stage) -> None:
    """A35: the receipt is of the same number as the notes' balance."""
    request, inputs = stage.honest(Operation.SETTLE), stage.inputs(Operation.SETTLE)
    blinding = inputs["receiptBlinding"]
    true, more = (poseidon([7, stage.meter().commitment, burned, blinding]) for burned in (KWH // 2, KWH))
    assert signal(request, "receipt") == true
    stage.refused(with_signals(request, {"receipt": more}), "InvalidProof()")
    with pytest.raises(WitnessError, match="the spent amounts are not what comes out and leaves"):
        stage.forged(Operation.SETTLE, burned=KWH)


def test_energy_of_another_microgrid(early: Stage) -> None:
    """A36, P1: neither as its token, nor by its operator's readings, nor by its registration."""
    registry = early.functions("registry")
    own, _ = early.readings[1].readings
    early.correct(2, [own])
    early.open()
    token = int(early.asset("MG2"), 16)
    forged = early.forged(Operation.ISSUE, asset=token)
    early.refused(forged, ("WrongAsset(address,uint256)", early.asset("MG1"), token))
    forged = early.forged(Operation.ISSUE, asset=token, microgrid=2)
    early.refused(forged, (WRONG_READINGS, published(early, 2), signal(forged, "readingsRoot")))
    reading = early.reading(microgrid=2)
    forged = early.forged(Operation.ISSUE, asset=token, microgrid=2, **reading.inputs)
    early.refused(forged, (UNKNOWN_REGISTRATION_ROOT, signal(forged, "registrationRoot")))
    again = registry.registerMeters(2, [own.commitment], [CAPACITY])
    early.refused(again, ("InvalidMeter(uint256)", own.commitment), OPERATOR)
    twice = registry.registerMeters(2, [1, 1], [CAPACITY] * 2)
    early.refused(twice, ("InvalidMeter(uint256)", 1), OPERATOR)


def test_a_meter_that_moves_between_microgrids(early: Stage, tmp_path: Path) -> None:
    """A37, P1: removed from one and registered in the other, with readings in both, it issues an epoch once: the mark
    doesn't tell the microgrid."""
    registry, meter = early.functions("registry"), early.meter()
    path = meter.path
    early.accepted(registry.removeMeter(1, meter.commitment, CAPACITY, path.index, path.siblings), OPERATOR)
    early.accepted(registry.registerMeters(2, [meter.commitment], [CAPACITY]), OPERATOR)
    own, _ = early.readings[1].readings
    early.correct(2, [own])
    early.open()
    early.accepted(early.honest(Operation.ISSUE))
    moved = next(found for found in early.restored(OWNER, tmp_path).meters() if found.commitment == meter.commitment)
    assert moved.microgrid == 2
    changes = early.reading(microgrid=2).inputs | moved.inputs
    token = int(early.asset("MG2"), 16)
    again = early.forged(Operation.ISSUE, microgrid=2, asset=token, **changes)
    early.refused(again, (METER_NULLIFIER_USED, signal(again, "meterNullifier")))
