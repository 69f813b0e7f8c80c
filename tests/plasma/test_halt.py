"""How the chain ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from offchain.plasma.messages import MessageKind
from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.faults import condemn, slash, submit_fault
from tests.plasma.stage import (
    BOND,
    CHALLENGE_PERIOD,
    CHANGE_PERIOD,
    ETH,
    FAULTY,
    FREEZE_PERIOD,
    INBOX_PERIOD,
    QUORUM,
    ROLLBACK_PERIOD,
    SILENCE_PERIOD,
    Plasma,
)

AtTime = Callable[[int], None]
EARLY = "TooEarly(uint256)"


def ended(plasma: Plasma, receipt: Any, final_epoch: int) -> None:
    """Checks that the chain has ended."""
    assert receipt.decode_logs(plasma.root.Halted) == [plasma.root.Halted(final_epoch)]
    assert plasma.root.halted()
    assert (plasma.root.finalEpoch(), plasma.root.head()[0]) == (final_epoch, final_epoch)


@pytest.mark.parametrize("checkpoints", [0, 2])
def test_silence(plasma: Plasma, stranger: Any, refused: Refused, at_time: AtTime, checkpoints: int) -> None:
    """No checkpoint for too long, counted from the last or from the first set on, lets anyone end the chain, to the
    second."""
    for _ in range(checkpoints):
        plasma.wait(SILENCE_PERIOD - 1)
        plasma.seal_and_submit()
    silent_from = plasma.root.head()[2] + SILENCE_PERIOD
    refused(plasma.root.haltSilent, error=(EARLY, silent_from), sender=stranger, time=silent_from - 1)
    at_time(silent_from)
    ended(plasma, plasma.root.haltSilent(sender=stranger), 0)


def test_silence_before_the_first_set(young: Plasma, stranger: Any, refused: Refused) -> None:
    """A chain that has no authorities isn't silent."""
    young.wait(10 * SILENCE_PERIOD)
    refused(young.root.haltSilent, error=(EARLY, SILENCE_PERIOD), sender=stranger)


def test_ignored(plasma: Plasma, prosumer: Any, stranger: Any, refused: Refused, at_time: AtTime) -> None:
    """A message that was left out for too long lets anyone end the chain, to the second, though checkpoints come."""
    plasma.chain.deliver(plasma.deposit(prosumer, 1))
    oldest = plasma.deposit(prosumer, 2)
    plasma.wait(10)
    younger = plasma.deposit(prosumer, 3)
    plasma.seal_and_submit()
    ignored_from = oldest.time + INBOX_PERIOD
    for wrong in (plasma.chain.messages[0], younger, replace(oldest, time=0), replace(oldest, kind=MessageKind.CALL)):
        error = ("WrongMessage(uint256)", 1)
        refused(plasma.root.haltIgnored, wrong.abi(), error=error, sender=stranger, time=ignored_from)
    for _ in range(2):
        plasma.wait(SILENCE_PERIOD - 100)
        plasma.seal_and_submit()
    error = (EARLY, ignored_from)
    refused(plasma.root.haltIgnored, oldest.abi(), error=error, sender=stranger, time=ignored_from - 1)
    at_time(ignored_from)
    ended(plasma, plasma.root.haltIgnored(oldest.abi(), sender=stranger), 0)


def test_consumed_in_time(plasma: Plasma, prosumer: Any, stranger: Any, refused: Refused) -> None:
    """A message that a checkpoint consumed, or that nobody sent, ends nothing."""
    message = plasma.deposit(prosumer, 1)
    nothing = ("WrongMessage(uint256)", 1)
    plasma.chain.deliver(message)
    plasma.wait(INBOX_PERIOD)
    plasma.seal_and_submit()
    refused(plasma.root.haltIgnored, message.abi(), error=nothing, sender=stranger)
    another = plasma.deposit(prosumer, 1)
    error = (EARLY, another.time + INBOX_PERIOD)
    refused(plasma.root.haltIgnored, another.abi(), error=error, sender=stranger)
    refused(plasma.root.haltIgnored, message.abi(), error=nothing, sender=stranger)


def test_ignored_by_nobody(young: Plasma, prosumer: Any, stranger: Any) -> None:
    """A deposit before the first set isn't lost if no set ever comes: the chain ends and gives it back."""
    message = young.deposit(prosumer, ETHER)
    young.wait(INBOX_PERIOD)
    ended(young, young.root.haltIgnored(message.abi(), sender=stranger), 0)
    young.chain.seal()
    nothing = (young.checkpoint().abi(), 0, 0)
    young.vault.refund(0, message.abi(), nothing, sender=stranger)
    assert young.vault.claimable(ETH, prosumer) == ETHER


def test_fault_and_freeze(plasma: Plasma, stranger: Any, refused: Refused, at_time: AtTime) -> None:
    """A proven fault ends the chain when the freeze is over, in which earlier faults may be shown; not before, nor
    without a fault."""
    plasma.finalise(plasma.seal_and_submit())
    plasma.freeze(stranger)
    plasma.wait(FREEZE_PERIOD)
    refused(plasma.root.haltFaulty, error="NoFaultProven()", sender=stranger)
    condemn(plasma, submit_fault(plasma), stranger)
    until = plasma.now + FREEZE_PERIOD
    assert plasma.root.frozenUntil() == until
    refused(plasma.root.haltFaulty, error=(EARLY, until), sender=stranger, time=until - 1)
    at_time(until)
    ended(plasma, plasma.root.haltFaulty(sender=stranger), 1)


def test_second_fault_does_not_delay(plasma: Plasma, stranger: Any) -> None:
    """An earlier fault proven later voids more, but the end comes no later; so it is with a contradiction."""
    plasma.seal_and_submit()
    first, second = submit_fault(plasma), submit_fault(plasma)
    condemn(plasma, second, stranger)
    until = plasma.root.frozenUntil()
    plasma.wait(FREEZE_PERIOD // 2)
    condemn(plasma, first, stranger)
    slash(plasma, 6, stranger)
    assert plasma.root.frozenUntil() == until
    assert plasma.root.head()[0] == 1


def test_faulty_chain_ends_in_no_other_way(plasma: Plasma, prosumer: Any, refused: Refused) -> None:
    """With a proven fault no halt comes before the freeze is over, and no freeze delays it."""
    message = plasma.deposit(prosumer, 1)
    signatures = plasma.freezing()
    condemn(plasma, submit_fault(plasma), prosumer)
    plasma.wait(FREEZE_PERIOD + INBOX_PERIOD)
    refused(plasma.root.haltSilent, error="FaultProven()", sender=prosumer)
    refused(plasma.root.haltIgnored, message.abi(), error="FaultProven()", sender=prosumer)
    refused(plasma.root.freeze, signatures, error="FaultProven()", sender=prosumer)
    refused(plasma.root.activateAuthorities, error="FaultProven()", sender=prosumer)
    ended(plasma, plasma.root.haltFaulty(sender=prosumer), 0)


@pytest.mark.parametrize("faulty", [False, True])
def test_nothing_after_the_halt(plasma: Plasma, prosumer: Any, refused: Refused, faulty: bool) -> None:
    """The halt is the end: nothing is sent, submitted, final, frozen, changed or halted any more."""
    message = plasma.deposit(prosumer, 1)
    submission = plasma.seal_and_submit()
    fault = submit_fault(plasma)
    plasma.root.proposeAuthorities([key.address for key in plasma.keys], sender=plasma.owner)
    if faulty:
        condemn(plasma, fault, prosumer)
        plasma.wait(FREEZE_PERIOD)
        plasma.root.haltFaulty(sender=prosumer)
    else:
        plasma.halt()
    plasma.wait(CHANGE_PERIOD)
    plasma.chain.seal()
    checkpoint = plasma.checkpoint()
    root, vault = plasma.root, plasma.vault
    for method, *arguments in (
        (root.submitCheckpoint, checkpoint.abi(), plasma.signed(checkpoint)),
        (root.finalise, submission.abi()),
        (root.freeze, plasma.freezing()),
        (root.activateAuthorities,),
        (root.haltSilent,),
        (root.haltIgnored, message.abi()),
        (root.haltFaulty,),
        (vault.forceCall, prosumer, 0, 0, b""),
    ):
        refused(method, *arguments, error="ChainHalted()", sender=prosumer)
    refused(vault.depositEth, prosumer, error="ChainHalted()", sender=prosumer, value=1)
    refused(vault.listToken, plasma.challenges, 1, error=b"", sender=plasma.owner)
    late = ("ChallengeTooLate(uint256)", fault.submitted_at + CHALLENGE_PERIOD + ROLLBACK_PERIOD)
    refused(plasma.challenges.proveWrongState, plasma.leaf_proof(2, fault), error=late, sender=prosumer)


def test_challenge_after_the_halt(plasma: Plasma, prosumer: Any, refused: Refused) -> None:
    """Who signed a fault doesn't get away with it by ending the chain: as long as it could have been taken back, what
    was final is, and no escape begins."""
    honest = plasma.seal_and_submit()
    fault = submit_fault(plasma)
    plasma.finalise()
    plasma.halt(settle=False)
    settled = plasma.root.settledAt()
    assert settled == fault.submitted_at + CHALLENGE_PERIOD + ROLLBACK_PERIOD
    refused(plasma.escape.open, fault.abi(), error=("TooEarly(uint256)", settled + 1), sender=prosumer)
    condemn(plasma, fault, prosumer)
    assert (plasma.root.finalEpoch(), plasma.root.faultProven(), plasma.root.frozenUntil()) == (1, True, 0)
    assert plasma.root.rewardOf(prosumer) == QUORUM * BOND // 2
    proof = plasma.leaf_proof(2, fault)
    refused(plasma.challenges.proveWrongState, proof, error="NothingThere()", sender=prosumer)
    refused(plasma.root.requireSubmitted, fault.abi(), error=("UnknownSubmission(uint256)", 2), sender=prosumer)
    plasma.settle()
    plasma.escape.open(honest.abi(), sender=prosumer)


def test_challenge_of_what_the_halt_voided(plasma: Plasma, prosumer: Any) -> None:
    """A fault that isn't final has nothing to be taken back any more, but its signers are slashed."""
    fault = submit_fault(plasma)
    plasma.halt(settle=False)
    condemn(plasma, fault, prosumer)
    assert (plasma.root.finalEpoch(), plasma.root.faultProven()) == (0, False)
    assert plasma.root.rewardOf(prosumer) == QUORUM * BOND // 2


def test_no_token_after_the_halt(plasma: Plasma, deployer: Any, project: Any, refused: Refused) -> None:
    """No token is listed or deposited any more."""
    listed, other = (deployer.deploy(project.Token, 10) for _ in range(2))
    plasma.vault.listToken(listed, 1, sender=plasma.owner)
    listed.approve(plasma.vault, 10, sender=deployer)
    plasma.halt()
    refused(plasma.vault.listToken, other, 1, error="ChainHalted()", sender=plasma.owner)
    refused(plasma.vault.depositToken, listed, deployer, 1, error="ChainHalted()", sender=deployer)


def test_halt_voids_what_is_not_final(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """After the halt only final checkpoints are there."""
    first, second = plasma.seal_and_submit(), plasma.seal_and_submit()
    plasma.wait(CHALLENGE_PERIOD - SILENCE_PERIOD // 2)
    third = plasma.seal_and_submit()
    plasma.wait(SILENCE_PERIOD)
    plasma.root.finalise(second.abi(), sender=stranger)
    plasma.root.requireSubmitted(third.abi())
    ended(plasma, plasma.root.haltSilent(sender=stranger), 2)
    for submission in (first, second):
        plasma.root.requireSubmitted(submission.abi())
    refused(plasma.root.requireSubmitted, third.abi(), error=("UnknownSubmission(uint256)", 3), sender=stranger)


def test_contradiction_after_the_halt(plasma: Plasma, stranger: Any) -> None:
    """Who contradicted itself is slashed after the halt too, as long as its bond is there; nothing else changes."""
    plasma.finalise(plasma.seal_and_submit())
    plasma.halt()
    for seat in range(FAULTY + 1):
        slash(plasma, seat, stranger)
    assert (plasma.root.frozenUntil(), plasma.root.faultProven(), plasma.root.finalEpoch()) == (0, False, 1)
    assert plasma.root.rewardOf(stranger) == (FAULTY + 1) * BOND // 2


def test_only_the_root_closes_the_inbox(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """Nobody else ends deposits, nor adds to what is held without a deposit."""
    for sender in (stranger, plasma.owner):
        error = ("NotPermitted(address)", sender)
        refused(plasma.vault.close, error=error, sender=sender)
        refused(plasma.vault.cover, error=error, sender=sender, value=1)
