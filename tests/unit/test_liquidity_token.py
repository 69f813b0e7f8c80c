"""The ERC-20 of an exchange's liquidity."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Refused
from tests.unit.conftest import NewPool
from tests.unit.formulas import ETHER

MAX = 2**256 - 1
ZERO = "0x" + "00" * 20


def test_metadata(exchange: Any, token: Any, factory: Any) -> None:
    """X14 name, symbol and decimals are V1's, the names as left-aligned bytes32."""
    assert bytes(exchange.name()) == b"Uniswap V1".ljust(32, b"\0")
    assert bytes(exchange.symbol()) == b"UNI-V1".ljust(32, b"\0")
    assert exchange.decimals() == 18
    assert exchange.tokenAddress() == token.address
    assert exchange.factoryAddress() == factory.address


@pytest.mark.parametrize("amount", [0, 1, ETHER])
@pytest.mark.parametrize("to", ["other", "self", "zero", "exchange"])
def test_transfer(exchange: Any, liquidity_provider: Any, recipient: Any, amount: int, to: str) -> None:
    """X14 liquidity moves to anyone, zero and the sender itself included; the supply stays."""
    target = {"other": recipient, "self": liquidity_provider, "zero": ZERO, "exchange": exchange}[to]
    held, there, supply = exchange.balanceOf(liquidity_provider), exchange.balanceOf(target), exchange.totalSupply()
    receipt = exchange.transfer(target, amount, sender=liquidity_provider)
    assert receipt.return_value is True
    assert receipt.events == [exchange.Transfer(_from=liquidity_provider, _to=target, _value=amount)]
    assert len(receipt.logs[0]["topics"]) == 3
    moved = 0 if to == "self" else amount
    assert exchange.balanceOf(liquidity_provider) == held - moved
    assert exchange.balanceOf(target) == there + moved
    assert exchange.totalSupply() == supply


def test_transfer_too_much(
    exchange: Any, liquidity_provider: Any, recipient: Any, stranger: Any, refused: Refused
) -> None:
    """P9 nobody sends more than it holds, to itself neither."""
    held = exchange.balanceOf(liquidity_provider)
    lacking = "ERC20InsufficientBalance(address,uint256,uint256)"
    for target in (recipient, liquidity_provider):
        error = (lacking, liquidity_provider, held, held + 1)
        refused(exchange.transfer, target, held + 1, error=error, sender=liquidity_provider)
    refused(exchange.transfer, recipient, MAX, error=(lacking, stranger, 0, MAX), sender=stranger)
    assert not exchange.transfer(recipient, held, sender=liquidity_provider).failed
    assert exchange.balanceOf(liquidity_provider) == 0


@pytest.mark.parametrize("allowed", [ETHER, 2 * ETHER, MAX])
@pytest.mark.parametrize("to", ["other", "self", "zero"])
def test_transfer_from(
    exchange: Any, liquidity_provider: Any, trader: Any, recipient: Any, allowed: int, to: str
) -> None:
    """X14 every use lowers the allowance, as in V1, 2**256 - 1 included; only the owner's balance pays."""
    target = {"other": recipient, "self": liquidity_provider, "zero": ZERO}[to]
    approval = exchange.approve(trader, allowed, sender=liquidity_provider)
    assert approval.return_value is True
    assert approval.events == [exchange.Approval(_owner=liquidity_provider, _spender=trader, _value=allowed)]
    assert exchange.allowance(liquidity_provider, trader) == allowed
    assert exchange.allowance(trader, liquidity_provider) == 0
    held, there = exchange.balanceOf(liquidity_provider), exchange.balanceOf(target)
    receipt = exchange.transferFrom(liquidity_provider, target, ETHER, sender=trader)
    assert receipt.return_value is True
    assert receipt.events == [exchange.Transfer(_from=liquidity_provider, _to=target, _value=ETHER)]
    assert exchange.allowance(liquidity_provider, trader) == allowed - ETHER
    moved = 0 if to == "self" else ETHER
    assert exchange.balanceOf(liquidity_provider) == held - moved
    assert exchange.balanceOf(target) == there + moved
    assert exchange.balanceOf(trader) == 0


def test_transfer_from_too_much(
    exchange: Any, liquidity_provider: Any, trader: Any, recipient: Any, refused: Refused
) -> None:
    """P9 neither the allowance nor the balance can be exceeded; an approval replaces the one before."""
    exchange.approve(trader, 5, sender=liquidity_provider)
    exchange.approve(trader, 3, sender=liquidity_provider)
    error = ("ERC20InsufficientAllowance(address,uint256,uint256)", trader, 3, 4)
    refused(exchange.transferFrom, liquidity_provider, recipient, 4, error=error, sender=trader)
    error = ("ERC20InsufficientAllowance(address,uint256,uint256)", liquidity_provider, 0, 1)
    refused(exchange.transferFrom, liquidity_provider, recipient, 1, error=error, sender=liquidity_provider)
    exchange.approve(trader, MAX, sender=liquidity_provider)
    held = exchange.balanceOf(liquidity_provider)
    error = ("ERC20InsufficientBalance(address,uint256,uint256)", liquidity_provider, held, held + 1)
    refused(exchange.transferFrom, liquidity_provider, recipient, held + 1, error=error, sender=trader)
    assert not exchange.transferFrom(liquidity_provider, recipient, 0, sender=trader).failed


def test_locked_part_is_nobodys(exchange: Any, liquidity_provider: Any, refused: Refused) -> None:
    """X14 the locked units count for the zero address and add to what is sent there."""
    assert exchange.balanceOf(ZERO) == 1000
    exchange.transfer(ZERO, 7, sender=liquidity_provider)
    assert exchange.balanceOf(ZERO) == 1007
    error = ("ERC20InsufficientAllowance(address,uint256,uint256)", liquidity_provider, 0, 1)
    refused(exchange.transferFrom, ZERO, liquidity_provider, 1, error=error, sender=liquidity_provider)


def test_before_founding(new_pool: NewPool, third_token: Any, trader: Any, refused: Refused) -> None:
    """X14 before the first liquidity nobody owns any, the zero address neither."""
    exchange = new_pool(third_token, eth=0).exchange
    assert exchange.totalSupply() == exchange.balanceOf(ZERO) == exchange.balanceOf(trader) == 0
    error = ("ERC20InsufficientBalance(address,uint256,uint256)", trader, 0, 1)
    refused(exchange.transfer, ZERO, 1, error=error, sender=trader)
