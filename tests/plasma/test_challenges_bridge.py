"""Faults of the bridge: its storage against the checkpoint and the inbox, and what it says it delivered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.plasma.exit_tree import ExitTree
from offchain.plasma.messages import BRIDGE, COUNTERS_SLOT, EXIT_ROOT_SLOT, INBOX_HASH_SLOT, Message
from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.made_up import (
    CHILD_CHAIN_ID,
    Account,
    Log,
    delivery_log,
    word,
)
from tests.plasma.stage import ETH, Plasma
from tests.plasma.verdict import NO_FAULT, bridge_proof, condemned

LIE = keccak(text="lie")
NOT_A_DELIVERY = "NotADelivery()"
BEGUN = 1 << 192
INVALID_ROOT, INVALID_LARGE_NODE, INVALID_PROOF = 2, 3, 13
"""What is wrong with a proof, as TrieProof names it."""


def counters(messages: int, exits: int) -> int:
    """PlasmaBridge's first slot."""
    return BEGUN | exits << 128 | messages


def with_bridge(plasma: Plasma, **slots: int) -> None:
    """Makes the bridge's storage say other things from the next block on."""
    honest = plasma.chain.bridge()
    names = {"counters": COUNTERS_SLOT, "inbox_hash": INBOX_HASH_SLOT, "exit_root": EXIT_ROOT_SLOT}
    bent = honest.slots | {names[name]: value for name, value in slots.items()}
    plasma.chain.put(BRIDGE, Account(honest.balance, bent, 1, honest.code_hash))


@pytest.fixture
def busy(plasma: Plasma, prosumer: Any, consumer: Any) -> Plasma:
    """Two deposits that were taken, one that wasn't, two burns, all in the next block."""
    for sender in (prosumer, consumer):
        plasma.chain.deliver(plasma.deposit(sender, 3 * ETHER))
    plasma.deposit(consumer, ETHER)
    plasma.chain.burn(ETH, prosumer, prosumer, ETHER)
    plasma.chain.burn(ETH, consumer, prosumer, ETHER)
    return plasma


def test_honest_bridge(busy: Plasma, refused: Refused, stranger: Any) -> None:
    """Also when the storage holds numbers with leading zeros, which its encoding leaves out."""
    busy.seal_and_submit()
    refused(busy.challenges.proveWrongBridge, *bridge_proof(busy), error=NO_FAULT, sender=stranger)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_other_inbox_count(busy: Plasma, stranger: Any, count: int) -> None:
    """The storage says that fewer or more messages were taken than the checkpoint says."""
    with_bridge(busy, counters=counters(count, 2))
    submission = busy.seal_and_submit()
    condemned(busy, stranger, submission, busy.challenges.proveWrongBridge, *bridge_proof(busy))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_other_inbox_count_in_checkpoint(busy: Plasma, stranger: Any, count: int) -> None:
    busy.chain.seal()
    submission = busy.submit(busy.checkpoint(inbox_consumed=count))
    condemned(busy, stranger, submission, busy.challenges.proveWrongBridge, *bridge_proof(busy))


@pytest.mark.parametrize("bent", ["storage", "checkpoint"])
def test_other_exit_count(busy: Plasma, stranger: Any, bent: str) -> None:
    if bent == "storage":
        with_bridge(busy, counters=counters(2, 3))
    busy.chain.seal()
    honest = busy.checkpoint()
    submission = busy.submit(replace(honest, exit_count=1) if bent == "checkpoint" else honest)
    condemned(busy, stranger, submission, busy.challenges.proveWrongBridge, *bridge_proof(busy))


@pytest.mark.parametrize("bent", ["storage", "checkpoint"])
def test_other_exit_root(busy: Plasma, stranger: Any, bent: str) -> None:
    """Also one that was right before the last burn."""
    if bent == "storage":
        with_bridge(busy, exit_root=int.from_bytes(LIE, "big"))
    busy.chain.seal()
    before = ExitTree([busy.chain.exits[0].key(CHILD_CHAIN_ID)]).root()
    honest = busy.checkpoint()
    submission = busy.submit(replace(honest, exit_root=before) if bent == "checkpoint" else honest)
    condemned(busy, stranger, submission, busy.challenges.proveWrongBridge, *bridge_proof(busy))


@pytest.mark.parametrize("hashes", ["lie", "one fewer", "one more"])
def test_mint_without_deposit(busy: Plasma, stranger: Any, hashes: str) -> None:
    """P5: the bridge took other messages than the inbox's: something was minted without a deposit."""
    inbox = {"one fewer": busy.vault.inboxHash(1), "one more": busy.vault.inboxHash(3)}
    with_bridge(busy, inbox_hash=int.from_bytes(inbox.get(hashes, LIE), "big"))
    submission = busy.seal_and_submit()
    condemned(busy, stranger, submission, busy.challenges.proveWrongBridge, *bridge_proof(busy))


def test_bridge_of_another_state(busy: Plasma, refused: Refused, stranger: Any) -> None:
    """Only the last block's state counts, and only PlasmaBridge's account and these slots of it in their order."""
    chain = busy.chain
    old = chain.seal().state
    chain.burn(ETH, stranger, stranger, ETHER)
    busy.chain.put(stranger, chain.bridge())
    submission = busy.seal_and_submit()
    abi, account, counts, inbox, exits = bridge_proof(busy)
    prove = busy.challenges.proveWrongBridge
    for cause, *arguments in [
        (INVALID_ROOT, abi, old.account_proof(BRIDGE), counts, inbox, exits),
        (INVALID_LARGE_NODE, abi, chain.head.state.account_proof(stranger), counts, inbox, exits),
        (INVALID_ROOT, abi, account, old.slot_proof(BRIDGE, COUNTERS_SLOT), inbox, exits),
        (INVALID_LARGE_NODE, abi, account, inbox, counts, exits),
        (INVALID_PROOF, abi, account, [], inbox, exits),
    ]:
        refused(prove, *arguments, error=("TrieProofTraversalError(uint8)", cause), sender=stranger)
    forged = replace(submission, checkpoint=replace(submission.checkpoint, exit_count=7))
    unknown = ("UnknownSubmission(uint256)", 1)
    refused(prove, forged.abi(), account, counts, inbox, exits, error=unknown, sender=stranger)


def delivered(plasma: Plasma, *logs: Log, **options: Any) -> Any:
    """Seals a block with a transaction that leaves these logs; returns the proof of its receipt once submitted."""
    index = plasma.chain.add(*logs, **options)
    block = plasma.chain.seal()
    plasma.submit()
    return plasma.receipt_proof(block, index).abi()


def test_honest_deliveries(busy: Plasma, refused: Refused, stranger: Any) -> None:
    """Neither is one false, nor twice there, whichever two are shown."""
    busy.seal_and_submit()
    first, second = (busy.receipt_proof(busy.chain.head, index).abi() for index in (0, 1))
    challenges = busy.challenges
    for proof in (first, second):
        refused(challenges.proveFalseDelivery, proof, 0, error=NO_FAULT, sender=stranger)
        refused(challenges.proveDoubleDelivery, proof, 0, proof, 0, error=NO_FAULT, sender=stranger)
    refused(challenges.proveDoubleDelivery, first, 0, second, 0, error=NO_FAULT, sender=stranger)
    burn = busy.receipt_proof(busy.chain.head, 2).abi()
    refused(challenges.proveFalseDelivery, burn, 0, error=NOT_A_DELIVERY, sender=stranger)
    refused(challenges.proveDoubleDelivery, first, 0, burn, 0, error=NOT_A_DELIVERY, sender=stranger)


@pytest.mark.parametrize("number", [0, 1, 2, 3, 2**64, 2**256 - 1])
def test_false_delivery(busy: Plasma, stranger: Any, number: int) -> None:
    """P5: of a message that isn't there, or of another one; 0 to 2 are in the inbox."""
    busy.seal_and_submit()
    proof = delivered(busy, delivery_log(number, LIE))
    condemned(busy, stranger, busy.submissions[1], busy.challenges.proveFalseDelivery, proof, 0)


def test_delivery_out_of_order(busy: Plasma, stranger: Any) -> None:
    """The right message under another's number."""
    first = busy.chain.messages[0]
    proof = delivered(busy, delivery_log(1, first.hash))
    condemned(busy, stranger, busy.submissions[0], busy.challenges.proveFalseDelivery, proof, 0)


def test_no_delivery(busy: Plasma, refused: Refused, stranger: Any) -> None:
    """What others log counts nothing, nor what the bridge logs of other things, nor what failed."""
    lie = delivery_log(9, LIE)
    logs = [
        replace(lie, emitter=stranger.address),
        Log(BRIDGE, lie.topics[:2], lie.data),
        Log(BRIDGE, [*lie.topics, LIE], lie.data),
        Log(BRIDGE, [LIE, *lie.topics[1:]], lie.data),
        Log(BRIDGE, [], word(1)),
    ]
    proof = delivered(busy, *logs)
    prove = busy.challenges.proveFalseDelivery
    for place in range(len(logs)):
        refused(prove, proof, place, error=NOT_A_DELIVERY, sender=stranger)
    refused(prove, proof, 5, error=("UnknownLog(uint256,uint256)", 5, 5), sender=stranger)
    failed = delivered(busy, lie, status=0)
    refused(prove, failed, 0, error=("UnknownLog(uint256,uint256)", 0, 1), sender=stranger)
    forged = busy.receipt_proof(busy.chain.head, 0)
    later = replace(forged.block_proof.leaf, number=3)
    forged = replace(forged, block_proof=replace(forged.block_proof, leaf=later))
    refused(prove, forged.abi(), 0, error="InvalidBlockProof()", sender=stranger)


def again(message: Message, id_: int = 0) -> Log:
    """A delivery once more."""
    return delivery_log(id_, message.hash)


@pytest.mark.parametrize("where", ["one receipt", "one block", "one checkpoint", "two checkpoints"])
def test_double_delivery(busy: Plasma, refused: Refused, stranger: Any, where: str) -> None:
    """P5: the later checkpoint is void, and can't be made the earlier one by showing them the other way round."""
    chain, message = busy.chain, busy.chain.messages[0]
    if where == "one receipt":
        chain.add(again(message, 5), again(message, 5))
        places = [(chain.seal(), 4, 0), (chain.head, 4, 1)]
    elif where == "one block":
        chain.add(again(message))
        places = [(chain.seal(), 0, 0), (chain.head, 4, 0)]
    else:
        places = [(chain.seal(), 0, 0)]
        if where == "two checkpoints":
            busy.submit()
        chain.add(again(message))
        places.append((chain.seal(), 0, 0))
    busy.submit()
    first, second = (
        (busy.receipt_proof(block, index, busy.submissions[0] if block.number == 1 else None).abi(), log)
        for block, index, log in places
    )
    prove = busy.challenges.proveDoubleDelivery
    if "checkpoint" in where:
        refused(prove, *second, *first, error=NO_FAULT, sender=stranger)
    condemned(busy, stranger, busy.submissions[-1], prove, *first, *second)


def test_deliveries_of_unknown_checkpoints(busy: Plasma, refused: Refused, stranger: Any) -> None:
    busy.seal_and_submit()
    proof = busy.receipt_proof(busy.chain.head, 0)
    submission = replace(proof.block_proof.submission, signers=0)
    forged = replace(proof, block_proof=replace(proof.block_proof, submission=submission))
    unknown = ("UnknownSubmission(uint256)", 1)
    challenges = busy.challenges
    refused(challenges.proveFalseDelivery, forged.abi(), 0, error=unknown, sender=stranger)
    refused(challenges.proveDoubleDelivery, forged.abi(), 0, proof.abi(), 0, error=unknown, sender=stranger)
    refused(challenges.proveDoubleDelivery, proof.abi(), 0, forged.abi(), 0, error=unknown, sender=stranger)
