"""Notes into notes: transfers, consolidations, and the nullifiers of what was spent."""

from __future__ import annotations

from typing import Any

import pytest

from offchain.wallet.note import ETH
from offchain.wallet.request import Operation, Request, SwapOrder
from offchain.zk.field import MODULUS
from tests.conftest import Refused
from tests.unit.shielded import REFUSING, Shielded, address_number, number


def spends(shielded: Shielded, operation: Operation, **signals: int) -> Request:
    """A request of any operation that spends notes; swaps get as far as their notes, not to a market."""
    if operation is Operation.TRANSFER:
        return shielded.transfer(**signals)
    if operation is Operation.CONSOLIDATE:
        return shielded.consolidate_notes(**signals)
    if operation is Operation.UNSHIELD:
        return shielded.unshield(ETH, 1, "0x" + "11" * 20, **signals)
    if operation is Operation.SWAP:
        return shielded.swap(ETH, 1, SwapOrder(shielded.north.address, 1, number()), 0, 200, **signals)
    root = int(shielded.registry.readingsOf(1, shielded.epoch).readingsRoot)
    return shielded.settle(1, shielded.epoch, root, **signals)


SPENDING = [operation for operation in Operation if operation is not Operation.ISSUE]
"""Operations that spend notes."""


@pytest.fixture(autouse=True, scope="module")
def _published(shielded: Shielded) -> None:
    shielded.publish(1, shielded.epoch, 1000, 1000)


def test_transfer(shielded: Shielded, stranger: Any) -> None:
    """S3 two nullifiers are spent and three notes queued, in this order, and nothing else happens."""
    pool, request = shielded.pool, shielded.transfer()
    balance = pool.balance
    receipt = shielded.send(request, stranger)
    assert receipt.events == [
        pool.NullifiersSpent(nullifiers=list(request.nullifiers)),
        pool.NotesQueued(firstPosition=1, commitments=list(request.commitments), ciphertexts=b"sealed"),
    ]
    assert [pool.waiting(position) for position in (1, 2, 3)] == list(request.commitments)
    assert all(pool.isSpent(nullifier) for nullifier in request.nullifiers)
    assert (pool.balance, pool.inside(ETH), pool.queued()) == (balance, 1, 4)


def test_consolidate(shielded: Shielded, stranger: Any) -> None:
    """S3 four nullifiers are spent and two notes queued."""
    pool, request = shielded.pool, shielded.consolidate_notes()
    receipt = shielded.send(request, stranger)
    assert len(request.nullifiers) == 4
    assert receipt.events == [
        pool.NullifiersSpent(nullifiers=list(request.nullifiers)),
        pool.NotesQueued(firstPosition=1, commitments=list(request.commitments), ciphertexts=b"sealed"),
    ]
    assert all(pool.isSpent(nullifier) for nullifier in request.nullifiers)
    assert pool.queued() == 3


@pytest.mark.parametrize("left_out", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_notes_left_out(shielded: Shielded, stranger: Any, left_out: tuple[int, ...]) -> None:
    """S3 a commitment of 0 is no note and takes no place, wherever it stands; the others keep their order."""
    pool = shielded.pool
    request = shielded.transfer(**{f"commitment{place}": 0 for place in left_out})
    kept = [number for number in request.commitments if number]
    receipt = shielded.send(request, stranger)
    assert receipt.events[1] == pool.NotesQueued(firstPosition=1, commitments=kept, ciphertexts=b"sealed")
    assert pool.queued() == 1 + len(kept) == 4 - len(left_out)
    request = shielded.consolidate_notes(commitment0=0)
    receipt = shielded.send(request, stranger)
    assert receipt.events[1].commitments == [request.commitments[1]]


def test_transfer_moves_nothing_public(shielded: Shielded, denied: Refused) -> None:
    """S3 a transfer names neither amount nor asset."""
    denied(shielded.transfer(publicAmount=1), error=("InvalidAmount(uint256)", 1))
    error = ("InvalidAsset(address)", shielded.north)
    denied(shielded.transfer(publicAsset=address_number(shielded.north)), error=error)
    denied(shielded.transfer(publicAsset=2**160), error=("NotInField(uint256)", 2**160))
    both = {"publicAsset": address_number(ETH), "publicAmount": 1}
    denied(shielded.transfer(**both), error=("InvalidAmount(uint256)", 1))


@pytest.mark.parametrize("operation", SPENDING)
def test_unknown_root(shielded: Shielded, denied: Refused, operation: Operation) -> None:
    """S4 a root that no flush left is refused: a made-up one, zero, and that of the empty tree."""
    for root in (number(), 0, shielded.root + 1):
        error = ("UnknownRoot(uint256,uint256)", root, 0)
        denied(spends(shielded, operation, root=root), error=error)


@pytest.mark.parametrize("operation", SPENDING)
def test_root_of_another_tree(shielded: Shielded, denied: Refused, operation: Operation) -> None:
    """S4 a root is one of its own tree only: with another tree's number the nullifier would be another."""
    for tree in (1, 2**24, 2**255, MODULUS):
        error = ("UnknownRoot(uint256,uint256)", shielded.root, tree)
        denied(spends(shielded, operation, treeNumber=tree), error=error)


@pytest.mark.parametrize("operation", SPENDING)
def test_double_spend_within_a_proof(shielded: Shielded, denied: Refused, operation: Operation) -> None:
    """P2 S4 a note isn't spent twice by one proof, in whichever two places."""
    places = range(len(spends(shielded, operation).nullifiers))
    for first, second in [(a, b) for a in places for b in places if a < b]:
        same = number()
        signals = {f"nullifier{first}": same, f"nullifier{second}": same}
        denied(spends(shielded, operation, **signals), error=("NullifierUsed(uint256)", same))


@pytest.mark.parametrize("operation", SPENDING)
def test_double_spend(shielded: Shielded, denied: Refused, stranger: Any, operation: Operation) -> None:
    """P2 S4 what one operation spent no operation spends again, the registry's settlement included."""
    spent = shielded.transfer().nullifiers[1] if operation is Operation.SWAP else 0
    if spent:  # a swap needs a market to succeed: here it is the other operations' notes that it can't spend
        shielded.send(shielded.transfer(nullifier1=spent), stranger)
    else:
        request = spends(shielded, operation)
        shielded.send(request, stranger)
        spent = request.nullifiers[-1]
    assert shielded.pool.isSpent(spent)
    for again in SPENDING:
        for place in range(len(spends(shielded, again).nullifiers)):
            error = ("NullifierUsed(uint256)", spent)
            denied(spends(shielded, again, **{f"nullifier{place}": spent}), error=error)


def test_refused_operation_spends_nothing(shielded: Shielded, denied: Refused, stranger: Any) -> None:
    """P2 S4 the notes of a refused operation can still be spent."""
    request = shielded.unshield(ETH, 2, stranger)
    denied(request, error=("TurnstileExceeded(address,uint256,uint256)", ETH, 2, 1))
    assert not any(shielded.pool.isSpent(nullifier) for nullifier in request.nullifiers)
    first, second = request.nullifiers
    shielded.send(shielded.transfer(nullifier0=first, nullifier1=second), stranger)


@pytest.mark.parametrize("operation", [op for op in Operation if op < Operation.ISSUE])
def test_proof_is_asked_for(shielded: Shielded, denied: Refused, chain: Any, operation: Operation) -> None:
    """S4 without a proof that its own circuit's verifier takes, nothing happens."""
    verifiers = {Operation.CONSOLIDATE: shielded.consolidate, Operation.SWAP: shielded.trade}
    asked = verifiers.get(operation, shielded.joinsplit)
    for verifier in {shielded.joinsplit, shielded.consolidate, shielded.trade} - {asked}:
        set_code(chain, verifier)
    if operation is not Operation.SWAP:  # which has no market here
        shielded.send(spends(shielded, operation), shielded.operator)
    set_code(chain, asked)
    denied(spends(shielded, operation), error="InvalidProof()")


def set_code(chain: Any, verifier: str) -> None:
    """Makes a verifier refuse every proof."""
    chain.provider.make_request("anvil_setCode", [verifier, REFUSING])


def test_only_the_registry(shielded: Shielded, operator: Any, stranger: Any, refused: Refused) -> None:
    """S5 the notes of issues and settlements come from the registry alone, whatever role the caller has."""
    pool = shielded.pool
    for sender in (operator, stranger):
        error = ("NotRegistry(address)", sender)
        refused(pool.acceptIssue, shielded.north, 1, [1, 2], b"", error=error, sender=sender)
        refused(pool.acceptSettle, shielded.root, 0, [1, 2], [3, 4], b"", error=error, sender=sender)


def test_issue_and_settle(shielded: Shielded, stranger: Any) -> None:
    """S5 an issue queues its notes, the first one of an epoch credits the exports; a settlement spends and queues."""
    pool, north = shielded.pool, shielded.north
    root = int(shielded.registry.readingsOf(1, shielded.epoch).readingsRoot)
    for position, inside in ((1, 1000), (3, 1000)):
        request = shielded.issue(1, shielded.epoch, root)
        receipt = shielded.send(request, stranger)
        (queued,) = receipt.decode_logs(pool.NotesQueued)
        commitments = list(request.commitments)
        assert queued == pool.NotesQueued(firstPosition=position, commitments=commitments, ciphertexts=b"sealed")
        assert pool.inside(north) == inside * 10**15
    request = shielded.settle(1, shielded.epoch, root, commitment1=0)
    receipt = shielded.send(request, stranger)
    assert [event for event in receipt.events if event.contract_address == pool.address] == [
        pool.NullifiersSpent(nullifiers=list(request.nullifiers)),
        pool.NotesQueued(firstPosition=5, commitments=[request.commitments[0]], ciphertexts=b"sealed"),
    ]
    assert pool.inside(north) == 1000 * 10**15
