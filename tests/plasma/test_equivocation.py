"""Authorities that sign two checkpoints of one epoch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from eth_keys.constants import SECPK1_N
from eth_utils.crypto import keccak

from offchain.plasma.checkpoint import Checkpoint
from offchain.signature import sign
from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.stage import (
    AUTHORITIES,
    BOND,
    CHALLENGE_PERIOD,
    CHANGE_PERIOD,
    ETH,
    FAULTY,
    FREEZE_PERIOD,
    QUORUM,
    ROLLBACK_PERIOD,
    Plasma,
    authority_keys,
)
from tests.plasma.verdict import NO_FAULT

EQUIVOCATION_PROVEN = keccak(text="EquivocationProven(address,uint256,address)")
LIE = keccak(text="lie")
NOTHING_THERE = "NothingThere()"

Pair = tuple[Any, bytes, Any, bytes, int]


def two_faced(plasma: Plasma, key: LocalAccount, one: Checkpoint, other: Checkpoint, seat: int | None = None) -> Pair:
    """The arguments of `proveEquivocation`."""
    signed = [sign(plasma.domain.checkpoint_digest(checkpoint), key) for checkpoint in (one, other)]
    seat = plasma.keys.index(key) if seat is None else seat
    return one.abi(), signed[0], other.abi(), signed[1], seat


@pytest.fixture
def pair(plasma: Plasma) -> tuple[Checkpoint, Checkpoint]:
    """The next checkpoint, and another of its epoch."""
    plasma.chain.seal()
    honest = plasma.checkpoint()
    return honest, replace(honest, last_state_root=LIE)


def slashed(plasma: Plasma, challenger: Any, key: LocalAccount, pair: tuple[Checkpoint, Checkpoint]) -> None:
    """Proves one's equivocation and checks that it alone is slashed, half to the challenger, half to the vault."""
    root, vault = plasma.root, plasma.vault
    held, rewarded = vault.held(ETH), root.rewardOf(challenger)
    before = {other: root.seatOf(other.address).bond for other in plasma.keys}
    receipt = plasma.challenges.proveEquivocation(*two_faced(plasma, key, *pair), sender=challenger)
    (log,) = [log for log in receipt.logs if log["topics"][0] == EQUIVOCATION_PROVEN]
    assert [int.from_bytes(log["topics"][place], "big") for place in (1, 2, 3)] == [
        int(key.address, 16),
        pair[0].epoch,
        int(challenger.address, 16),
    ]
    after = {other: root.seatOf(other.address).bond for other in plasma.keys}
    assert after == before | {key: 0}
    assert root.seatOf(key.address).setId == 0
    assert root.rewardOf(challenger) == rewarded + BOND // 2
    assert vault.held(ETH) == held + BOND // 2


@pytest.mark.parametrize("order", [1, -1])
def test_equivocator_is_slashed(
    plasma: Plasma, refused: Refused, pair: tuple[Checkpoint, Checkpoint], stranger: Any, recipient: Any, order: int
) -> None:
    """Whichever of the two is shown first, and whether one was accepted or none; the reward is paid once."""
    key = plasma.keys[3]
    if order == 1:
        plasma.submit(pair[0])
    turned = pair[1], pair[0]
    slashed(plasma, stranger, key, pair if order == 1 else turned)
    assert plasma.root.frozenUntil() == plasma.now + FREEZE_PERIOD
    assert not plasma.root.faultProven()
    for shown in (pair, turned):
        twice = two_faced(plasma, key, *shown)
        refused(plasma.challenges.proveEquivocation, *twice, error=NOTHING_THERE, sender=stranger)

    before = recipient.balance
    plasma.root.claimReward(recipient, sender=stranger)
    assert recipient.balance == before + BOND // 2
    refused(plasma.root.claimReward, recipient, error=NOTHING_THERE, sender=stranger)
    refused(plasma.root.claimReward, key.address, error=NOTHING_THERE, sender=plasma.owner)


def test_slashed_signs_no_more(
    plasma: Plasma, refused: Refused, pair: tuple[Checkpoint, Checkpoint], stranger: Any
) -> None:
    """Not even bonded again; the others go on."""
    slashed(plasma, stranger, plasma.keys[0], pair)
    plasma.root.bond(plasma.keys[0].address, sender=stranger, value=BOND)
    error = ("NotAuthority(address)", plasma.keys[0].address)
    refused(plasma.root.submitCheckpoint, pair[0].abi(), plasma.signed(pair[0]), error=error, sender=stranger)
    plasma.submit(pair[0], plasma.keys[1 : 1 + QUORUM])


def test_equivocator_counts_once(
    plasma: Plasma, refused: Refused, pair: tuple[Checkpoint, Checkpoint], stranger: Any
) -> None:
    """Anyone can pay a slashed authority another bond: its old signatures, or new ones, prove nothing more, and neither
    freeze nor end the chain."""
    key = plasma.keys[0]
    slashed(plasma, stranger, key, pair)
    until = plasma.root.frozenUntil()
    plasma.root.bond(key.address, sender=stranger, value=BOND)
    later = replace(pair[0], epoch=2)
    prove = plasma.challenges.proveEquivocation
    for one, other in [pair, (later, replace(later, data_hash=LIE))]:
        refused(prove, *two_faced(plasma, key, one, other), error=NOTHING_THERE, sender=stranger)
    assert plasma.root.frozenUntil() == until
    assert plasma.root.seatOf(key.address).bond == BOND


def test_no_equivocation(plasma: Plasma, refused: Refused, pair: tuple[Checkpoint, Checkpoint], stranger: Any) -> None:
    """The same bytes signed again, another epoch's or set's checkpoint, another's signature, another's seat."""
    honest, lie = pair
    plasma.submit(honest)
    prove, key, other = plasma.challenges.proveEquivocation, plasma.keys[0], plasma.keys[1]
    for twin in (honest, replace(lie, epoch=2), replace(lie, set_id=2), replace(lie, set_id=0)):
        refused(prove, *two_faced(plasma, key, honest, twin), error=NO_FAULT, sender=stranger)

    wrong = "WrongSigner(address,address)"
    mine, theirs = two_faced(plasma, key, *pair), two_faced(plasma, other, *pair)
    mixed = (*mine[:3], theirs[3], 0)
    refused(prove, *mixed, error=(wrong, key.address, other.address), sender=stranger)
    refused(prove, *mixed[:4], 1, error=(wrong, key.address, other.address), sender=stranger)
    for seat in range(1, AUTHORITIES):
        refused(prove, *mine[:4], seat, error=(wrong, key.address, key.address), sender=stranger)
    outside = ("Panic(uint256)", 0x32)
    refused(prove, *mine[:4], AUTHORITIES, error=outside, sender=stranger)
    unset = two_faced(plasma, key, replace(honest, set_id=7), replace(lie, set_id=7))
    refused(prove, *unset, error=outside, sender=stranger)


def test_bonded_stranger_is_no_equivocator(
    plasma: Plasma, refused: Refused, pair: tuple[Checkpoint, Checkpoint], stranger: Any
) -> None:
    """Else anyone could freeze the chain for the price of a bond, or end it for that of f+1."""
    (key,) = authority_keys(1, "nobody")
    plasma.root.bond(key.address, sender=stranger, value=BOND)
    for seat in range(AUTHORITIES):
        error = ("WrongSigner(address,address)", key.address, key.address)
        pretended = two_faced(plasma, key, *pair, seat)
        refused(plasma.challenges.proveEquivocation, *pretended, error=error, sender=stranger)


def test_signatures_have_one_form(
    plasma: Plasma, refused: Refused, pair: tuple[Checkpoint, Checkpoint], stranger: Any
) -> None:
    """The second form that everyone can make of a signature (EIP-2) is refused, as are other lengths."""
    first, signature, second, other, seat = two_faced(plasma, plasma.keys[0], *pair)
    high = SECPK1_N - int.from_bytes(signature[32:64], "big")
    flipped = signature[:32] + high.to_bytes(32, "big") + bytes([55 - signature[64]])
    prove = plasma.challenges.proveEquivocation
    error: Any = ("ECDSAInvalidSignatureS(bytes32)", high.to_bytes(32, "big"))
    refused(prove, first, flipped, second, other, seat, error=error, sender=stranger)
    error = ("ECDSAInvalidSignatureLength(uint256)", 66)
    refused(prove, first, signature + b"\0", second, other, seat, error=error, sender=stranger)
    refused(prove, first, signature, first, flipped, seat, error=NO_FAULT, sender=stranger)


def test_up_to_f_equivocators_only_freeze(plasma: Plasma, pair: tuple[Checkpoint, Checkpoint], stranger: Any) -> None:
    """What was accepted stays, more is accepted, and the freeze ends by itself."""
    submission = plasma.submit(pair[0])
    for key in plasma.keys[:FAULTY]:
        plasma.wait(60)
        slashed(plasma, stranger, key, pair)
        assert plasma.root.frozenUntil() == plasma.now + FREEZE_PERIOD
    assert not plasma.root.faultProven()
    plasma.root.requireSubmitted(submission.abi())
    plasma.chain.seal()
    plasma.submit(signers=plasma.keys[FAULTY:])
    plasma.finalise(submission)
    assert plasma.root.isReleasable(1)


@pytest.mark.parametrize("final", [0, 1, 2])
def test_more_than_f_end_the_chain(plasma: Plasma, refused: Refused, stranger: Any, final: int) -> None:
    """No quorum of theirs is believed: what isn't final is void, what is final stays, and the halt follows."""
    root = plasma.root
    for _ in range(2):
        plasma.seal_and_submit()
    if final:
        plasma.finalise(plasma.submissions[final - 1])
    honest = plasma.submissions[1].checkpoint
    pair = honest, replace(honest, data_hash=LIE)
    for key in plasma.keys[: FAULTY + 1]:
        refused(root.haltFaulty, error="NoFaultProven()", sender=stranger)
        slashed(plasma, stranger, key, pair)
    ends = plasma.now + FREEZE_PERIOD
    assert root.faultProven()
    assert (root.head()[0], root.finalEpoch(), root.frozenUntil()) == (final, final, ends)
    plasma.wait(60)
    slashed(plasma, stranger, plasma.keys[FAULTY + 1], pair)
    assert root.frozenUntil() == ends, "one more doesn't put the halt off"
    refused(root.haltFaulty, error=("TooEarly(uint256)", ends), sender=stranger, time=ends - 1)
    plasma.wait(FREEZE_PERIOD)
    root.haltFaulty(sender=stranger)
    assert root.halted()
    assert root.finalEpoch() == final


def test_equivocators_of_an_old_set(
    plasma: Plasma, refused: Refused, pair: tuple[Checkpoint, Checkpoint], stranger: Any
) -> None:
    """They are slashed, as long as their bond is there; the chain, which others sign now, isn't even frozen."""
    root, old = plasma.root, plasma.keys
    plasma.submit(pair[0])
    new = authority_keys(seed="successor")
    for key in new:
        root.bond(key.address, sender=plasma.owner, value=BOND)
    root.proposeAuthorities([key.address for key in new], sender=plasma.owner)
    plasma.wait(CHANGE_PERIOD)
    root.activateAuthorities(sender=stranger)
    retired = plasma.now
    for key in old[: FAULTY + 2]:
        slashed(plasma, stranger, key, pair)
    assert not root.faultProven()
    assert root.frozenUntil() == 0
    plasma.chain.seal()
    plasma.submit(signers=new[:QUORUM])
    plasma.finalise()

    plasma.provider.set_balance(old[-1].address, ETHER)
    plasma.provider.set_timestamp(retired + CHALLENGE_PERIOD + ROLLBACK_PERIOD + 1)
    plasma.provider.mine()
    web3 = plasma.provider.web3
    withdrawal = {"from": old[-1].address, "to": root.address, "data": root.withdrawBond.encode_input(stranger)}
    plasma.provider.unlock_account(old[-1].address)
    web3.eth.wait_for_transaction_receipt(web3.eth.send_transaction(withdrawal))
    late = two_faced(plasma, old[-1], *pair)
    refused(plasma.challenges.proveEquivocation, *late, error=NOTHING_THERE, sender=stranger)


def test_equivocation_after_the_halt(plasma: Plasma, pair: tuple[Checkpoint, Checkpoint], stranger: Any) -> None:
    """Bonds are still at stake, but nothing is left to freeze or void."""
    plasma.submit(pair[0])
    plasma.finalise()
    plasma.halt()
    for key in plasma.keys[: FAULTY + 1]:
        slashed(plasma, stranger, key, pair)
    assert (plasma.root.finalEpoch(), plasma.root.frozenUntil()) == (1, 0)
    assert not plasma.root.faultProven()


def test_copied_proof_and_self_accusation(
    plasma: Plasma, refused: Refused, pair: tuple[Checkpoint, Checkpoint], stranger: Any, neighbour: Any
) -> None:
    """Who copies a proof and is quicker has the reward; so an equivocator can win half its bond back, never more: the
    other half is the vault's."""
    key = plasma.keys[0]
    proof = two_faced(plasma, key, *pair)
    plasma.challenges.proveEquivocation(*proof, sender=neighbour)
    refused(plasma.challenges.proveEquivocation, *proof, error=NOTHING_THERE, sender=stranger)
    assert plasma.root.rewardOf(stranger) == 0
    assert plasma.root.rewardOf(neighbour) == BOND // 2
    assert plasma.vault.balance == plasma.vault.held(ETH) == BOND // 2
    assert plasma.root.balance == (AUTHORITIES - 1) * BOND + BOND // 2
