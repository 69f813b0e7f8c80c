"""Who takes what was released, and what becomes of it when they can't."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.stage import ETH, Plasma
from tests.plasma.test_payouts import CAP, NOTHING_THERE, PAYMENT_FAILED, REENTERED, ZERO, Burned, burned, release, token

__all__ = ["burned", "token"]


@pytest.fixture
def waiting(plasma: Plasma, burned: Burned, stranger: Any) -> int:
    """Somebody else's ETH that waits in the vault beside what a test is about."""
    (exit_,) = burned(7 * ETHER, to=stranger)
    release(plasma, exit_)
    return 7 * ETHER


def released_to(plasma: Plasma, burned: Burned, to: Any, amount: int, asset: Any = ETH) -> None:
    (exit_,) = burned(amount, asset=asset, to=to)
    release(plasma, exit_)
    assert plasma.vault.claimable(asset, to) == amount


def test_anybody_claims_for_the_owner(plasma: Plasma, waiting: int, stranger: Any, refused: Refused) -> None:
    """P5 anybody may have an owner paid, once; nobody has another paid with it."""
    vault, before = plasma.vault, stranger.balance
    refused(vault.claim, ETH, plasma.owner, error=NOTHING_THERE, sender=stranger)
    refused(vault.claimTo, ETH, plasma.owner, error=NOTHING_THERE, sender=plasma.owner)
    receipt = vault.claim(ETH, stranger, sender=plasma.owner)
    assert receipt.events == [vault.Claimed(owner=stranger, asset=ETH, to=stranger, amount=waiting)]
    assert (stranger.balance, vault.balance, vault.claimable(ETH, stranger)) == (before + waiting, 0, 0)
    refused(vault.claim, ETH, stranger, error=NOTHING_THERE, sender=stranger)
    refused(vault.claimTo, ETH, stranger, error=NOTHING_THERE, sender=stranger)


def test_owner_claims_to_another(plasma: Plasma, waiting: int, stranger: Any, wallet: Any, refused: Refused) -> None:
    """P5 an owner names whom it pays: anybody but nobody and the vault, where it would be lost."""
    vault = plasma.vault
    for nobody in (ZERO, vault.address):
        error = ("InvalidRecipient(address)", nobody)
        refused(vault.claimTo, ETH, nobody, error=error, sender=stranger)
    receipt = vault.claimTo(ETH, wallet, sender=stranger)
    assert receipt.events == [vault.Claimed(owner=stranger, asset=ETH, to=wallet, amount=waiting)]
    assert (wallet.balance, vault.claimable(ETH, stranger)) == (waiting, 0)


@pytest.fixture
def wallet(project: Any, deployer: Any) -> Any:
    """A contract account."""
    return deployer.deploy(project.Wallet)


@pytest.mark.parametrize("name", ["EtherRefuser", "GasBurner", "Token"])
def test_owner_that_takes_no_ether(
    plasma: Plasma, burned: Burned, project: Any, deployer: Any, recipient: Any, refused: Refused, name: str
) -> None:
    """P5 what an owner can't take stays its own, and it can have another paid."""
    vault = plasma.vault
    owner = deployer.deploy(getattr(project, name), *([1] if name == "Token" else []))
    released_to(plasma, burned, owner, ETHER)
    refused(vault.claim, ETH, owner, error=(PAYMENT_FAILED, owner), sender=recipient)
    assert (vault.claimable(ETH, owner), vault.balance) == (ETHER, ETHER)
    if name != "Token":
        before = recipient.balance
        owner.execute(vault, 0, vault.claimTo.encode_input(ETH, recipient), sender=deployer)
        assert (recipient.balance, vault.claimable(ETH, owner)) == (before + ETHER, 0)


@pytest.mark.parametrize("insists", [False, True])
@pytest.mark.parametrize("call", ["claim", "claimTo", "depositToken"])
def test_owner_that_calls_again(
    plasma: Plasma,
    burned: Burned,
    token: Any,
    waiting: int,
    project: Any,
    deployer: Any,
    refused: Refused,
    call: str,
    insists: bool,
) -> None:
    """P5 an owner that calls the vault while it is paid gets nothing more; if it insists it gets nothing."""
    vault, owner = plasma.vault, deployer.deploy(project.Reenterer)
    released_to(plasma, burned, owner, CAP, asset=token)
    released_to(plasma, burned, owner, ETHER)
    arguments = {"claim": (token, owner), "claimTo": (token, owner), "depositToken": (token, owner, 1)}[call]
    owner.plan(vault, 0, getattr(vault, call).encode_input(*arguments), insists, sender=deployer)
    if insists:
        refused(vault.claim, ETH, owner, error=(PAYMENT_FAILED, owner), sender=deployer)
    else:
        vault.claim(ETH, owner, sender=deployer)
        assert (owner.attempts(), owner.successes(), bytes(owner.lastResult())) == (1, 0, REENTERED)
        assert (owner.balance, vault.claimable(ETH, owner)) == (ETHER, 0)
    assert vault.claimable(token, owner) == CAP
    assert vault.balance == waiting + (ETHER if insists else 0)


def test_state_is_settled_before_the_payment(
    plasma: Plasma, burned: Burned, waiting: int, project: Any, deployer: Any
) -> None:
    """P5 an owner that is paid and has the rest of its exit released meanwhile is paid each unit once."""
    vault, owner = plasma.vault, deployer.deploy(project.Reenterer)
    first, second = burned(ETHER, 2 * ETHER, to=owner)
    release(plasma, first)
    owner.plan(vault, 0, vault.releaseExit.encode_input(second.abi()), True, sender=deployer)
    vault.claim(ETH, owner, sender=deployer)
    assert (owner.balance, vault.claimable(ETH, owner)) == (ETHER, 2 * ETHER)
    assert vault.balance == waiting + 2 * ETHER


def test_token_that_returns_nothing(plasma: Plasma, burned: Burned, token: Any, recipient: Any) -> None:
    """P5 tokens like USDT are paid."""
    released_to(plasma, burned, recipient, CAP, asset=token)
    receipt = plasma.vault.claim(token, recipient, sender=plasma.owner)
    assert receipt.events == [plasma.vault.Claimed(owner=recipient, asset=token, to=recipient, amount=CAP)]
    assert (token.balanceOf(recipient), token.balanceOf(plasma.vault)) == (CAP, 0)


def test_token_that_fails(plasma: Plasma, burned: Burned, token: Any, recipient: Any, refused: Refused) -> None:
    """P5 while a token can't be moved it stays its owner's; then it is paid."""
    vault = plasma.vault
    released_to(plasma, burned, recipient, CAP, asset=token)
    failures = {1: ("SafeERC20FailedOperation(address)", token), 2: keccak(text="NotToday()")[:4]}
    for mode, error in failures.items():
        token.setMode(mode, sender=plasma.owner)
        refused(vault.claim, token, recipient, error=error, sender=plasma.owner)
        refused(vault.claimTo, token, plasma.owner, error=error, sender=recipient)
    token.setMode(0, sender=plasma.owner)
    vault.claimTo(token, plasma.owner, sender=recipient)
    assert (token.balanceOf(plasma.owner), vault.claimable(token, recipient)) == (CAP, 0)
