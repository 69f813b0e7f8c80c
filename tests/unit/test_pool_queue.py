"""The queue of notes that wait for the tree."""

from __future__ import annotations

from typing import Any

from offchain.wallet.note import ETH, TREE_LEAVES, commitment
from tests.conftest import ENOUGH_GAS, Refused
from tests.unit.shielded import KWH, Shielded, number

CAPACITY = 1024
AT_ONCE = 30
"""Transfers in one transaction, so that it takes no more gas than the tests give."""


def fill(shielded: Shielded, wallet: Any, sender: Any) -> list[int]:
    """Fills the queue with a stranger's notes, many of them in a transaction; returns their commitments."""
    left_out = [{"commitment1": 0, "commitment2": 0}] if CAPACITY % 3 == 1 else []
    requests = [shielded.transfer(**signals) for signals in [*left_out, *([{}] * (CAPACITY // 3))]]
    for first in range(0, len(requests), AT_ONCE):
        calls = [(shielded.pool.address, 0, request.calldata) for request in requests[first : first + AT_ONCE]]
        send(sender, wallet, bytes(wallet.batch.encode_input(calls)))
    return [leaf for request in requests for leaf in request.commitments if leaf]


def send(sender: Any, to: Any, data: bytes, value: int = 0) -> Any:
    """Sends a transaction past Ape, which takes long for large ones; returns its receipt."""
    web3 = sender.provider.web3
    fields = {"from": sender.address, "to": to.address, "data": "0x" + data.hex(), "value": value, "gas": ENOUGH_GAS}
    receipt = web3.eth.wait_for_transaction_receipt(web3.eth.send_transaction(fields))
    assert receipt["status"] == 1
    return receipt


def flush(shielded: Shielded, sender: Any, count: int) -> Any:
    """Flushes; returns the event, and checks that there is no other."""
    (event,) = shielded.pool.flush(count, sender=sender).events
    return event


def test_start(shielded: Shielded, project: Any, deployer: Any) -> None:
    """S11 the constants are the documented ones; a position counts all notes, also those of flushed ones."""
    pool = shielded.pool
    assert (pool.QUEUE_CAPACITY(), pool.ETH(), TREE_LEAVES) == (CAPACITY, ETH, 2**24)
    assert (pool.queued(), pool.flushed()) == (1, 1)


def test_waiting(shielded: Shielded, stranger: Any, refused: Refused) -> None:
    """S11 only positions from the first that waits to the last one can be asked for."""
    pool, request = shielded.pool, shielded.transfer()
    for position in (0, 1, 2, 2**256 - 1):
        refused(pool.waiting, position, error=("NotWaiting(uint256)", position), sender=stranger)
    shielded.send(request, stranger)
    assert [pool.waiting(position) for position in (1, 2, 3)] == list(request.commitments)
    for position in (0, 4, 1 + CAPACITY):
        refused(pool.waiting, position, error=("NotWaiting(uint256)", position), sender=stranger)
    flush(shielded, stranger, 1)
    refused(pool.waiting, 1, error=("NotWaiting(uint256)", 1), sender=stranger)
    assert [pool.waiting(position) for position in (2, 3)] == list(request.commitments[1:])


def test_order_of_positions(shielded: Shielded, stranger: Any, prosumer: Any) -> None:
    """S11 notes of all operations share one queue, in the order of their calls."""
    pool, epoch = shielded.pool, shielded.epoch
    root = shielded.publish(1, epoch, 10, 10)
    expected: list[int] = []
    for request in (
        shielded.transfer(),
        shielded.issue(1, epoch, root),
        shielded.consolidate_notes(),
        shielded.unshield(ETH, 1, stranger),
        shielded.settle(1, epoch, root),
    ):
        receipt = shielded.send(request, stranger)
        (queued,) = receipt.decode_logs(pool.NotesQueued)
        assert queued.firstPosition == 1 + len(expected)
        expected += request.commitments
        npk = number()
        pool.shield(shielded.north, KWH, npk, b"", sender=prosumer)
        expected.append(commitment(npk, shielded.north.address, KWH))
    assert [pool.waiting(1 + place) for place in range(len(expected))] == expected
    assert pool.queued() == 1 + len(expected) == 18


def test_partial_flush(shielded: Shielded, stranger: Any, refused: Refused) -> None:
    """S12 anyone flushes part of the queue, or all by asking for more; the oldest notes first."""
    pool = shielded.pool
    for _ in range(3):
        shielded.send(shielded.transfer(), stranger)
    assert flush(shielded, stranger, 2).nextIndex == pool.flushed() == 3
    assert flush(shielded, stranger, 1).nextIndex == 4
    event = flush(shielded, stranger, 2**256 - 1)
    assert (event.treeNumber, event.nextIndex, pool.flushed(), pool.queued()) == (0, 10, 10, 10)
    for count in (0, 1, 2**256 - 1):
        refused(pool.flush, count, error="QueueEmpty()", sender=stranger)


def test_flush_of_nothing(shielded: Shielded, stranger: Any, refused: Refused) -> None:
    """S12 a flush of no notes is refused, though some wait."""
    shielded.send(shielded.transfer(), stranger)
    refused(shielded.pool.flush, 0, error="QueueEmpty()", sender=stranger)


def test_full_queue(
    shielded: Shielded, wallet: Any, stranger: Any, prosumer: Any, denied: Refused, refused: Refused
) -> None:
    """S12 with 1024 notes waiting no operation gets another one in; whoever flushes makes room, at a bounded price."""
    pool, epoch = shielded.pool, shielded.epoch
    root = shielded.publish(1, epoch, 10, 10)
    poison = fill(shielded, wallet, stranger)
    assert pool.queued() == 1 + len(poison) == 1 + CAPACITY
    full = ("QueueFull(uint256)", CAPACITY)
    denied(shielded.transfer(), error=full)
    denied(shielded.transfer(commitment1=0, commitment2=0), error=full)
    denied(shielded.consolidate_notes(), error=full)
    denied(shielded.unshield(ETH, 1, stranger), error=full)
    denied(shielded.issue(1, epoch, root), error=full)
    denied(shielded.settle(1, epoch, root), error=full)
    refused(pool.shield, ETH, 1, 1, b"", error=full, sender=stranger, value=1)
    refused(pool.shield, shielded.north, 1, 1, b"", error=full, sender=prosumer)
    shielded.send(shielded.transfer(commitment0=0, commitment1=0, commitment2=0), stranger)  # needs no place
    receipt = send(stranger, pool, bytes(pool.flush.encode_input(2)))
    assert receipt["gasUsed"] < 900_000
    denied(shielded.transfer(), error=("QueueFull(uint256)", CAPACITY - 2))
    two = shielded.transfer(commitment1=0)
    shielded.send(two, stranger)
    assert pool.waiting(CAPACITY + 1) == two.commitments[0]  # in the place of the first that was flushed
    assert pool.waiting(CAPACITY) == poison[-1]
    assert pool.waiting(3) == poison[2]
    send(stranger, pool, bytes(pool.flush.encode_input(60)))
    assert (pool.flushed(), pool.queued()) == (63, CAPACITY + 3)
    request = shielded.transfer()
    shielded.send(request, stranger)
    assert [pool.waiting(CAPACITY + 3 + place) for place in range(3)] == list(request.commitments)
    assert [pool.waiting(position) for position in (63, CAPACITY, CAPACITY + 1)] == [
        poison[62],
        poison[-1],
        two.commitments[0],
    ]
