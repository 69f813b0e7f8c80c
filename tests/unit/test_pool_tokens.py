"""Tokens that don't behave as ERC-20 says, in the shielded pool."""

from __future__ import annotations

from typing import Any

import pytest

from offchain.wallet.note import ETH
from tests.conftest import Refused
from tests.unit.shielded import Shielded, number

SUPPLY = 10**24


def shield(shielded: Shielded, token: Any, holder: Any, amount: int = 1000) -> None:
    """Approves and shields."""
    token.approve(shielded.pool, 2**255, sender=holder)
    shielded.pool.shield(token, amount, number(), b"", sender=holder)
    assert shielded.pool.inside(token) == token.balanceOf(shielded.pool) == amount


@pytest.mark.parametrize("kind", ["SilentToken", "HalfSilentToken", "FalseToken", "TakingToken", "MuteToken"])
def test_odd_tokens_in_and_out(shielded: Shielded, project: Any, deployer: Any, recipient: Any, kind: str) -> None:
    """S19 tokens that return nothing or something else come in and leave as others do."""
    token = deployer.deploy(getattr(project, kind), SUPPLY)
    shield(shielded, token, deployer)
    shielded.send(shielded.unshield(token, 400, recipient), deployer)
    assert token.balanceOf(recipient) == 400
    assert shielded.pool.inside(token) == token.balanceOf(shielded.pool) == 600


def test_token_that_returns_false(
    shielded: Shielded, project: Any, deployer: Any, recipient: Any, refused: Refused, denied: Refused
) -> None:
    """S19 a transfer that fails without reverting makes no note, and an unshield leaves the notes unspent."""
    token = deployer.deploy(project.FalseToken, SUPPLY)
    shield(shielded, token, deployer)
    token.setFailing(True, sender=deployer)
    error = ("SafeERC20FailedOperation(address)", token)
    refused(shielded.pool.shield, token, 1, 1, b"", error=error, sender=deployer)
    request = shielded.unshield(token, 1, recipient)
    denied(request, error=error)
    token.setFailing(False, sender=deployer)
    shielded.send(request, deployer)
    assert token.balanceOf(recipient) == 1


def test_token_with_fee(shielded: Shielded, project: Any, deployer: Any, recipient: Any, refused: Refused) -> None:
    """S19 a note is made only of what arrived; a token that takes a fee later lets less through as it leaves."""
    token = deployer.deploy(project.FeeToken, SUPPLY)
    shield(shielded, token, deployer)
    token.setFee(100, sender=deployer)
    error = ("WrongDelivery(address,uint256,uint256)", token, 500, 495)
    refused(shielded.pool.shield, token, 500, 1, b"", error=error, sender=deployer)
    shielded.send(shielded.unshield(token, 200, recipient), deployer)
    assert token.balanceOf(recipient) == 198
    assert shielded.pool.inside(token) == token.balanceOf(shielded.pool) == 800


def test_token_that_takes(shielded: Shielded, project: Any, deployer: Any, refused: Refused) -> None:
    """S19 a token that takes from the pool instead of giving to it delivered nothing, and says so."""
    token = deployer.deploy(project.TakingToken, SUPPLY)
    shield(shielded, token, deployer)
    token.setTaking(10, sender=deployer)
    error = ("WrongDelivery(address,uint256,uint256)", token, 500, 0)
    refused(shielded.pool.shield, token, 500, 1, b"", error=error, sender=deployer)
    refused(shielded.pool.shield, token, 10, 1, b"", error=(error[0], token, 10, 0), sender=deployer)
    assert shielded.pool.inside(token) == 1000


def test_token_that_does_not_tell_its_balance(
    shielded: Shielded, project: Any, deployer: Any, recipient: Any, refused: Refused
) -> None:
    """S19 without a balance to compare nothing comes in; what is in can leave."""
    token = deployer.deploy(project.MuteToken, SUPPLY)
    shield(shielded, token, deployer)
    token.setMode(1, sender=deployer)
    refused(shielded.pool.shield, token, 1, 1, b"", error="Mute()", sender=deployer)
    token.setMode(2, sender=deployer)
    refused(shielded.pool.shield, token, 1, 1, b"", error=b"", sender=deployer)
    shielded.send(shielded.unshield(token, 1000, recipient), deployer)
    token.setMode(0, sender=deployer)
    assert token.balanceOf(recipient) == 1000


def test_one_token_harms_no_other(shielded: Shielded, project: Any, deployer: Any, recipient: Any) -> None:
    """S19 a token that empties its own part of the pool leaves the other assets whole."""
    taking = deployer.deploy(project.TakingToken, SUPPLY)
    plain = deployer.deploy(project.Token, SUPPLY)
    shield(shielded, taking, deployer)
    shield(shielded, plain, deployer)
    taking.setTaking(1000, sender=deployer)
    taking.transferFrom(recipient, shielded.pool, 1, sender=recipient)
    assert (taking.balanceOf(shielded.pool), shielded.pool.inside(taking)) == (0, 1000)
    shielded.send(shielded.unshield(plain, 1000, recipient), deployer)
    shielded.send(shielded.unshield(ETH, 1, recipient), deployer)
    assert plain.balanceOf(recipient) == 1000


def test_contracts_that_are_no_tokens(shielded: Shielded, wallet: Any, deployer: Any, refused: Refused) -> None:
    """S19 neither the pool, nor the registry, nor any other contract passes for an asset."""
    for contract in (shielded.pool, shielded.registry, wallet):
        refused(shielded.pool.shield, contract, 1, 1, b"", error=b"", sender=deployer)
