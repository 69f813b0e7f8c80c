"""Which checkpoints the root chain accepts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.plasma.checkpoint import NO_CHECKPOINT, Checkpoint, Submission
from offchain.plasma.events import CheckpointSubmitted, decode_as
from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.faults import condemn, submit_fault
from tests.plasma.stage import QUORUM, Plasma

MOST_BLOCKS = 1 << 16
OTHER = keccak(text="other")
ROOTS = ("blocks_root", "exit_root", "last_state_root", "data_hash")


def denied(plasma: Plasma, refused: Refused, checkpoint: Checkpoint, error: Any) -> None:
    """Checks that a checkpoint is refused, though a quorum signed it."""
    arguments = checkpoint.abi(), plasma.signed(checkpoint)
    refused(plasma.root.submitCheckpoint, *arguments, error=error, sender=plasma.owner)


@pytest.fixture
def second(plasma: Plasma) -> Checkpoint:
    """The honest checkpoint of block 2, after that of block 1."""
    plasma.seal_and_submit()
    plasma.chain.seal()
    return plasma.checkpoint()


def test_checkpoints_follow_one_another(plasma: Plasma, prosumer: Any) -> None:
    """What is accepted is the new head, kept as its hash, and logged in full."""
    plasma.chain.deliver(plasma.deposit(prosumer, ETHER))
    for blocks in (1, 3, 2):
        for _ in range(blocks):
            plasma.chain.seal()
        checkpoint = plasma.checkpoint()
        assert checkpoint.count == blocks
        receipt = plasma.root.submitCheckpoint(checkpoint.abi(), plasma.signed(checkpoint), sender=prosumer)
        (log,) = receipt.logs
        accepted = Submission(checkpoint, plasma.now, 0b11111)
        assert decode_as(CheckpointSubmitted, log) == CheckpointSubmitted(checkpoint.epoch, checkpoint.hash, accepted)
        assert plasma.root.head() == [checkpoint.epoch, checkpoint.end, plasma.now, 1]
        assert plasma.root.headHash() == checkpoint.hash
        assert plasma.root.submissionHash(checkpoint.epoch) == accepted.hash
        plasma.root.requireSubmitted(accepted.abi())
        plasma.submissions.append(accepted)
    assert plasma.root.finalEpoch() == 0


def test_first_checkpoint(plasma: Plasma, refused: Refused) -> None:
    """It has no previous one, and begins with block 1: the genesis is in none."""
    plasma.chain.seal()
    first = plasma.checkpoint()
    denied(plasma, refused, replace(first, epoch=0), ("WrongEpoch(uint256,uint256)", 1, 0))
    error = ("WrongPrevious(bytes32,bytes32)", NO_CHECKPOINT, OTHER)
    denied(plasma, refused, replace(first, previous=OTHER), error)
    denied(plasma, refused, replace(first, start=0), ("WrongRange(uint256,uint256)", 0, 1))
    plasma.submit(first)


@pytest.mark.parametrize("epoch", [0, 1, 3, 2**64 + 2, 2**256 - 1])
def test_epoch(plasma: Plasma, second: Checkpoint, refused: Refused, epoch: int) -> None:
    """Each checkpoint's number is one more than the last one's."""
    denied(plasma, refused, replace(second, epoch=epoch), ("WrongEpoch(uint256,uint256)", 2, epoch))


def test_previous(plasma: Plasma, second: Checkpoint, refused: Refused) -> None:
    """A checkpoint names the one before it by its hash."""
    first = second.previous
    for previous in (NO_CHECKPOINT, OTHER, plasma.submissions[0].hash):
        error = ("WrongPrevious(bytes32,bytes32)", first, previous)
        denied(plasma, refused, replace(second, previous=previous), error)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (1, 2),
        (3, 3),
        (2, 1),
        (2, 0),
        (2, 2 + MOST_BLOCKS),
        (2, 2**64 + 2),
        (2, 2**256 - 1),
        (2**64 + 2, 2**64 + 2),
    ],
)
def test_range(plasma: Plasma, second: Checkpoint, refused: Refused, start: int, end: int) -> None:
    """A range begins right behind the last one, has a block, and not too many."""
    denied(plasma, refused, replace(second, start=start, end=end), ("WrongRange(uint256,uint256)", start, end))


def test_longest_range(plasma: Plasma, second: Checkpoint) -> None:
    """65,536 blocks are not too many; the next range begins behind them."""
    end = 1 + MOST_BLOCKS
    longest = plasma.submit(replace(second, end=end))
    assert plasma.root.head()[:2] == (2, end)
    plasma.submit(replace(second, epoch=3, previous=longest.checkpoint.hash, start=end + 1, end=end + 1))
    assert plasma.root.head()[:2] == (3, end + 1)


@pytest.mark.parametrize("field", ROOTS)
def test_no_root_is_zero(plasma: Plasma, second: Checkpoint, refused: Refused, field: str) -> None:
    """No hash is left out."""
    denied(plasma, refused, replace(second, **{field: bytes(32)}), "ZeroRoot()")


def test_inbox(plasma: Plasma, prosumer: Any, refused: Refused) -> None:
    """A checkpoint consumes no message that isn't there, and gives none back."""
    for _ in range(3):
        plasma.deposit(prosumer, 1)
    plasma.chain.seal()
    first = plasma.checkpoint()
    denied(plasma, refused, replace(first, inbox_consumed=4), ("WrongInbox(uint256)", 4))
    denied(plasma, refused, replace(first, inbox_consumed=2**64), ("WrongInbox(uint256)", 2**64))
    plasma.submit(replace(first, inbox_consumed=2))
    assert plasma.root.head()[3] == 2
    plasma.chain.seal()
    second = plasma.checkpoint()
    denied(plasma, refused, replace(second, inbox_consumed=1), ("WrongInbox(uint256)", 1))
    denied(plasma, refused, replace(second, inbox_consumed=4), ("WrongInbox(uint256)", 4))
    plasma.submit(replace(second, inbox_consumed=2))
    plasma.chain.seal()
    plasma.submit(replace(plasma.checkpoint(), inbox_consumed=3))
    assert plasma.root.head()[3] == 3


@pytest.mark.parametrize("set_id", [0, 2, 2**64 + 1])
def test_set(plasma: Plasma, second: Checkpoint, refused: Refused, set_id: int) -> None:
    """A checkpoint names the set that signs it."""
    denied(plasma, refused, replace(second, set_id=set_id), ("WrongSet(uint256,uint256)", 1, set_id))


def test_no_set(young: Plasma, refused: Refused) -> None:
    """Nobody signs for a chain without authorities, not even with no signature at all."""
    young.chain.seal()
    checkpoint = young.checkpoint()
    assert checkpoint.set_id == 0
    error = ("WrongSignatureCount(uint256,uint256)", 0, 0)
    refused(young.root.submitCheckpoint, checkpoint.abi(), b"", error=error, sender=young.owner)


def test_submitted_again(plasma: Plasma, second: Checkpoint, refused: Refused) -> None:
    """The same bytes a second time change nothing: whoever submits needn't know whether it was done."""
    signatures = plasma.signed(second)
    plasma.root.submitCheckpoint(second.abi(), signatures, sender=plasma.owner)
    head, kept = plasma.root.head(), plasma.root.submissionHash(2)
    plasma.wait(1)
    error = ("WrongEpoch(uint256,uint256)", 3, 2)
    refused(plasma.root.submitCheckpoint, second.abi(), signatures, error=error, sender=plasma.owner)
    assert (plasma.root.head(), plasma.root.submissionHash(2)) == (head, kept)


def test_two_for_an_epoch(plasma: Plasma, second: Checkpoint, refused: Refused) -> None:
    """The first that comes is the one of its epoch, whatever else a quorum signed."""
    rival = replace(second, data_hash=OTHER)
    plasma.submit(second)
    denied(plasma, refused, rival, ("WrongEpoch(uint256,uint256)", 3, 2))
    error = ("WrongPrevious(bytes32,bytes32)", second.hash, rival.hash)
    denied(plasma, refused, replace(rival, epoch=3, previous=rival.hash, start=3, end=3), error)


def test_nothing_after_a_fault(plasma: Plasma, second: Checkpoint, stranger: Any, refused: Refused) -> None:
    """A chain that was proven faulty takes no checkpoint, neither behind the fault nor in its place."""
    faulty = submit_fault(plasma)
    plasma.chain.seal()
    behind = plasma.checkpoint()
    condemn(plasma, faulty, stranger)
    denied(plasma, refused, second, "FaultProven()")
    denied(plasma, refused, behind, "FaultProven()")
    error = ("UnknownSubmission(uint256)", 2)
    refused(plasma.root.requireSubmitted, faulty.abi(), error=error, sender=stranger)
    plasma.root.requireSubmitted(plasma.submissions[0].abi())


WORD, NUMBER = st.binary(min_size=32, max_size=32), st.integers(0, 2**256 - 1)
CHECKPOINTS = st.builds(Checkpoint, NUMBER, WORD, NUMBER, NUMBER, WORD, WORD, NUMBER, NUMBER, WORD, WORD, NUMBER)


def test_digests_are_the_same_everywhere(plasma: Plasma) -> None:
    """The contract's digest is the one that the authorities sign, and any wallet by EIP-712."""
    key = plasma.keys[0]

    @settings(max_examples=25, deadline=None)
    @given(checkpoint=CHECKPOINTS)
    def compared(checkpoint: Checkpoint) -> None:
        digest = plasma.domain.checkpoint_digest(checkpoint)
        assert plasma.root.checkpointDigest(checkpoint.abi()) == digest
        typed = key.sign_typed_data(full_message=plasma.domain.typed_data(checkpoint))
        assert bytes(typed.message_hash) == digest

    compared()


def test_domain(plasma: Plasma) -> None:
    """The contract says its own domain (EIP-5267)."""
    fields, name, version, chain_id, contract, salt, extensions = plasma.root.eip712Domain()
    assert (bytes(fields), name, version, extensions) == (b"\x0f", "PlasmaRoot", "1", [])
    assert (chain_id, contract, bytes(salt)) == (plasma.provider.chain_id, plasma.root.address, bytes(32))


def test_wallet_signatures_count(plasma: Plasma) -> None:
    """What a wallet signed by EIP-712 is accepted."""
    plasma.chain.seal()
    checkpoint = plasma.checkpoint()
    typed = plasma.domain.typed_data(checkpoint)
    signed = b"".join(bytes(key.sign_typed_data(full_message=typed).signature) for key in plasma.keys[:QUORUM])
    plasma.root.submitCheckpoint(checkpoint.abi(), signed, sender=plasma.owner)
    assert plasma.root.headHash() == checkpoint.hash
