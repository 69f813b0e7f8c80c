"""Faults of blocks and of what a checkpoint says of them: links, numbers, times, headers, last states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offchain.units import ETHER
from tests.conftest import Refused
from tests.invariant.test_operations import CAMPAIGN
from tests.plasma.made_up import Block, Chain
from tests.plasma.stage import CHALLENGE_PERIOD, ETH, ROLLBACK_PERIOD, Plasma
from tests.plasma.verdict import BAD_LEAF, NO_FAULT, accusations, condemned, signers_of

MOST_AHEAD = 15 * 60
LIE = keccak(text="lie")
NOT_ADJACENT = "NotAdjacent()"


def with_leaf(block: Block, **lies: Any) -> None:
    """Makes a block's leaf say other things than its header."""
    block.__dict__["leaf"] = replace(block.leaf, **lies)


def sealed(plasma: Plasma, count: int) -> None:
    """A number of honest blocks."""
    for _ in range(count):
        plasma.chain.seal()


@settings(
    max_examples=200 if CAMPAIGN else 8,
    deadline=None,
    derandomize=not CAMPAIGN,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    pauses=st.lists(st.integers(1, 30), min_size=15, max_size=15),
    burns=st.integers(0, 3),
    everybody=st.booleans(),
)
def test_honest_chain_has_no_fault(
    plasma: Plasma, chain: Any, refused: Refused, prosumer: Any, stranger: Any, sizes: list[int], pauses: list[int],
    burns: int, everybody: bool,
) -> None:  # fmt: skip
    """Whatever its shape: nobody can void an honest checkpoint, also not by places that its blocks don't have."""
    with chain.isolate():
        plasma.chain, plasma.submissions = Chain(plasma.now), []
        plasma.chain.deliver(plasma.deposit(prosumer, ETHER))
        times = iter(pauses)
        for size in sizes:
            for number in range(size):
                if number < burns:
                    plasma.chain.burn(ETH, prosumer, prosumer, 1 + number)
                plasma.chain.seal(timestamp=plasma.chain.head.timestamp + next(times))
            plasma.submit(signers=plasma.keys if everybody else None)
        calls = accusations(plasma)
        assert len(calls) == 3 * sum(sizes) - 1 + 2 * len(sizes)
        for method, arguments in calls:
            refused(method, *arguments, error=NO_FAULT, sender=stranger)
            (submission, leaf, index, path), *rest = arguments if len(arguments) < 3 else ((None,) * 4,)
            if method == plasma.challenges.proveWrongPlace:
                refused(method, (submission, leaf, index + 1, path), error=BAD_LEAF, sender=stranger)
                refused(method, (submission, leaf, index, [*path, bytes(32)]), error=BAD_LEAF, sender=stranger)
                beyond = index + (1 << len(path))  # the same path, if only its bits counted
                refused(method, (submission, leaf, beyond, path), error=BAD_LEAF, sender=stranger)
            elif method == plasma.challenges.proveBrokenLink:
                refused(method, rest[0], arguments[0], error=NOT_ADJACENT, sender=stranger)
                refused(method, arguments[0], arguments[0], error=NOT_ADJACENT, sender=stranger)
            elif method == plasma.challenges.proveWrongLeaf:
                refused(method, arguments[0], rest[0] + b"\0", error="WrongHeader()", sender=stranger)


@pytest.mark.parametrize(("size", "place"), [(2, 2), (5, 3), (5, 5)])
@pytest.mark.parametrize("kind", ["parent", "same time", "earlier"])
def test_broken_link_within(plasma: Plasma, stranger: Any, size: int, place: int, kind: str) -> None:
    sealed(plasma, place - 1)
    head = plasma.chain.head
    bent: dict[str, Any] = {"parent": {"parent_hash": LIE}, "same time": {"timestamp": head.timestamp}}
    plasma.chain.seal(**bent.get(kind, {"timestamp": head.timestamp - 1}))
    sealed(plasma, size - place)
    plasma.submit()
    link = plasma.leaf_proof(place - 1), plasma.leaf_proof(place)
    condemned(plasma, stranger, plasma.submissions[0], plasma.challenges.proveBrokenLink, *link)


@pytest.mark.parametrize("kind", ["parent", "same time"])
def test_broken_link_across(plasma: Plasma, refused: Refused, stranger: Any, kind: str) -> None:
    """The younger checkpoint is void, not the one before it."""
    sealed(plasma, 3)
    first = plasma.submit()
    head = plasma.chain.head
    bent: dict[str, Any] = {"parent_hash": LIE} if kind == "parent" else {"timestamp": head.timestamp}
    plasma.chain.seal(**bent)
    second = plasma.submit()
    sealed(plasma, 1)
    plasma.submit()
    prove, child = plasma.challenges.proveBrokenLink, plasma.leaf_proof(4, second)
    for number in (1, 2):  # not the first one's last block
        refused(prove, plasma.leaf_proof(number, first), child, error=NOT_ADJACENT, sender=stranger)
    condemned(plasma, stranger, second, prove, plasma.leaf_proof(3, first), child)


def test_not_adjacent(plasma: Plasma, refused: Refused, stranger: Any) -> None:
    """Neither blocks with one between them, nor of checkpoints with one between them, nor the second of the younger."""
    for _ in range(3):
        sealed(plasma, 2)
        plasma.submit()
    first, second, third = plasma.submissions
    prove = plasma.challenges.proveBrokenLink
    pairs = [((2, first), (4, second)), ((2, first), (5, third)), ((1, first), (3, second)), ((3, second), (2, first))]
    for older, younger in pairs:
        refused(prove, plasma.leaf_proof(*older), plasma.leaf_proof(*younger), error=NOT_ADJACENT, sender=stranger)


def test_unknown_submissions(plasma: Plasma, refused: Refused, stranger: Any) -> None:
    """Only what was accepted can be challenged, as it was accepted: at that time, with these signers."""
    plasma.chain.seal(parent_hash=LIE)
    plasma.chain.seal(timestamp=1)
    submission = plasma.submit()
    unknown = ("UnknownSubmission(uint256)", 1)
    parent, child = plasma.leaf_proof(1), plasma.leaf_proof(2)
    forged = [
        replace(submission, signers=submission.signers ^ 1),
        replace(submission, submitted_at=submission.submitted_at - 1),
        replace(submission, checkpoint=replace(submission.checkpoint, data_hash=LIE)),
    ]
    challenges = plasma.challenges
    for other in forged:
        lie = other.abi()
        refused(challenges.proveBrokenLink, parent, (lie, *child[1:]), error=unknown, sender=stranger)
        refused(challenges.proveBrokenLink, (lie, *parent[1:]), child, error=unknown, sender=stranger)
        refused(challenges.proveWrongPlace, (lie, *child[1:]), error=unknown, sender=stranger)
        refused(challenges.proveWrongLeaf, (lie, *child[1:]), b"", error=unknown, sender=stranger)
        refused(challenges.proveWrongState, (lie, *child[1:]), error=unknown, sender=stranger)
    wrong = (parent[0], parent[1], 0, [LIE])
    refused(challenges.proveBrokenLink, wrong, child, error=BAD_LEAF, sender=stranger)
    wrong = (child[0], replace(plasma.chain.blocks[2].leaf, state_root=LIE).abi(), 1, child[3])
    refused(challenges.proveBrokenLink, parent, wrong, error=BAD_LEAF, sender=stranger)


@pytest.mark.parametrize(("place", "off"), [(1, -1), (2, 1), (3, 1)])
def test_wrong_number(plasma: Plasma, stranger: Any, place: int, off: int) -> None:
    sealed(plasma, 3)
    with_leaf(plasma.chain.blocks[place], number=place + off)
    submission = plasma.submit()
    condemned(plasma, stranger, submission, plasma.challenges.proveWrongPlace, plasma.leaf_proof(place))


def test_time_ahead(plasma: Plasma, refused: Refused, at_time: Callable[[int], None], stranger: Any) -> None:
    """A quarter of an hour is as far as a block may be ahead of the root chain's clock, to the second."""
    accepted = plasma.now + 100
    plasma.chain.seal(timestamp=accepted + MOST_AHEAD)
    at_time(accepted)
    first = plasma.submit()
    assert first.submitted_at == accepted
    prove = plasma.challenges.proveWrongPlace
    refused(prove, plasma.leaf_proof(1), error=NO_FAULT, sender=stranger)
    plasma.chain.seal(timestamp=accepted + 50 + MOST_AHEAD + 1)
    at_time(accepted + 50)
    second = plasma.submit()
    condemned(plasma, stranger, second, prove, plasma.leaf_proof(2))


HEADER_LIES: dict[str, Any] = {
    "parent_hash": LIE,
    "state_root": LIE,
    "transactions_root": LIE,
    "receipts_root": LIE,
    "timestamp": 1,
    "number": 3,
}


@pytest.mark.parametrize("field", HEADER_LIES)
def test_leaf_differs_from_header(plasma: Plasma, refused: Refused, stranger: Any, field: str) -> None:
    sealed(plasma, 3)
    with_leaf(plasma.chain.blocks[2], **{field: HEADER_LIES[field]})
    submission = plasma.submit()
    prove, blocks = plasma.challenges.proveWrongLeaf, plasma.chain.blocks
    refused(prove, plasma.leaf_proof(2), blocks[1].header, error="WrongHeader()", sender=stranger)
    refused(prove, plasma.leaf_proof(1), blocks[1].header, error=NO_FAULT, sender=stranger)
    condemned(plasma, stranger, submission, prove, plasma.leaf_proof(2), blocks[2].header)


@pytest.mark.parametrize("size", [1, 3, 4])
def test_wrong_last_state(plasma: Plasma, refused: Refused, stranger: Any, size: int) -> None:
    sealed(plasma, size)
    submission = plasma.submit(plasma.checkpoint(last_state_root=LIE))
    prove = plasma.challenges.proveWrongState
    for number in range(1, size):
        refused(prove, plasma.leaf_proof(number), error=("NotLast(uint256)", number - 1), sender=stranger)
    condemned(plasma, stranger, submission, prove, plasma.leaf_proof(size))


def bent_state(plasma: Plasma) -> tuple[Any, ...]:
    """A proof that the next checkpoint, which this submits, says a wrong last state."""
    plasma.chain.seal()
    plasma.submit(plasma.checkpoint(last_state_root=LIE))
    return plasma.leaf_proof(plasma.chain.head.number)


def test_last_moment(plasma: Plasma, refused: Refused, at_time: Callable[[int], None], stranger: Any) -> None:
    """P5: a fault can be proven until the rollback period is over, to the second, also when the checkpoint is final:
    finality goes back to the one before."""
    plasma.seal_and_submit()
    proof = bent_state(plasma)
    first, second = plasma.submissions
    plasma.seal_and_submit()
    plasma.finalise()
    assert plasma.root.finalEpoch() == 3
    last = second.submitted_at + CHALLENGE_PERIOD + ROLLBACK_PERIOD
    prove = plasma.challenges.proveWrongState
    refused(prove, proof, error=("ChallengeTooLate(uint256)", last), sender=stranger, time=last + 1)
    at_time(last)
    condemned(plasma, stranger, second, prove, proof)
    assert plasma.root.finalEpoch() == 1
    assert plasma.root.isReleasable(1) is False
    plasma.root.requireSubmitted(first.abi())


def test_earlier_fault_second(plasma: Plasma, refused: Refused, stranger: Any, neighbour: Any) -> None:
    """After a fault an earlier one can still be proven, not a later one; who was slashed is not slashed again."""
    root, prove = plasma.root, plasma.challenges.proveWrongState
    plasma.seal_and_submit()
    plasma.chain.seal()
    early = plasma.submit(plasma.checkpoint(last_state_root=LIE), plasma.keys[2:])
    early_proof = plasma.leaf_proof(2)
    late_proof = bent_state(plasma)
    late = plasma.submissions[-1]
    later_proof = bent_state(plasma)
    condemned(plasma, stranger, late, prove, late_proof)
    refused(prove, later_proof, error="NothingThere()", sender=stranger)
    refused(prove, late_proof, error="NothingThere()", sender=stranger)
    ends, held = root.frozenUntil(), plasma.vault.held(ETH)

    prove(early_proof, sender=neighbour)
    assert root.head()[0] == 1
    assert root.frozenUntil() == ends, "a second fault doesn't put the halt off"
    newly = [key for key in signers_of(plasma, early) if key not in signers_of(plasma, late)]
    assert len(newly) == 2
    assert root.rewardOf(neighbour) == len(newly) * 5 * ETHER
    assert plasma.vault.held(ETH) == held + len(newly) * 5 * ETHER
    assert {root.seatOf(key.address).bond for key in plasma.keys} == {0}


def test_after_the_fault(plasma: Plasma, refused: Refused, at_time: Callable[[int], None], stranger: Any) -> None:
    """Nothing goes on but the halt, which comes when the freeze is over."""
    root, owner = plasma.root, plasma.owner
    plasma.seal_and_submit()
    early = plasma.leaf_proof(1)
    proof = bent_state(plasma)
    refused(root.haltFaulty, error="NoFaultProven()", sender=stranger)
    condemned(plasma, stranger, plasma.submissions[1], plasma.challenges.proveWrongState, proof)

    checkpoint = plasma.submissions[1].checkpoint
    for method, *arguments in [
        (root.submitCheckpoint, checkpoint.abi(), plasma.signed(checkpoint)),
        (root.finalise, plasma.submissions[0].abi()),
        (root.freeze, b""),
        (root.haltSilent,),
        (root.activateAuthorities,),
    ]:
        refused(method, *arguments, error="FaultProven()", sender=owner)

    ends = root.frozenUntil()
    refused(root.haltFaulty, error=("TooEarly(uint256)", ends), sender=stranger, time=ends - 1)
    at_time(ends)
    root.haltFaulty(sender=stranger)
    assert ends == plasma.now
    assert root.halted()
    refused(root.haltFaulty, error="ChainHalted()", sender=stranger)
    refused(plasma.challenges.proveWrongState, early, error="NoFault()", sender=stranger)


def test_only_challenges_condemn(plasma: Plasma, refused: Refused, stranger: Any) -> None:
    submission = plasma.seal_and_submit()
    for sender in (stranger, plasma.owner):
        denied = ("NotPermitted(address)", sender)
        refused(plasma.root.condemn, submission.abi(), sender, error=denied, sender=sender)
        refused(plasma.root.slashEquivocator, 1, 0, sender, error=denied, sender=sender)
