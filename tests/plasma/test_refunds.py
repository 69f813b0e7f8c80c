"""After the halt, deposits that the last final state doesn't have go back; none is both minted and refunded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.plasma.checkpoint import NO_CHECKPOINT, Checkpoint, Submission
from offchain.plasma.messages import Message, MessageKind
from offchain.signature import sign
from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.stage import BOND, ETH, FREEZE_PERIOD, Plasma, sent_message

NONE = bytes(32)
ANY = Submission(Checkpoint(0, NO_CHECKPOINT, 0, 0, NONE, NONE, 0, 0, NONE, NONE, 0), 0, 0)
CONSUMED = "MessageConsumed(uint256)"
PAID = "AlreadyPaid(bytes32)"
UNKNOWN = "UnknownSubmission(uint256)"
WRONG = "WrongMessage(uint256)"


def refund(plasma: Plasma, id_: int, message: Message, submission: Submission = ANY) -> Any:
    return plasma.vault.refund(id_, message.abi(), submission.abi(), sender=plasma.owner)


def number(id_: int) -> bytes:
    return id_.to_bytes(32, "big")


def test_chain_that_never_began(plasma: Plasma, prosumer: Any, stranger: Any, refused: Refused) -> None:
    """P5 without a final checkpoint each deposit goes back, once, to who sent it, whoever asks."""
    message = plasma.deposit(prosumer, 3 * ETHER, recipient=stranger)
    plasma.deposit(stranger, ETHER)
    plasma.halt()
    vault, before = plasma.vault, prosumer.balance
    receipt = refund(plasma, 0, message)
    assert receipt.events == [vault.DepositRefunded(id=0, recipient=prosumer, asset=ETH, amount=3 * ETHER)]
    assert (vault.refundedOf(0), vault.refundedOf(1), vault.held(ETH)) == (3 * ETHER, 0, ETHER)
    refused(vault.refund, 0, message.abi(), ANY.abi(), error=(PAID, number(0)), sender=prosumer)
    vault.claim(ETH, prosumer, sender=plasma.owner)
    assert (prosumer.balance, vault.claimable(ETH, stranger)) == (before + 3 * ETHER, 0)
    refused(vault.refund, 0, message.abi(), ANY.abi(), error=(PAID, number(0)), sender=prosumer)


def test_token(plasma: Plasma, project: Any, deployer: Any, stranger: Any) -> None:
    """P5 tokens go back as ETH does."""
    token, vault = deployer.deploy(project.Token, 1000), plasma.vault
    vault.listToken(token, 1, sender=plasma.owner)
    message = plasma.deposit(deployer, 400, recipient=stranger, asset=token)
    plasma.halt()
    receipt = refund(plasma, 1, message)
    assert receipt.events == [vault.DepositRefunded(id=1, recipient=deployer, asset=token, amount=400)]
    vault.claim(token, deployer, sender=stranger)
    assert (token.balanceOf(deployer), vault.held(token)) == (1000, 0)


def test_before_the_halt(plasma: Plasma, prosumer: Any, refused: Refused) -> None:
    """P5 as long as the chain goes on a deposit is the chain's, also when a fault was proven."""
    message = plasma.deposit(prosumer, ETHER)
    plasma.chain.seal()
    plasma.submit(plasma.checkpoint(last_state_root=keccak(text="another")))
    arguments = 0, message.abi(), ANY.abi()
    refused(plasma.vault.refund, *arguments, error="NotHalted()", sender=prosumer)
    plasma.challenges.proveWrongState(plasma.leaf_proof(1), sender=plasma.owner)
    refused(plasma.vault.refund, *arguments, error="NotHalted()", sender=prosumer)
    plasma.wait(FREEZE_PERIOD)
    plasma.root.haltFaulty(sender=plasma.owner)
    refund(plasma, *arguments[:1], message)


def test_minted_or_refunded(plasma: Plasma, prosumer: Any, recipient: Any, refused: Refused) -> None:
    """P5 the last final checkpoint decides for each deposit: what it consumed can be burned, the rest goes back."""
    messages = [plasma.deposit(prosumer, ETHER) for _ in range(4)]
    for message in messages[:2]:
        plasma.chain.deliver(message)
    kept = plasma.chain.burn(ETH, prosumer, recipient, 2 * ETHER)
    final = plasma.seal_and_submit()
    plasma.finalise()
    plasma.chain.deliver(messages[2])
    lost = plasma.chain.burn(ETH, prosumer, recipient, ETHER)
    late = plasma.seal_and_submit()
    plasma.start_exit(kept, final)
    plasma.start_exit(lost, late)
    plasma.halt()
    for id_ in (0, 1):
        arguments = id_, messages[id_].abi(), final.abi()
        refused(plasma.vault.refund, *arguments, error=(CONSUMED, id_), sender=prosumer)
    for id_ in (2, 3):
        refund(plasma, id_, messages[id_], final)
    plasma.vault.releaseExit(kept.abi(), sender=plasma.owner)
    error = ("NotReleasable(uint256)", 2)
    refused(plasma.vault.releaseExit, lost.abi(), error=error, sender=plasma.owner)
    assert plasma.vault.claimable(ETH, prosumer) == plasma.vault.claimable(ETH, recipient) == 2 * ETHER
    assert plasma.vault.held(ETH) == 0


def test_checkpoint_is_the_last_final_one(plasma: Plasma, prosumer: Any, refused: Refused) -> None:
    """P5 neither an older checkpoint, nor one that isn't final, nor an altered one decides."""
    first, second = plasma.deposit(prosumer, ETHER), plasma.deposit(prosumer, ETHER)
    plasma.seal_and_submit()
    plasma.chain.deliver(first)
    plasma.seal_and_submit()
    plasma.finalise()
    plasma.chain.deliver(second)
    plasma.seal_and_submit()
    older, final, late = plasma.submissions
    plasma.halt()
    altered = replace(final, checkpoint=replace(final.checkpoint, inbox_consumed=0))
    for wrong in (older, late, altered, replace(final, signers=0), ANY):
        arguments = 0, first.abi(), wrong.abi()
        refused(plasma.vault.refund, *arguments, error=(UNKNOWN, 2), sender=prosumer)
    refused(plasma.vault.refund, 0, first.abi(), final.abi(), error=(CONSUMED, 0), sender=prosumer)
    refund(plasma, 1, second, final)
    assert plasma.vault.claimable(ETH, prosumer) == ETHER


def test_finality_taken_back(plasma: Plasma, prosumer: Any) -> None:
    """P5 what only a checkpoint consumed that was voided after it was final goes back."""
    message = plasma.deposit(prosumer, ETHER)
    first = plasma.seal_and_submit()
    plasma.chain.deliver(message)
    plasma.chain.seal()
    plasma.submit(plasma.checkpoint(last_state_root=keccak(text="another")))
    plasma.finalise()
    plasma.challenges.proveWrongState(plasma.leaf_proof(2), sender=plasma.owner)
    plasma.wait(FREEZE_PERIOD)
    plasma.root.haltFaulty(sender=plasma.owner)
    refund(plasma, 0, message, first)
    assert plasma.vault.claimable(ETH, prosumer) == ETHER


@pytest.mark.parametrize("field", ["kind", "sender", "recipient", "asset", "amount", "time", "data"])
def test_altered_message(plasma: Plasma, prosumer: Any, stranger: Any, refused: Refused, field: str) -> None:
    """P5 only the very message goes back, under its number."""
    message = plasma.deposit(prosumer, ETHER)
    plasma.deposit(stranger, 9 * ETHER)
    plasma.halt()
    others: dict[str, Any] = {"kind": MessageKind.CALL, "amount": 2 * ETHER, "time": message.time + 1, "data": b"\0"}
    other = replace(message, **{field: others.get(field, stranger.address)})
    refused(plasma.vault.refund, 0, other.abi(), ANY.abi(), error=(WRONG, 0), sender=stranger)
    for id_ in (1, 2, 2**64, 2**256 - 1):
        refused(plasma.vault.refund, id_, message.abi(), ANY.abi(), error=(WRONG, id_), sender=stranger)


def test_what_is_no_deposit(plasma: Plasma, project: Any, deployer: Any, stranger: Any, refused: Refused) -> None:
    """P5 a forced call, whatever it sends along there, and a listing have nothing to give back."""
    vault = plasma.vault
    sent = [
        vault.forceCall(deployer, 5 * ETHER, 100_000, b"", sender=stranger),
        vault.listToken(deployer.deploy(project.Token, 1), 7, sender=plasma.owner),
    ]
    plasma.deposit(deployer, 9 * ETHER)
    plasma.halt()
    for id_, receipt in enumerate(sent):
        message = sent_message(receipt)
        refused(vault.refund, id_, message.abi(), ANY.abi(), error=(WRONG, id_), sender=stranger)


def test_vault_that_holds_less(plasma: Plasma, prosumer: Any, recipient: Any, refused: Refused) -> None:
    """P5 a deposit of which false burns left only a part goes back in parts as the vault is filled up again."""
    plasma.chain.burn(ETH, recipient, recipient, 8 * ETHER)
    final = plasma.seal_and_submit()
    plasma.start_exit(plasma.chain.exits[0])
    message = plasma.deposit(prosumer, 10 * ETHER)
    plasma.finalise()
    plasma.vault.releaseExit(plasma.chain.exits[0].abi(), sender=plasma.owner)
    plasma.halt()
    refund(plasma, 0, message, final)
    assert plasma.vault.refundedOf(0) == plasma.vault.claimable(ETH, prosumer) == 2 * ETHER
    arguments = 0, message.abi(), final.abi()
    error = ("NotBacked(address,uint256,uint256)", ETH, 8 * ETHER, 0)
    refused(plasma.vault.refund, *arguments, error=error, sender=plasma.owner)

    for seat in (0, 1):  # half of each slashed bond fills it up
        slash(plasma, seat)
        refund(plasma, 0, message, final)
    assert plasma.vault.refundedOf(0) == plasma.vault.claimable(ETH, prosumer) == 10 * ETHER
    assert plasma.vault.held(ETH) == BOND - 8 * ETHER
    refused(plasma.vault.refund, *arguments, error=(PAID, number(0)), sender=plasma.owner)


def slash(plasma: Plasma, seat: int) -> None:
    """Has an authority contradict itself."""
    key, checkpoint = plasma.keys[seat], replace(ANY.checkpoint, epoch=9, set_id=1)
    signed: list[Any] = []
    for data in (b"one", b"other"):
        one = replace(checkpoint, data_hash=keccak(data))
        signed += [one.abi(), sign(plasma.domain.checkpoint_digest(one), key)]
    plasma.challenges.proveEquivocation(*signed, seat, sender=plasma.owner)
