"""What a quorum of corrupt authorities can take, and what everybody else still gets.

What the contracts promise if a false state becomes final, and its fault can be proven while it can be taken back: what
left in between is at most the cap of each window, and after the halt all that the last honest state says is paid, but
for that loss, less half of the slashed bonds; falling silent doesn't change that. What they don't promise is in
`test_unprovable_fault`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount

from offchain.plasma.messages import Exit, Message
from offchain.signature import sign
from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.made_up import Account
from tests.plasma.stage import (
    BOND,
    CHALLENGE_PERIOD,
    ETH,
    ETH_CAP,
    FAULTY,
    FREEZE_PERIOD,
    QUORUM,
    WINDOW,
    Plasma,
    authority_keys,
)
from tests.plasma.verdict import NO_FAULT, accusations, bridge_proof, condemned

HOUSEHOLDS = authority_keys(5, "household")
EACH = 60 * ETHER
COVER = QUORUM * BOND // 2
PENDING = 7 * ETHER


@pytest.fixture
def settled(plasma: Plasma, prosumer: Any) -> Plasma:
    """Five households with 60 ETH each, in a final checkpoint."""
    for household in HOUSEHOLDS:
        plasma.chain.deliver(plasma.deposit(prosumer, EACH, household.address))
        plasma.chain.put(household, Account(EACH))
    plasma.seal_and_submit()
    plasma.finalise()
    return plasma


def mint(plasma: Plasma, thief: Any, amount: int) -> Message:
    """The chain takes another deposit than the thief made; returns the one that was made."""
    made = plasma.deposit(thief, 1)
    plasma.chain.deliver(replace(made, amount=amount))
    return made


def steal(plasma: Plasma, thief: Any, amount: int) -> Exit:
    """The false checkpoint, whose burn takes what isn't the thief's, becomes final as a window begins."""
    loot = plasma.chain.burn(ETH, thief, thief, amount)
    plasma.seal_and_submit()
    plasma.start_exit(loot)
    plasma.wait(WINDOW - plasma.now % WINDOW)
    plasma.finalise()
    return loot


def freeze(plasma: Plasma) -> None:
    """As many as it takes; of seven, two didn't sign the false checkpoint, and one of those who did has had a look."""
    signers = plasma.keys[QUORUM - 1 :]
    assert len(signers) == FAULTY + 1
    plasma.root.freeze(plasma.signatures(plasma.root.freezeDigest(), signers), sender=plasma.owner)


def drain(plasma: Plasma, loot: Exit, windows: int, refused: Refused) -> int:
    """Takes all that the cap leaves, in this window and the following ones; returns how much it was."""
    taken = 0
    for number in range(windows):
        if number:
            plasma.wait(WINDOW)
        if taken < loot.amount:
            before = plasma.vault.claimable(ETH, loot.recipient)
            plasma.vault.releaseExit(loot.abi(), sender=plasma.owner)
            taken += plasma.vault.claimable(ETH, loot.recipient) - before
        assert taken == min(loot.amount, ETH_CAP * (number + 1))
        if taken < loot.amount:
            refusal = ("CapReached(address,uint256)", ETH, (plasma.now // WINDOW + 1) * WINDOW)
            refused(plasma.vault.releaseExit, loot.abi(), error=refusal, sender=plasma.owner)
    return taken


def escape(plasma: Plasma, household: LocalAccount, recipient: Any) -> int:
    """What a household gets out of what the last honest state says it has."""
    nodes = plasma.chain.blocks[1].state.account_proof(household)
    digest = plasma.escape.escapeDigest(ETH, household.address, household.address, recipient)
    before = plasma.vault.claimable(ETH, recipient)
    plasma.escape.escapeEth(household.address, recipient, nodes, sign(digest, household), sender=plasma.owner)
    return int(plasma.vault.claimable(ETH, recipient) - before)


def escape_all(plasma: Plasma, refused: Refused, recipient: Any) -> list[int]:
    """What each household gets, in turn, until nothing is left."""
    paid = []
    for household in HOUSEHOLDS:
        if plasma.vault.held(ETH) == 0:
            nodes = plasma.chain.blocks[1].state.account_proof(household)
            digest = plasma.escape.escapeDigest(ETH, household.address, household.address, recipient)
            empty = ("NotBacked(address,uint256,uint256)", ETH, EACH, 0)
            call = (household.address, recipient, nodes, sign(digest, household))
            refused(plasma.escape.escapeEth, *call, error=empty, sender=plasma.owner)
            paid.append(0)
        else:
            paid.append(escape(plasma, household, recipient))
    return paid


def pay_out(plasma: Plasma, owners: Sequence[Any]) -> None:
    """All that is claimable is there to be claimed."""
    claimable = {owner: plasma.vault.claimable(ETH, owner) for owner in owners}
    assert plasma.vault.balance == plasma.vault.held(ETH) + sum(claimable.values())
    for owner, amount in claimable.items():
        if amount:
            before = plasma.provider.get_balance(getattr(owner, "address", owner))
            plasma.vault.claim(ETH, owner, sender=plasma.owner)
            assert plasma.provider.get_balance(getattr(owner, "address", owner)) == before + amount
    assert plasma.vault.balance == plasma.vault.held(ETH)


@pytest.mark.parametrize(("stolen", "windows"), [(20 * ETHER, 1), (250 * ETHER, 1), (250 * ETHER, 2), (130 * ETHER, 3)])
def test_loss_is_bounded(
    settled: Plasma, refused: Refused, stranger: Any, consumer: Any, neighbour: Any, recipient: Any, stolen: int,
    windows: int,
) -> None:  # fmt: skip
    """P5: a proven mint. The vault lacks what left in the windows between finality and the freeze, less the cover."""
    plasma, root, vault = settled, settled.root, settled.vault
    made = mint(plasma, stranger, stolen)
    loot = steal(plasma, stranger, stolen)
    final_window = plasma.now // WINDOW
    pending = plasma.deposit(consumer, PENDING)
    loss = drain(plasma, loot, windows, refused)
    freeze(plasma)
    windows_open = plasma.now // WINDOW - final_window + 1
    assert 0 < loss <= ETH_CAP * windows_open
    if loss < stolen:
        plasma.wait(FREEZE_PERIOD - 60)
        refused(vault.releaseExit, loot.abi(), error=("NotReleasable(uint256)", 2), sender=stranger)

    honest, false = plasma.submissions
    condemned(plasma, neighbour, false, plasma.challenges.proveWrongBridge, *bridge_proof(plasma, false))
    plasma.wait(FREEZE_PERIOD)
    root.haltFaulty(sender=neighbour)
    assert root.finalEpoch() == 1
    if loss < stolen:
        refused(vault.releaseExit, loot.abi(), error=("NotReleasable(uint256)", 2), sender=stranger)

    vault.refund(5, made.abi(), honest.abi(), sender=stranger)
    vault.refund(6, pending.abi(), honest.abi(), sender=stranger)
    assert vault.claimable(ETH, consumer) == PENDING
    plasma.settle()
    plasma.escape.open(honest.abi(), sender=neighbour)
    paid = escape_all(plasma, refused, recipient)
    short = len(HOUSEHOLDS) * EACH - sum(paid)
    assert short == max(0, loss - COVER)
    assert short <= ETH_CAP * windows_open
    assert all(amount <= EACH for amount in paid)
    assert paid == sorted(paid, reverse=True), "first come, first served"
    pay_out(plasma, [stranger, consumer, recipient])
    root.claimReward(neighbour, sender=neighbour)
    assert root.balance == (len(plasma.keys) - QUORUM) * BOND


def test_nothing_is_lost_before_finality(
    settled: Plasma, refused: Refused, stranger: Any, neighbour: Any, recipient: Any
) -> None:
    """P5: a mint that is proven within the challenge period costs nobody anything but who signed it."""
    plasma = settled
    mint(plasma, stranger, 250 * ETHER)
    loot = plasma.chain.burn(ETH, stranger, stranger, 250 * ETHER)
    false = plasma.seal_and_submit()
    plasma.start_exit(loot)
    plasma.wait(CHALLENGE_PERIOD)
    refused(plasma.vault.releaseExit, loot.abi(), error=("NotReleasable(uint256)", 2), sender=stranger)
    condemned(plasma, neighbour, false, plasma.challenges.proveWrongBridge, *bridge_proof(plasma, false))
    plasma.wait(FREEZE_PERIOD)
    plasma.root.haltFaulty(sender=neighbour)
    plasma.settle()
    plasma.escape.open(plasma.submissions[0].abi(), sender=neighbour)
    assert escape_all(plasma, refused, recipient) == [EACH] * len(HOUSEHOLDS)
    refused(plasma.vault.releaseExit, loot.abi(), error=("NotReleasable(uint256)", 2), sender=stranger)
    pay_out(plasma, [recipient])
    assert plasma.vault.held(ETH) == COVER + 1


def test_unprovable_fault(settled: Plasma, refused: Refused, stranger: Any, recipient: Any) -> None:
    """Not promised: that a false execution is found out on the root chain. Here the state simply gives the thief more
    than it deposited; nothing of it contradicts a header, the inbox or the bridge. A freeze delays the payouts and no
    more, the next one must wait, and at the cap of each window all goes that is there."""
    plasma, root, vault = settled, settled.root, settled.vault
    plasma.chain.put(stranger, Account(250 * ETHER))
    plasma.chain.seal()
    plasma.chain.put(stranger, Account(0))
    loot = steal(plasma, stranger, 250 * ETHER)
    for method, arguments in accusations(plasma):
        refused(method, *arguments, error=NO_FAULT, sender=recipient)

    assert drain(plasma, loot, 1, refused) == ETH_CAP
    freeze(plasma)
    until = root.frozenUntil()
    release = vault.releaseExit
    refused(release, loot.abi(), error=("NotReleasable(uint256)", 2), sender=stranger, time=until - 1)
    plasma.wait(FREEZE_PERIOD)
    again = plasma.signatures(root.freezeDigest(), plasma.keys[QUORUM - 1 :])
    refused(root.freeze, again, error=("TooEarly(uint256)", until + FREEZE_PERIOD), sender=plasma.owner)
    refused(root.haltFaulty, error="NoFaultProven()", sender=plasma.owner)

    plasma.wait(WINDOW)
    vault.releaseExit(loot.abi(), sender=stranger)
    plasma.wait(WINDOW)
    vault.releaseExit(loot.abi(), sender=stranger)
    assert vault.claimable(ETH, stranger) == 250 * ETHER
    assert vault.held(ETH) == len(HOUSEHOLDS) * EACH - 250 * ETHER
    assert {root.seatOf(key.address).bond for key in plasma.keys} == {BOND}


def test_halt_ends_neither_challenges_nor_caps(
    settled: Plasma, refused: Refused, stranger: Any, neighbour: Any, recipient: Any
) -> None:
    """A quorum that falls silent can halt as soon as its false state is final. It gains nothing: until that state can't
    be taken back any more the cap holds, no escape begins, and who proves the fault takes it back."""
    plasma, root, vault = settled, settled.root, settled.vault
    made = mint(plasma, stranger, 250 * ETHER)
    loot = steal(plasma, stranger, 250 * ETHER)
    root.haltSilent(sender=stranger)
    vault.releaseExit(loot.abi(), sender=stranger)
    assert vault.claimable(ETH, stranger) == ETH_CAP
    honest, false = plasma.submissions
    refused(plasma.escape.open, false.abi(), error=("TooEarly(uint256)", root.settledAt() + 1), sender=stranger)
    plasma.challenges.proveWrongBridge(*bridge_proof(plasma, false), sender=neighbour)
    assert (root.finalEpoch(), root.faultProven()) == (1, True)
    assert {root.seatOf(key.address).bond for key in plasma.keys[:QUORUM]} == {0}
    plasma.settle()
    refused(vault.releaseExit, loot.abi(), error=("NotReleasable(uint256)", 2), sender=stranger)
    plasma.escape.open(honest.abi(), sender=neighbour)
    paid = escape_all(plasma, refused, recipient)
    assert len(HOUSEHOLDS) * EACH - sum(paid) == ETH_CAP - COVER - made.amount
