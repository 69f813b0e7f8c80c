"""What authorities have at stake, when they get it back, and when they lose it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.faults import condemn, equivocation, slash, submit_fault
from tests.plasma.stage import (
    BOND,
    CHALLENGE_PERIOD,
    ETH,
    FAULTY,
    FREEZE_PERIOD,
    ROLLBACK_PERIOD,
    Plasma,
)

AtTime = Callable[[int], None]
NOTHING = "NothingThere()"


@pytest.fixture
def authority(plasma: Plasma, accounts: Any) -> Any:
    """The account of the authority with the first seat, with some ETH for transactions."""
    address = plasma.keys[0].address
    plasma.owner.transfer(address, ETHER)
    return accounts.impersonate_account(address)


def test_anyone_pays(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """A bond is the authority's, whoever paid it, in one piece or several."""
    refused(plasma.root.bond, stranger, error=NOTHING, sender=stranger)
    receipt = plasma.root.bond(stranger, sender=plasma.owner, value=3)
    assert receipt.events == [plasma.root.Bonded(stranger, 3)]
    plasma.root.bond(stranger, sender=stranger, value=4)
    assert plasma.root.seatOf(stranger) == [0, 0, 7]
    error = "NothingThere()"
    refused(plasma.root.withdrawBond, plasma.owner, error=error, sender=plasma.owner)


def test_without_a_seat(plasma: Plasma, stranger: Any, recipient: Any, refused: Refused) -> None:
    """Who was never in a set takes its bond back at once, whole, and once."""
    plasma.root.bond(stranger, sender=stranger, value=BOND)
    before = recipient.balance
    receipt = plasma.root.withdrawBond(recipient, sender=stranger)
    assert receipt.events == [plasma.root.BondWithdrawn(stranger, recipient, BOND)]
    assert recipient.balance == before + BOND
    refused(plasma.root.withdrawBond, recipient, error=NOTHING, sender=stranger)


def test_active(plasma: Plasma, authority: Any, refused: Refused) -> None:
    """An authority of the active set leaves its bond where it is, even what is more than asked."""
    plasma.bond(plasma.keys[:1], 1)
    plasma.wait(10 * (CHALLENGE_PERIOD + ROLLBACK_PERIOD))
    error = ("TooEarly(uint256)", 2**256 - 1)
    refused(plasma.root.withdrawBond, authority, error=error, sender=authority)


def test_retired(plasma: Plasma, authority: Any, recipient: Any, refused: Refused, at_time: AtTime) -> None:
    """A retired authority gets its bond back when nothing it signed can be challenged any more."""
    plasma.change_authorities(plasma.keys[1:])
    last = plasma.now + CHALLENGE_PERIOD + ROLLBACK_PERIOD
    error = ("TooEarly(uint256)", last + 1)
    refused(plasma.root.withdrawBond, recipient, error=error, sender=authority, time=last)
    before = recipient.balance
    at_time(last + 1)
    plasma.root.withdrawBond(recipient, sender=authority)
    assert recipient.balance == before + BOND
    assert plasma.root.seatOf(authority).bond == 0


def test_last_word_of_a_retired_set(
    plasma: Plasma, authority: Any, stranger: Any, refused: Refused, at_time: AtTime
) -> None:
    """The last second in which a checkpoint of a retired set can be challenged, its signers' bonds are there."""
    plasma.root.proposeAuthorities([key.address for key in plasma.keys[1:]], sender=plasma.owner)
    plasma.wait(plasma.root.proposed()[1] - plasma.now - 10)
    faulty = submit_fault(plasma)
    plasma.wait(10)
    plasma.root.activateAuthorities(sender=stranger)
    last = faulty.submitted_at + CHALLENGE_PERIOD + ROLLBACK_PERIOD
    proof = plasma.leaf_proof(1, faulty)
    late = ("ChallengeTooLate(uint256)", last)
    refused(plasma.challenges.proveWrongState, proof, error=late, sender=stranger, time=last + 1)
    at_time(last)
    condemn(plasma, faulty, stranger)
    assert plasma.root.seatOf(authority).bond == 0
    assert plasma.root.rewardOf(stranger) == 5 * BOND // 2


def test_retired_and_back(plasma: Plasma, authority: Any, refused: Refused) -> None:
    """What counts is the newest set with it."""
    keys = plasma.keys
    plasma.change_authorities(keys[1:])
    plasma.change_authorities(keys)
    plasma.wait(10 * (CHALLENGE_PERIOD + ROLLBACK_PERIOD))
    error = ("TooEarly(uint256)", 2**256 - 1)
    refused(plasma.root.withdrawBond, authority, error=error, sender=authority)


def test_after_the_halt(plasma: Plasma, authority: Any, recipient: Any, refused: Refused, at_time: AtTime) -> None:
    """The halt retires the active set: its bonds come free as those of any retired one."""
    plasma.halt()
    last = plasma.now + CHALLENGE_PERIOD + ROLLBACK_PERIOD
    error = ("TooEarly(uint256)", last + 1)
    refused(plasma.root.withdrawBond, recipient, error=error, sender=authority, time=last)
    at_time(last + 1)
    plasma.root.withdrawBond(recipient, sender=authority)
    assert plasma.root.seatOf(authority).bond == 0


def test_refused_payments(plasma: Plasma, deployer: Any, project: Any, stranger: Any, refused: Refused) -> None:
    """Who can't take ETH gets neither bond nor reward, and loses neither."""
    refuser = deployer.deploy(project.EtherRefuser)
    plasma.root.bond(stranger, sender=stranger, value=5)
    slash(plasma, 0, stranger)
    error = ("PaymentFailed(address)", refuser)
    refused(plasma.root.withdrawBond, refuser, error=error, sender=stranger)
    refused(plasma.root.claimReward, refuser, error=error, sender=stranger)
    assert plasma.root.seatOf(stranger).bond == 5
    assert plasma.root.rewardOf(stranger) == BOND // 2


@pytest.mark.parametrize("call", ["withdrawBond", "claimReward"])
def test_reentrancy(plasma: Plasma, deployer: Any, project: Any, call: str) -> None:
    """Who is called while it is paid gets nothing a second time."""
    greedy = deployer.deploy(project.Reenterer)
    plasma.root.bond(greedy, sender=deployer, value=5)
    proof = plasma.challenges.proveEquivocation.encode_input(*equivocation(plasma, 0))
    greedy.execute(plasma.challenges, 0, proof, sender=deployer)
    due = {"withdrawBond": 5, "claimReward": BOND // 2}[call]
    taking = getattr(plasma.root, call).encode_input(greedy)
    greedy.plan(plasma.root, 0, taking, False, sender=deployer)
    before = plasma.root.balance
    greedy.execute(plasma.root, 0, taking, sender=deployer)
    assert (greedy.attempts(), greedy.successes()) == (1, 0)
    assert greedy.balance == due == before - plasma.root.balance


def test_slashed(plasma: Plasma, stranger: Any, recipient: Any, refused: Refused) -> None:
    """Half of a slashed bond is the challenger's; the other half covers what may be missing in the vault."""
    plasma.bond(plasma.keys[:1], 1)
    held, total = plasma.vault.held(ETH), plasma.root.balance
    proof = equivocation(plasma, 0)
    receipt = plasma.challenges.proveEquivocation(*proof, sender=stranger)
    events = receipt.decode_logs(plasma.root.Slashed)
    assert [(e.authority, e.challenger, e.amount) for e in events] == [(plasma.keys[0].address, stranger, BOND + 1)]
    assert plasma.root.rewardOf(stranger) == BOND // 2
    assert plasma.vault.held(ETH) == held + BOND // 2 + 1 == plasma.vault.balance
    before = recipient.balance
    receipt = plasma.root.claimReward(recipient, sender=stranger)
    assert receipt.events == [plasma.root.RewardClaimed(stranger, recipient, BOND // 2)]
    assert recipient.balance == before + BOND // 2
    assert plasma.root.balance == total - BOND - 1
    refused(plasma.root.claimReward, recipient, error=NOTHING, sender=stranger)


def test_shown_once(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """The same contradiction isn't slashed again, even when its author bonds again: one faulty authority would
    freeze the chain for ever, or count as many and end it."""
    proof = equivocation(plasma, 0)
    plasma.challenges.proveEquivocation(*proof, sender=stranger)
    for amount in (1, BOND - 1):
        refused(plasma.challenges.proveEquivocation, *proof, error=NOTHING, sender=stranger)
        plasma.bond(plasma.keys[:1], amount)
    for again in (proof, equivocation(plasma, 0, epoch=7)):
        refused(plasma.challenges.proveEquivocation, *again, error=NOTHING, sender=stranger)
    assert not plasma.root.faultProven()
    assert plasma.root.seatOf(plasma.keys[0].address).bond == BOND


def test_readmitted(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """Who comes back into a set is not slashed for what it lost a bond for, but for what it does in the new set."""
    proof = equivocation(plasma, 0)
    plasma.challenges.proveEquivocation(*proof, sender=stranger)
    plasma.bond(plasma.keys[:1])
    plasma.change_authorities(plasma.keys)
    refused(plasma.challenges.proveEquivocation, *proof, error=NOTHING, sender=stranger)
    slash(plasma, 0, stranger)
    assert plasma.root.rewardOf(stranger) == BOND
    assert not plasma.root.faultProven()


def test_little_at_stake(plasma: Plasma, authority: Any, stranger: Any, refused: Refused) -> None:
    """Who has taken its bond back can't freeze the chain by contradicting itself, nor if anyone bonds a little for
    it."""
    proof = equivocation(plasma, 0)
    plasma.change_authorities(plasma.keys[1:])
    plasma.wait(CHALLENGE_PERIOD + ROLLBACK_PERIOD + 1)
    plasma.root.withdrawBond(authority, sender=authority)
    refused(plasma.challenges.proveEquivocation, *proof, error=NOTHING, sender=stranger)
    plasma.root.bond(authority, sender=stranger, value=BOND - 1)
    refused(plasma.challenges.proveEquivocation, *proof, error=NOTHING, sender=stranger)
    assert plasma.root.frozenUntil() == 0


def test_f_and_one_more(plasma: Plasma, stranger: Any) -> None:
    """f authorities that contradict themselves freeze the chain; one more ends it, since no quorum of the set says
    anything any more."""
    submission = plasma.seal_and_submit()
    plasma.finalise(submission)
    open_one = plasma.seal_and_submit()
    for seat in range(FAULTY):
        slash(plasma, seat, stranger)
        assert plasma.root.frozenUntil() == plasma.now + FREEZE_PERIOD
    assert not plasma.root.faultProven()
    plasma.root.requireSubmitted(open_one.abi())
    slash(plasma, FAULTY, stranger)
    assert plasma.root.faultProven()
    assert (plasma.root.head()[0], plasma.root.finalEpoch()) == (1, 1)
    assert plasma.root.rewardOf(stranger) == (FAULTY + 1) * BOND // 2


def test_contradictions_of_a_retired_set(plasma: Plasma, stranger: Any) -> None:
    """However many of a retired set contradict themselves, they are slashed, and the new set goes on."""
    proofs = [equivocation(plasma, seat) for seat in range(FAULTY + 1)]
    plasma.change_authorities(plasma.keys[3:])
    open_one = plasma.submit(signers=plasma.keys)
    for proof in proofs:
        plasma.challenges.proveEquivocation(*proof, sender=stranger)
    assert plasma.root.rewardOf(stranger) == (FAULTY + 1) * BOND // 2
    assert (plasma.root.frozenUntil(), plasma.root.faultProven()) == (0, False)
    plasma.root.requireSubmitted(open_one.abi())
