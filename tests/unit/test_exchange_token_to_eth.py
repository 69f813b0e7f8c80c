"""Selling tokens for ETH."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth_utils.crypto import keccak

from tests.conftest import Refused
from tests.unit.conftest import NewPool, Pool
from tests.unit.formulas import DEADLINE, ETHER, input_price, output_price

SOLD = ETHER // 3 + 1
BOUGHT = ETHER // 7 + 1
NAMES = ["tokenToEthSwapInput", "tokenToEthTransferInput", "tokenToEthSwapOutput", "tokenToEthTransferOutput"]


@pytest.mark.parametrize("name", NAMES)
def test_exact(pool: Pool, trader: Any, recipient: Any, name: str) -> None:
    """X6 exact amounts, event, return value and balances of a sale; P4 the pool doesn't lose."""
    eth, tokens, k = pool.eth, pool.tokens, pool.k
    if "Input" in name:
        sold, bought = SOLD, input_price(SOLD, tokens, eth)
        arguments, returned = (sold, bought), bought
    else:
        sold, bought = output_price(BOUGHT, tokens, eth), BOUGHT
        arguments, returned = (bought, sold), sold
    last = (recipient,) if "Transfer" in name else ()
    held, wei, others = pool.token.balanceOf(trader), trader.balance, recipient.balance
    allowed = pool.token.allowance(trader, pool.exchange)
    receipt = getattr(pool.exchange, name)(*arguments, DEADLINE, *last, sender=trader)

    assert receipt.return_value == returned
    assert pool.token.balanceOf(trader) == held - sold
    assert pool.token.allowance(trader, pool.exchange) == allowed - sold
    assert trader.balance == wei - receipt.total_fees_paid + (0 if last else bought)
    assert recipient.balance == others + (bought if last else 0)
    assert (pool.eth, pool.tokens) == (eth - bought, tokens + sold)
    assert pool.k >= k
    assert receipt.events == [
        pool.token.Transfer(**{"from": trader, "to": pool.exchange, "value": sold}),
        pool.exchange.EthPurchase(buyer=trader, tokens_sold=sold, eth_bought=bought),
    ]
    assert [bytes(topic) for topic in receipt.logs[1]["topics"]] == [
        keccak(text="EthPurchase(address,uint256,uint256)"),
        bytes.fromhex(trader.address[2:]).rjust(32, b"\0"),
        sold.to_bytes(32, "big"),
        bought.to_bytes(32, "big"),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_limit(pool: Pool, trader: Any, recipient: Any, refused: Refused, name: str) -> None:
    """X4 one unit beyond what the sale gives or costs is refused; exactly that passes."""
    method = getattr(pool.exchange, name)
    last = (recipient,) if "Transfer" in name else ()
    if "Input" in name:
        amount, actual = SOLD, input_price(SOLD, pool.tokens, pool.eth)
        beyond, error = actual + 1, "BelowMinimum(uint256,uint256)"
    else:
        amount, actual = BOUGHT, output_price(BOUGHT, pool.tokens, pool.eth)
        beyond, error = actual - 1, "AboveMaximum(uint256,uint256)"
    refused(method, amount, beyond, DEADLINE, *last, error=(error, beyond, actual), sender=trader)
    assert method.call(amount, actual, DEADLINE, *last, sender=trader) == actual


@pytest.mark.parametrize("name", NAMES)
def test_zero_amounts(pool: Pool, trader: Any, recipient: Any, refused: Refused, name: str) -> None:
    """P9 neither the amount nor a minimum may be zero; a maximum of zero is too low for any price."""
    method = getattr(pool.exchange, name)
    last = (recipient,) if "Transfer" in name else ()
    refused(method, 0, 1, DEADLINE, *last, error="ZeroAmount()", sender=trader)
    if "Input" in name:
        refused(method, SOLD, 0, DEADLINE, *last, error="ZeroAmount()", sender=trader)
    else:
        price = output_price(1, pool.tokens, pool.eth)
        error = ("AboveMaximum(uint256,uint256)", 0, price)
        refused(method, 1, 0, DEADLINE, *last, error=error, sender=trader)


@pytest.mark.parametrize("name", [name for name in NAMES if "Transfer" in name])
def test_recipient(exchange: Any, trader: Any, refused: Refused, name: str) -> None:
    """P9 neither zero nor the exchange itself can be the recipient."""
    for wrong in ("0x" + "00" * 20, exchange.address):
        error = ("InvalidRecipient(address)", wrong)
        refused(getattr(exchange, name), BOUGHT, 1, DEADLINE, wrong, error=error, sender=trader)


@pytest.mark.parametrize("name", NAMES)
def test_deadline(
    chain: Any,
    exchange: Any,
    trader: Any,
    recipient: Any,
    refused: Refused,
    at_time: Callable[[int], None],
    name: str,
) -> None:
    """X5 a swap's deadline may be the block's own time, not a second earlier."""
    now = chain.blocks.head.timestamp + 1000
    method = getattr(exchange, name)
    last = (recipient,) if "Transfer" in name else ()
    limit = 1 if "Input" in name else 2**255
    error = ("DeadlinePassed(uint256,uint256)", now - 1, now)
    refused(method, BOUGHT, limit, now - 1, *last, error=error, sender=trader, time=now)
    at_time(now)
    receipt = method(BOUGHT, limit, now, *last, sender=trader, gas=200_000)
    assert not receipt.failed
    assert receipt.timestamp == now


@pytest.mark.parametrize("name", [name for name in NAMES if "Output" in name])
def test_output_of_the_reserve(pool: Pool, trader: Any, recipient: Any, refused: Refused, name: str) -> None:
    """P9 the whole reserve of ETH can't be bought, all but one wei has its price."""
    method = getattr(pool.exchange, name)
    last = (recipient,) if "Transfer" in name else ()
    for amount in (pool.eth, pool.eth + 1, 2**256 - 1):
        error = ("InsufficientReserve(uint256,uint256)", amount, pool.eth)
        refused(method, amount, 2**256 - 1, DEADLINE, *last, error=error, sender=trader)
    price = output_price(pool.eth - 1, pool.tokens, pool.eth)
    error = ("AboveMaximum(uint256,uint256)", 5, price)
    refused(method, pool.eth - 1, 5, DEADLINE, *last, error=error, sender=trader)


@pytest.mark.parametrize("name", [name for name in NAMES if "Input" in name])
@pytest.mark.parametrize("amount", [2**256 // 997 + 1, 2**255, 2**256 - 1])
def test_overflow(exchange: Any, trader: Any, recipient: Any, refused: Refused, name: str, amount: int) -> None:
    """P9 an amount too large to multiply is named so."""
    last = (recipient,) if "Transfer" in name else ()
    refused(getattr(exchange, name), amount, 1, DEADLINE, *last, error="AmountOverflow()", sender=trader)


def test_too_few_tokens(
    exchange: Any, token: Any, trader: Any, stranger: Any, liquidity_provider: Any, refused: Refused
) -> None:
    """P9 what the seller doesn't hold or didn't allow can't be sold; the token's own error comes through."""
    for method, amount in ((exchange.tokenToEthSwapInput, SOLD), (exchange.tokenToEthSwapOutput, 10**9)):
        needed = SOLD if amount == SOLD else output_price(amount, token.balanceOf(exchange), exchange.balance)
        error = ("ERC20InsufficientAllowance(address,uint256,uint256)", exchange, 0, needed)
        refused(method, amount, 1 if amount == SOLD else needed, DEADLINE, error=error, sender=stranger)
    token.approve(exchange, SOLD, sender=stranger)
    error = ("ERC20InsufficientBalance(address,uint256,uint256)", stranger, 0, SOLD)
    refused(exchange.tokenToEthSwapInput, SOLD, 1, DEADLINE, error=error, sender=stranger)
    token.transfer(stranger, SOLD, sender=liquidity_provider)
    token.approve(exchange, SOLD - 1, sender=stranger)
    error = ("ERC20InsufficientAllowance(address,uint256,uint256)", exchange, SOLD - 1, SOLD)
    refused(exchange.tokenToEthSwapInput, SOLD, 1, DEADLINE, error=error, sender=stranger)
    token.approve(exchange, SOLD, sender=stranger)
    assert not exchange.tokenToEthSwapInput(SOLD, 1, DEADLINE, sender=stranger).failed
    assert token.balanceOf(stranger) == 0


def test_empty_pool(new_pool: NewPool, second_token: Any, trader: Any, refused: Refused) -> None:
    """P9 a pool without liquidity doesn't trade, nor does one that was only given ETH or tokens."""
    exchange = new_pool(second_token, eth=0).exchange
    for _ in range(2):
        refused(exchange.tokenToEthSwapInput, 1, 1, DEADLINE, error="NoLiquidity()", sender=trader)
        refused(exchange.tokenToEthSwapOutput, 1, 1, DEADLINE, error="NoLiquidity()", sender=trader)
        second_token.transfer(exchange, 5, sender=trader)
