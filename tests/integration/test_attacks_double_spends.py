"""Attacks that spend one note twice: in one proof, in two operations, as a note of another tree or owner."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from web3 import Web3

from offchain.units import ETHER
from offchain.wallet.note import ETH
from offchain.wallet.request import Operation
from offchain.wallet.shielding import Shielding
from offchain.zk.witness import WitnessError
from tests.integration.forgery import INVALID_PROOF, NULLIFIER_USED, UNKNOWN_ROOT, signal, with_signals
from tests.integration.stage import ATTACKER, ENERGY, KWH, OPERATOR, Stage

SPENDING = [operation for operation in Operation if operation is not Operation.ISSUE]
PAYEE = "0x" + "77" * 20
SPENT_NOTE = "a spent note's amount, blinding, index or path"


def gained(operation: Operation, inputs: Any, more: int) -> list[int]:
    """The honest output amounts, the owner's being so much more."""
    amounts = list(inputs["outputAmounts"])
    amounts[-2] += more
    return amounts


@pytest.mark.parametrize("operation", SPENDING)
def test_one_note_twice_in_one_proof(stage: Stage, operation: Operation) -> None:
    """A6, P2: the circuit counts it twice, under one nullifier, and the pool takes none twice."""
    count = 4 if operation is Operation.CONSOLIDATE else 2
    note, inputs = stage.note(), stage.inputs(operation)
    twice = stage.spent([note] * count, count=count)
    more = count * note.amount - sum(inputs["inputAmounts"])
    forged = stage.forged(operation, **twice, outputAmounts=gained(operation, inputs, more))
    assert set(forged.nullifiers) == {note.nullifier}
    stage.refused(forged, (NULLIFIER_USED, note.nullifier))


@pytest.mark.parametrize(("first", "second"), permutations(SPENDING, 2))
def test_one_note_in_two_operations(stage: Stage, first: Operation, second: Operation) -> None:
    """A7, P2: whichever is first, any other operation that spends the note is refused."""
    one, other = stage.honest(first), stage.honest(second)
    assert one.nullifiers[0] == other.nullifiers[0] == stage.note().nullifier
    stage.accepted(one)
    stage.refused(other, (NULLIFIER_USED, stage.note().nullifier))


@pytest.mark.parametrize("operation", SPENDING)
def test_one_operation_twice(stage: Stage, operation: Operation) -> None:
    """A7, P2: the same transaction again."""
    request = stage.honest(operation)
    stage.accepted(request)
    error: tuple[str, int] = (NULLIFIER_USED, request.nullifiers[0])
    if operation is Operation.SWAP:
        error = ("SlotUsed(uint256)", signal(request, "meterNullifier"))
    if operation is Operation.SETTLE:
        error = ("MeterNullifierUsed(uint256)", signal(request, "meterNullifier"))
    stage.refused(request, error)


def test_the_nullifiers_change_places(stage: Stage) -> None:
    """A7, P2: nor as the second note of another proof."""
    first, second = stage.note(), stage.note(place=1)
    stage.accepted(stage.honest(Operation.TRANSFER))
    inputs = stage.spent([second, first])
    amounts = gained(Operation.TRANSFER, stage.inputs(Operation.TRANSFER), second.amount)
    forged = stage.forged(Operation.TRANSFER, **inputs, outputAmounts=amounts)
    assert forged.nullifiers == (second.nullifier, first.nullifier)
    stage.refused(forged, (NULLIFIER_USED, first.nullifier))


def test_a_dummy_is_spent_once_too(stage: Stage) -> None:
    """A7, P2: two proofs with the same dummy; it is worth nothing, and the second proof is refused as a whole."""
    blindings = [stage.note().note.blinding, 5]
    stage.accepted(stage.forged(Operation.TRANSFER, inputBlindings=blindings))
    other = stage.spent([stage.note(place=1)]) | {"inputBlindings": [stage.note(place=1).note.blinding, 5]}
    amounts = gained(Operation.TRANSFER, stage.inputs(Operation.TRANSFER), ENERGY[1] - ENERGY[0])
    forged = stage.forged(Operation.TRANSFER, **other, outputAmounts=amounts)
    stage.refused(forged, (NULLIFIER_USED, forged.nullifiers[1]))


@pytest.mark.parametrize("operation", [Operation.TRANSFER, Operation.CONSOLIDATE, Operation.SWAP])
def test_a_note_as_one_of_another_tree(stage: Stage, operation: Operation) -> None:
    """A8, P2: a tree number of the prover's own gives another nullifier, under a root that tree doesn't have."""
    forged = stage.forged(operation, treeNumber=1)
    assert forged.nullifiers[0] not in (0, stage.note().nullifier)
    stage.refused(forged, (UNKNOWN_ROOT, signal(forged, "root"), 1))


def test_a_note_as_one_at_another_place(stage: Stage) -> None:
    """A8, P2: the place is in the nullifier, so no other number may stand for it."""
    index = stage.note().index
    for other in (index + 1, index + (1 << 24), index - (1 << 24)):
        with pytest.raises(WitnessError, match=SPENT_NOTE):
            stage.forged(Operation.TRANSFER, inputIndices=[other, 0])


def test_two_notes_with_one_commitment_are_two(stage: Stage, tmp_path: Path) -> None:
    """A8, P1: who is paid twice with one commitment can spend both: no payer can void what it paid before."""
    shielding = Shielding.to(stage.wallet(ATTACKER).address, ETH, 3 * ETHER)
    for _ in range(2):
        stage.sender(OPERATOR).send(shielding.transaction(stage.manifest.address("pool")))
    stage.accepted(stage.functions("pool").flush(2))
    wallet = stage.restored(ATTACKER, tmp_path)
    twins = [note for note in wallet.notes(ETH)[0] if note.amount == 3 * ETHER]
    assert len(twins) == 2
    assert twins[0].note.commitment == twins[1].note.commitment
    builder, send = stage.builder(wallet), stage.send(relayed=False)
    both = builder.unshield(twins, PAYEE, 6 * ETHER, send)
    one = builder.transfer(twins[:1], wallet.address, ETHER, send)
    stage.accepted(both)
    assert stage.web3.eth.get_balance(Web3.to_checksum_address(PAYEE)) == 6 * ETHER
    stage.refused(one, (NULLIFIER_USED, twins[0].nullifier))


@pytest.mark.parametrize("operation", SPENDING)
def test_a_note_by_another_spending_key(stage: Stage, operation: Operation) -> None:
    """A9, P2: both keys come from the one spending key, so the owner has no second nullifier and others have none."""
    thief = stage.wallet(ATTACKER).keys.spending_key
    with pytest.raises(WitnessError, match=SPENT_NOTE):
        stage.forged(operation, spendingKey=thief)


@pytest.mark.parametrize("operation", SPENDING)
def test_a_nullifier_of_another_key(stage: Stage, operation: Operation) -> None:
    """A9, P2: another nullifier key's nullifier beside the honest proof."""
    request, note = stage.honest(operation), stage.note()
    other = note.note.nullifier(stage.wallet(ATTACKER).viewing.nullifier_key, note.position)
    stage.refused(with_signals(request, {"nullifiers[0]": other}), INVALID_PROOF)


@pytest.mark.parametrize("operation", SPENDING)
def test_a_dummy_carries_no_value(stage: Stage, operation: Operation) -> None:
    """A10, P1: a note that is in no tree counts for nothing, whatever amount is said of it."""
    inputs = stage.inputs(operation)
    amounts = [*inputs["inputAmounts"][:-1], KWH]
    assert inputs["inputAmounts"][-1] == 0
    with pytest.raises(WitnessError, match=SPENT_NOTE):
        stage.forged(operation, inputAmounts=amounts, outputAmounts=gained(operation, inputs, KWH))
    with pytest.raises(WitnessError, match="the spent amounts are not what comes out"):
        stage.forged(operation, outputAmounts=gained(operation, inputs, 1))
