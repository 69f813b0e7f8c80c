"""Swaps of one token for another, through the factory's exchange or one the caller names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Refused
from tests.unit.conftest import NewPool, Pool
from tests.unit.formulas import DEADLINE, ETHER, input_price, output_price

SOLD = ETHER // 3 + 1
BOUGHT = ETHER // 7 + 1
MAX = 2**256 - 1
ZERO = "0x" + "00" * 20
NAMES = [
    f"tokenTo{kind}{how}{way}"
    for kind in ("Token", "Exchange")
    for how in ("Swap", "Transfer")
    for way in ("Input", "Output")
]
INPUTS = [name for name in NAMES if "Input" in name]
OUTPUTS = [name for name in NAMES if "Output" in name]
TRANSFERS = [name for name in NAMES if "Transfer" in name]


def last(name: str, recipient: Any, other: Pool) -> tuple[Any, ...]:
    """The arguments after the deadline."""
    target = other.exchange if "Exchange" in name else other.token
    return (recipient, target) if "Transfer" in name else (target,)


@pytest.mark.parametrize("name", NAMES)
def test_exact(pool: Pool, other_pool: Pool, trader: Any, recipient: Any, name: str) -> None:
    """X8 exact amounts, events, return value and balances of a swap between tokens; P4 neither pool loses."""
    first, second = (pool.eth, pool.tokens, pool.k), (other_pool.eth, other_pool.tokens, other_pool.k)
    receiver = recipient if "Transfer" in name else trader
    if "Input" in name:
        sold, wei = SOLD, input_price(SOLD, pool.tokens, pool.eth)
        bought = returned = input_price(wei, other_pool.eth, other_pool.tokens)
        arguments = (sold, bought, wei)
    else:
        bought, wei = BOUGHT, output_price(BOUGHT, other_pool.eth, other_pool.tokens)
        sold = returned = output_price(wei, pool.tokens, pool.eth)
        arguments = (bought, sold, wei)
    held, got, ether = pool.token.balanceOf(trader), other_pool.token.balanceOf(receiver), trader.balance
    receipt = getattr(pool.exchange, name)(*arguments, DEADLINE, *last(name, recipient, other_pool), sender=trader)

    assert receipt.return_value == returned
    assert pool.token.balanceOf(trader) == held - sold
    assert other_pool.token.balanceOf(receiver) == got + bought
    assert trader.balance == ether - receipt.total_fees_paid
    assert (pool.eth, pool.tokens) == (first[0] - wei, first[1] + sold)
    assert (other_pool.eth, other_pool.tokens) == (second[0] + wei, second[1] - bought)
    assert pool.k >= first[2]
    assert other_pool.k >= second[2]
    assert receipt.events == [
        pool.token.Transfer(**{"from": trader, "to": pool.exchange, "value": sold}),
        other_pool.token.Transfer(**{"from": other_pool.exchange, "to": receiver, "value": bought}),
        other_pool.exchange.TokenPurchase(buyer=pool.exchange, eth_sold=wei, tokens_bought=bought),
        pool.exchange.EthPurchase(buyer=trader, tokens_sold=sold, eth_bought=wei),
    ]


@pytest.mark.parametrize("name", INPUTS)
def test_minimums(pool: Pool, other_pool: Pool, trader: Any, recipient: Any, refused: Refused, name: str) -> None:
    """X4 a unit above what either pool gives is refused, and zero minimums are."""
    method, rest = getattr(pool.exchange, name), (DEADLINE, *last(name, recipient, other_pool))
    wei = input_price(SOLD, pool.tokens, pool.eth)
    bought = input_price(wei, other_pool.eth, other_pool.tokens)
    below = "BelowMinimum(uint256,uint256)"
    refused(method, SOLD, 1, wei + 1, *rest, error=(below, wei + 1, wei), sender=trader)
    refused(method, SOLD, bought + 1, 1, *rest, error=(below, bought + 1, bought), sender=trader)
    for arguments in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        refused(method, *arguments, *rest, error="ZeroAmount()", sender=trader)
    refused(method, MAX, 1, 1, *rest, error="AmountOverflow()", sender=trader)
    refused(method, 2**255, 1, 1, *rest, error="AmountOverflow()", sender=trader)


@pytest.mark.parametrize("name", OUTPUTS)
def test_maximums(pool: Pool, other_pool: Pool, trader: Any, recipient: Any, refused: Refused, name: str) -> None:
    """X4 a unit below the price in tokens or in ETH is refused, and so are amounts of zero."""
    method, rest = getattr(pool.exchange, name), (DEADLINE, *last(name, recipient, other_pool))
    wei = output_price(BOUGHT, other_pool.eth, other_pool.tokens)
    sold = output_price(wei, pool.tokens, pool.eth)
    above = "AboveMaximum(uint256,uint256)"
    refused(method, BOUGHT, sold - 1, MAX, *rest, error=(above, sold - 1, sold), sender=trader)
    refused(method, BOUGHT, MAX, wei - 1, *rest, error=(above, wei - 1, wei), sender=trader)
    refused(method, BOUGHT, 0, MAX, *rest, error=(above, 0, sold), sender=trader)
    for arguments in ((0, 1, 1), (1, 1, 0)):
        refused(method, *arguments, *rest, error="ZeroAmount()", sender=trader)
    short = ("InsufficientReserve(uint256,uint256)", other_pool.tokens, other_pool.tokens)
    refused(method, other_pool.tokens, MAX, MAX, *rest, error=short, sender=trader)
    dear = output_price(other_pool.tokens - 1, other_pool.eth, other_pool.tokens)
    short = ("InsufficientReserve(uint256,uint256)", dear, pool.eth)
    refused(method, other_pool.tokens - 1, MAX, MAX, *rest, error=short, sender=trader)


@pytest.mark.parametrize("name", NAMES)
def test_invalid_exchange(
    pool: Pool, other_pool: Pool, trader: Any, recipient: Any, project: Any, deployer: Any, refused: Refused, name: str
) -> None:
    """P9 neither a token without exchange nor this exchange itself can be the other side."""
    method, arguments = getattr(pool.exchange, name), (SOLD, MAX if "Output" in name else 1, 1, DEADLINE)
    to = (recipient,) if "Transfer" in name else ()
    unlisted = deployer.deploy(project.Token, 1)
    wrong = [(ZERO, ZERO), (pool.exchange, pool.exchange)]
    if "Token" in name.removeprefix("token"):
        wrong = [(ZERO, ZERO), (unlisted, ZERO), (pool.token, pool.exchange)]
    for target, named in wrong:
        refused(method, *arguments, *to, target, error=("InvalidExchange(address)", named), sender=trader)


@pytest.mark.parametrize("name", TRANSFERS)
def test_recipient(pool: Pool, other_pool: Pool, trader: Any, refused: Refused, name: str) -> None:
    """P9 zero and the other exchange can't be the recipient; through a named exchange neither can this one.

    As in V1, the pools' own functions for tokens let this exchange receive another pool's token.
    """
    method, target = getattr(pool.exchange, name), last(name, None, other_pool)[-1]
    arguments = (SOLD, 1, 1, DEADLINE) if "Input" in name else (BOUGHT, MAX, MAX, DEADLINE)
    wrong = [ZERO, other_pool.exchange.address]
    if "Exchange" in name:
        wrong.append(pool.exchange.address)
    for recipient in wrong:
        error = ("InvalidRecipient(address)", recipient)
        refused(method, *arguments, recipient, target, error=error, sender=trader)
    if "Exchange" not in name:
        held = other_pool.token.balanceOf(pool.exchange)
        method(*arguments, pool.exchange, target, sender=trader)
        assert other_pool.token.balanceOf(pool.exchange) > held


@pytest.mark.parametrize("name", NAMES)
def test_deadline(
    chain: Any,
    pool: Pool,
    other_pool: Pool,
    trader: Any,
    recipient: Any,
    refused: Refused,
    at_time: Callable[[int], None],
    name: str,
) -> None:
    """X5 a swap's deadline may be the block's own time, not a second earlier."""
    now = chain.blocks.head.timestamp + 1000
    method, rest = getattr(pool.exchange, name), last(name, recipient, other_pool)
    arguments = (SOLD, 1, 1) if "Input" in name else (BOUGHT, MAX, MAX)
    error = ("DeadlinePassed(uint256,uint256)", now - 1, now)
    refused(method, *arguments, now - 1, *rest, error=error, sender=trader, time=now)
    at_time(now)
    receipt = method(*arguments, now, *rest, sender=trader, gas=400_000)
    assert not receipt.failed
    assert receipt.timestamp == now


@pytest.mark.parametrize("name", ["tokenToExchangeSwapInput", "tokenToExchangeSwapOutput"])
def test_deadline_is_handed_on(pool: Pool, project: Any, deployer: Any, trader: Any, name: str) -> None:
    """X8 the other exchange is asked for the caller's minimum, deadline and, by default, to serve the caller."""
    other = deployer.deploy(project.CustomExchange)
    other.set(ETHER // 5, 77, sender=deployer)
    method, eth = getattr(pool.exchange, name), pool.eth
    arguments = (SOLD, 5, 6) if "Input" in name else (SOLD, MAX, MAX)
    expected = input_price(SOLD, pool.tokens, eth) if "Input" in name else ETHER // 5
    receipt = method(*arguments, DEADLINE + 9, other, sender=trader)
    assert eth - pool.eth == other.received() == expected
    if "Input" in name:
        assert receipt.return_value == 77
    function = f"ethToTokenTransfer{'Input' if 'Input' in name else 'Output'}"
    sent = (5 if "Input" in name else SOLD, DEADLINE + 9, trader)
    assert bytes(other.lastCall()) == bytes(getattr(other, function).encode_input(*sent))


def test_too_few_tokens(pool: Pool, other_pool: Pool, stranger: Any, refused: Refused) -> None:
    """P9 what the seller didn't allow can't be sold; the token's own error comes through."""
    error = ("ERC20InsufficientAllowance(address,uint256,uint256)", pool.exchange, 0, SOLD)
    for name in ("tokenToTokenSwapInput", "tokenToExchangeSwapInput"):
        rest = last(name, None, other_pool)
        refused(getattr(pool.exchange, name), SOLD, 1, 1, DEADLINE, *rest, error=error, sender=stranger)


def test_exchange_without_code(pool: Pool, stranger: Any, trader: Any, refused: Refused) -> None:
    """P9 an account without code is no exchange: the call fails and the tokens stay."""
    held = pool.token.balanceOf(trader)
    refused(pool.exchange.tokenToExchangeSwapInput, SOLD, 1, 1, DEADLINE, stranger, error=b"", sender=trader)
    refused(pool.exchange.tokenToExchangeSwapOutput, SOLD, MAX, MAX, DEADLINE, stranger, error=b"", sender=trader)
    assert pool.token.balanceOf(trader) == held


@pytest.mark.parametrize("empty", ["here", "there"])
def test_empty_pool(pool: Pool, new_pool: NewPool, third_token: Any, trader: Any, refused: Refused, empty: str) -> None:
    """P9 a pool without liquidity on either side stops the swap."""
    unfounded = new_pool(third_token, eth=0)
    first, second = (unfounded, pool) if empty == "here" else (pool, unfounded)
    swap, back = first.exchange.tokenToTokenSwapInput, first.exchange.tokenToTokenSwapOutput
    refused(swap, SOLD, 1, 1, DEADLINE, second.token, error="NoLiquidity()", sender=trader)
    refused(back, BOUGHT, MAX, MAX, DEADLINE, second.token, error="NoLiquidity()", sender=trader)
