"""When a checkpoint is final, and when what it says can be paid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.plasma.checkpoint import Submission
from offchain.plasma.events import CheckpointFinalised, decode_as
from tests.conftest import Refused
from tests.plasma.faults import condemn, slash, submit_fault
from tests.plasma.stage import (
    CHALLENGE_PERIOD,
    FREEZE_PERIOD,
    ROLLBACK_PERIOD,
    SILENCE_PERIOD,
    Plasma,
)

UNKNOWN = "UnknownSubmission(uint256)"
AtTime = Callable[[int], None]


def test_challenge_period(plasma: Plasma, stranger: Any, refused: Refused, at_time: AtTime) -> None:
    """A checkpoint is final when its challenge period is over, not a second earlier; anyone says so."""
    submission = plasma.seal_and_submit()
    mature = submission.submitted_at + CHALLENGE_PERIOD
    error = ("TooEarly(uint256)", mature)
    refused(plasma.root.finalise, submission.abi(), error=error, sender=stranger, time=mature - 1)
    at_time(mature)
    receipt = plasma.root.finalise(submission.abi(), sender=stranger)
    (log,) = receipt.logs
    assert decode_as(CheckpointFinalised, log) == CheckpointFinalised(1)
    assert plasma.root.finalEpoch() == 1
    assert plasma.root.head()[0] == 1


def test_each_has_its_own_period(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """A younger checkpoint waits for its own period."""
    old = plasma.seal_and_submit()
    plasma.wait(100)
    young = plasma.seal_and_submit()
    plasma.finalise(old)
    assert plasma.root.finalEpoch() == 1
    mature = young.submitted_at + CHALLENGE_PERIOD
    error = ("TooEarly(uint256)", mature)
    refused(plasma.root.finalise, young.abi(), error=error, sender=stranger, time=mature - 1)
    plasma.finalise(young)
    assert plasma.root.finalEpoch() == 2


def test_later_takes_earlier_along(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """A final checkpoint makes those before it final, and they are no more made final by themselves."""
    first, second, third = (plasma.seal_and_submit() for _ in range(3))
    plasma.finalise(second)
    assert plasma.root.finalEpoch() == 2
    for submission in (first, second):
        epoch = submission.checkpoint.epoch
        error = ("AlreadyFinal(uint256)", epoch)
        refused(plasma.root.finalise, submission.abi(), error=error, sender=stranger)
        assert plasma.root.isReleasable(epoch)
    assert not plasma.root.isReleasable(3)
    plasma.root.finalise(third.abi(), sender=stranger)
    assert plasma.root.finalEpoch() == 3


FIELDS = ("previous", "start", "end", "blocks_root", "exit_root", "exit_count", "inbox_consumed", "last_state_root")


@pytest.mark.parametrize("field", [*FIELDS, "data_hash", "set_id", "submitted_at", "signers"])
def test_altered(plasma: Plasma, stranger: Any, refused: Refused, field: str) -> None:
    """Nothing but what was accepted can be made final or used, whichever field differs; nor earlier than it was."""
    submission = plasma.seal_and_submit()
    plasma.wait(2 * CHALLENGE_PERIOD)
    for altered in alterations(submission, field):
        refused(plasma.root.finalise, altered.abi(), error=(UNKNOWN, 1), sender=stranger)
        refused(plasma.root.requireSubmitted, altered.abi(), error=(UNKNOWN, 1), sender=stranger)
    plasma.root.finalise(submission.abi(), sender=stranger)
    assert plasma.root.finalEpoch() == 1


def alterations(submission: Submission, field: str) -> list[Submission]:
    """The submission with a field a little different."""
    if field in ("submitted_at", "signers"):
        return [replace(submission, **{field: getattr(submission, field) + step}) for step in (-1, 1)]
    value = getattr(submission.checkpoint, field)
    change: dict[str, Any] = {field: keccak(value) if isinstance(value, bytes) else value + 1}
    return [replace(submission, checkpoint=replace(submission.checkpoint, **change))]


def test_other_epochs(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """A checkpoint is of its own epoch only, and epoch 0 is none."""
    first, second = plasma.seal_and_submit(), plasma.seal_and_submit()
    plasma.wait(CHALLENGE_PERIOD)
    for epoch in (2, 3, 2**64 + 1, 2**256 - 1):
        altered = replace(first, checkpoint=replace(first.checkpoint, epoch=epoch))
        refused(plasma.root.finalise, altered.abi(), error=(UNKNOWN, epoch), sender=stranger)
        refused(plasma.root.requireSubmitted, altered.abi(), error=(UNKNOWN, epoch), sender=stranger)
    nothing = replace(second, checkpoint=replace(second.checkpoint, epoch=0))
    refused(plasma.root.finalise, nothing.abi(), error=("AlreadyFinal(uint256)", 0), sender=stranger)
    refused(plasma.root.requireSubmitted, nothing.abi(), error=(UNKNOWN, 0), sender=stranger)


def test_frozen(plasma: Plasma, stranger: Any, refused: Refused, at_time: AtTime) -> None:
    """Nothing becomes final while the chain is frozen; then what is old enough does, to the second."""
    submission = plasma.seal_and_submit()
    plasma.wait(CHALLENGE_PERIOD)
    slash(plasma, 6, stranger)
    until = plasma.now + FREEZE_PERIOD
    assert plasma.root.frozenUntil() == until
    error = ("ChainFrozen(uint256)", until)
    refused(plasma.root.finalise, submission.abi(), error=error, sender=stranger, time=until - 1)
    at_time(until)
    plasma.root.finalise(submission.abi(), sender=stranger)
    assert plasma.root.finalEpoch() == 1


def test_fault(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """Nothing becomes final once a fault was proven, nor what was before it."""
    good, faulty = plasma.seal_and_submit(), submit_fault(plasma)
    condemn(plasma, faulty, stranger)
    plasma.wait(CHALLENGE_PERIOD)
    for submission in (good, faulty):
        refused(plasma.root.finalise, submission.abi(), error="FaultProven()", sender=stranger)


def test_halted(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """Nothing becomes final after the halt, however old it is."""
    submission = plasma.seal_and_submit()
    plasma.halt()
    plasma.wait(CHALLENGE_PERIOD)
    refused(plasma.root.finalise, submission.abi(), error="ChainHalted()", sender=stranger)
    assert plasma.root.finalEpoch() == 0


def releasable(plasma: Plasma, *epochs: int) -> list[bool]:
    """Whether each epoch counts now."""
    return [plasma.root.isReleasable(epoch) for epoch in epochs]


def test_releasable_when_final(plasma: Plasma) -> None:
    """Epoch 0 and those that aren't final never count."""
    assert releasable(plasma, 0, 1) == [False, False]
    submission = plasma.seal_and_submit()
    plasma.seal_and_submit()
    assert releasable(plasma, 0, 1, 2) == [False, False, False]
    plasma.wait(CHALLENGE_PERIOD)
    assert releasable(plasma, 0, 1, 2) == [False, False, False]
    plasma.finalise(submission)
    assert releasable(plasma, 0, 1, 2, 2**256 - 1) == [False, True, False, False]


def test_releasable_when_frozen(plasma: Plasma, stranger: Any) -> None:
    """What is final doesn't count during a freeze, and does again behind it."""
    plasma.seal_and_submit()
    plasma.finalise()
    slash(plasma, 0, stranger)
    assert releasable(plasma, 0, 1) == [False, False]
    plasma.wait(FREEZE_PERIOD - 1)
    assert releasable(plasma, 0, 1) == [False, False]
    plasma.wait(1)
    assert releasable(plasma, 0, 1) == [False, True]


def test_releasable_after_a_fault(plasma: Plasma, stranger: Any) -> None:
    """After a fault what was final before it counts only when the chain has ended."""
    plasma.seal_and_submit()
    plasma.finalise()
    condemn(plasma, submit_fault(plasma), stranger)
    plasma.wait(10 * FREEZE_PERIOD)
    assert releasable(plasma, 0, 1, 2) == [False, False, False]
    plasma.root.haltFaulty(sender=stranger)
    assert releasable(plasma, 0, 1, 2) == [False, True, False]


def test_releasable_after_finality_was_taken_back(plasma: Plasma, stranger: Any) -> None:
    """A fault in a final checkpoint takes its finality back, and that of those after it, for ever."""
    plasma.seal_and_submit()
    faulty = submit_fault(plasma)
    plasma.finalise(plasma.seal_and_submit())
    assert releasable(plasma, 1, 2, 3) == [True, True, True]
    plasma.wait(ROLLBACK_PERIOD - 100)
    condemn(plasma, faulty, stranger)
    assert plasma.root.finalEpoch() == 1
    plasma.wait(FREEZE_PERIOD)
    plasma.root.haltFaulty(sender=stranger)
    assert releasable(plasma, 0, 1, 2, 3) == [False, True, False, False]


def test_releasable_after_the_halt(plasma: Plasma, stranger: Any) -> None:
    """After the halt what is final counts, as soon as the freeze is over; the rest never does."""
    submission = plasma.seal_and_submit()
    plasma.wait(CHALLENGE_PERIOD - SILENCE_PERIOD)
    plasma.seal_and_submit()
    plasma.wait(SILENCE_PERIOD)
    plasma.root.finalise(submission.abi(), sender=stranger)
    slash(plasma, 0, stranger)
    assert releasable(plasma, 1, 2) == [False, False]
    plasma.root.haltSilent(sender=stranger)
    assert plasma.now < plasma.root.frozenUntil()
    assert releasable(plasma, 0, 1, 2) == [False, False, False]
    plasma.wait(plasma.root.frozenUntil() - plasma.now)
    assert releasable(plasma, 0, 1, 2) == [False, True, False]
