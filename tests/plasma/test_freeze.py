"""How the chain is stopped for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from offchain.plasma.checkpoint import Domain
from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.faults import slash, strangers_signed
from tests.plasma.stage import (
    AUTHORITIES,
    CHANGE_PERIOD,
    ETH,
    FAULTY,
    FREEZE_PERIOD,
    Plasma,
    authority_keys,
)

AtTime = Callable[[int], None]
EARLY = "TooEarly(uint256)"


def test_f_and_one_more_freeze(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """f authorities, who may all be faulty, stop nothing; one more does. Anyone brings the signatures."""
    for count in range(FAULTY + 1):
        error = ("WrongSignatureCount(uint256,uint256)", FAULTY + 1, count)
        refused(plasma.root.freeze, plasma.freezing(count), error=error, sender=stranger)
    plasma.freeze(stranger)


def test_all_freeze(plasma: Plasma, stranger: Any) -> None:
    """More may sign than have to."""
    plasma.root.freeze(plasma.freezing(AUTHORITIES), sender=stranger)
    assert plasma.root.frozenUntil() == plasma.now + FREEZE_PERIOD


def test_slashed_freeze_nothing(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """Who was slashed doesn't count; the freeze that came of it keeps the others from none of their own."""
    slash(plasma, 1, stranger)
    plasma.wait(FREEZE_PERIOD)
    error = ("NotAuthority(address)", plasma.keys[1].address)
    refused(plasma.root.freeze, plasma.freezing(), error=error, sender=stranger)
    digest = plasma.domain.freeze_digest(1, plasma.root.frozenUntil())
    plasma.root.freeze(plasma.signatures(digest, [plasma.keys[0], *plasma.keys[2:4]]), sender=stranger)
    assert plasma.root.frozenUntil() == plasma.now + FREEZE_PERIOD


@pytest.mark.parametrize("frozen_before", [False, True])
def test_digest(plasma: Plasma, stranger: Any, frozen_before: bool) -> None:
    """What is signed names the set and the end of the last freeze."""
    until = plasma.freeze(stranger) if frozen_before else 0
    assert plasma.root.freezeDigest() == plasma.domain.freeze_digest(1, until)


def test_whose_signatures(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """Only the active set's, each once, for this contract; no signature of anything else."""
    signatures = plasma.freezing()
    doubled = signatures[:65] + signatures
    error: Any = ("SignersNotAscending(address)", plasma.keys[0].address)
    refused(plasma.root.freeze, doubled, error=error, sender=stranger)
    outsiders = authority_keys(3, "stranger")
    plasma.bond(outsiders)
    foreign = plasma.signatures(plasma.root.freezeDigest(), outsiders)
    refused(plasma.root.freeze, foreign, error=("NotAuthority(address)", outsiders[0].address), sender=stranger)


def test_other_digests_freeze_nothing(plasma: Plasma, stranger: Any) -> None:
    """Signatures for another set, freeze or contract recover to nobody who counts."""
    domain, until = plasma.domain, plasma.root.frozenUntil()
    plasma.chain.seal()
    for digest in (
        domain.freeze_digest(2, until),
        domain.freeze_digest(1, until + 1),
        Domain(domain.chain_id + 1, domain.contract).freeze_digest(1, until),
        Domain(domain.chain_id, plasma.vault.address).freeze_digest(1, until),
        domain.checkpoint_digest(plasma.checkpoint()),
    ):
        strangers_signed(plasma, plasma.root.freeze, plasma.signatures(digest, plasma.keys))
    assert plasma.root.frozenUntil() == until


def test_no_set_no_freeze(young: Plasma, stranger: Any, refused: Refused) -> None:
    """Before the first set nobody freezes, however much is bonded."""
    keys = authority_keys(1)
    young.bond(keys)
    signature = young.signatures(young.root.freezeDigest(), keys)
    error = ("WrongSignatureCount(uint256,uint256)", 1, 1)
    refused(young.root.freeze, signature, error=error, sender=stranger)


def test_signatures_freeze_once(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """The same signatures don't freeze again, even when another freeze may be."""
    signatures = plasma.freezing()
    plasma.freeze(stranger)
    plasma.wait(2 * FREEZE_PERIOD)
    strangers_signed(plasma, plasma.root.freeze, signatures)
    plasma.freeze(stranger)


def test_pause_between_freezes(plasma: Plasma, stranger: Any, refused: Refused, at_time: AtTime) -> None:
    """After a freeze there is a pause as long, in which checkpoints become final."""
    until = plasma.freeze(stranger)
    signatures = plasma.freezing()
    error = (EARLY, until + FREEZE_PERIOD)
    for time in (until - 1, until, until + FREEZE_PERIOD - 1):
        refused(plasma.root.freeze, signatures, error=error, sender=stranger, time=time)
    at_time(until + FREEZE_PERIOD)
    plasma.root.freeze(signatures, sender=stranger)
    assert plasma.root.frozenUntil() == until + 2 * FREEZE_PERIOD


def test_frozen_chain_goes_on(plasma: Plasma, prosumer: Any, recipient: Any, refused: Refused) -> None:
    """A freeze stops finality and releases only; checkpoints, deposits, calls, exits and claims go on. It ends by
    itself."""
    plasma.chain.deliver(plasma.deposit(prosumer, 3 * ETHER))
    plasma.chain.seal()
    early, late = (plasma.chain.burn(ETH, prosumer, recipient, ETHER) for _ in range(2))
    first = plasma.seal_and_submit()
    plasma.start_exit(early)
    plasma.start_exit(late)
    plasma.finalise()
    plasma.vault.releaseExit(early.abi(), sender=prosumer)
    second = plasma.seal_and_submit()
    until = plasma.freeze(prosumer)
    error: Any = ("NotReleasable(uint256)", 1)
    refused(plasma.vault.releaseExit, late.abi(), error=error, sender=prosumer, time=until - 1)
    error = ("ChainFrozen(uint256)", until)
    refused(plasma.root.finalise, second.abi(), error=error, sender=prosumer, time=until - 1)
    plasma.vault.claim(ETH, recipient, sender=prosumer)
    plasma.deposit(prosumer, 1)
    plasma.vault.forceCall(recipient, 0, 0, b"", sender=prosumer)
    assert plasma.seal_and_submit().checkpoint.epoch == 3
    third = plasma.chain.burn(ETH, prosumer, recipient, 1)
    plasma.seal_and_submit()
    plasma.start_exit(third)
    plasma.root.requireSubmitted(first.abi())
    plasma.wait(FREEZE_PERIOD)
    plasma.vault.releaseExit(late.abi(), sender=prosumer)
    assert plasma.vault.claimable(ETH, recipient) == ETHER
    plasma.finalise()
    assert plasma.root.finalEpoch() == 4


def test_authorities_change_during_a_freeze(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """A new set can take over from one that freezes; signatures of the old one freeze no more."""
    plasma.root.proposeAuthorities([key.address for key in plasma.keys[:4]], sender=plasma.owner)
    plasma.wait(CHANGE_PERIOD)
    plasma.freeze(stranger)
    plasma.root.activateAuthorities(sender=stranger)
    assert plasma.root.setId() == 2
    plasma.wait(2 * FREEZE_PERIOD)
    old = plasma.signatures(plasma.domain.freeze_digest(1, plasma.root.frozenUntil()), plasma.keys[:3])
    strangers_signed(plasma, plasma.root.freeze, old)
    plasma.root.freeze(plasma.freezing(2), sender=stranger)
    assert plasma.root.frozenUntil() == plasma.now + FREEZE_PERIOD
