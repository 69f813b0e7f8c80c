"""Adding and removing liquidity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth_utils.crypto import keccak

from tests.conftest import Refused
from tests.unit.conftest import VARIANTS, NewPool, Pool
from tests.unit.formulas import DEADLINE, ETHER

LOCKED = 1000
MAX = 2**256 - 1
ZERO = "0x" + "00" * 20


def topics(name: str, provider: Any, *values: int) -> list[bytes]:
    """Topics of an event whose three arguments are all indexed."""
    signature = keccak(text=f"{name}(address,uint256,uint256)")
    return [signature, bytes.fromhex(provider.address[2:]).rjust(32, b"\0"), *(v.to_bytes(32, "big") for v in values)]


@pytest.mark.parametrize("create", VARIANTS)
def test_first(new_pool: NewPool, third_token: Any, liquidity_provider: Any, create: str) -> None:
    """X9 the founder gives all of `max_tokens`, gets its ETH in liquidity less the 1000 units locked for good."""
    pool = new_pool(third_token, eth=0, create=create)
    held, wei = third_token.balanceOf(liquidity_provider), liquidity_provider.balance
    assert pool.exchange.balanceOf(ZERO) == pool.exchange.totalSupply() == 0
    given, tokens = 10**9, 12345
    receipt = pool.exchange.addLiquidity(0, tokens, DEADLINE, sender=liquidity_provider, value=given)

    assert receipt.return_value == given - LOCKED == pool.exchange.balanceOf(liquidity_provider)
    assert pool.exchange.totalSupply() == given
    assert pool.exchange.balanceOf(ZERO) == LOCKED
    assert (pool.eth, pool.tokens) == (given, tokens)
    assert third_token.balanceOf(liquidity_provider) == held - tokens
    assert liquidity_provider.balance == wei - given - receipt.total_fees_paid
    transfer = pool.exchange.Transfer
    assert receipt.events == [
        transfer(_from=ZERO, _to=ZERO, _value=LOCKED),
        third_token.Transfer(**{"from": liquidity_provider, "to": pool.exchange, "value": tokens}),
        pool.exchange.AddLiquidity(provider=liquidity_provider, eth_amount=given, token_amount=tokens),
        transfer(_from=ZERO, _to=liquidity_provider, _value=given - LOCKED),
    ]
    assert [bytes(t) for t in receipt.logs[2]["topics"]] == topics("AddLiquidity", liquidity_provider, given, tokens)


def test_first_ignores_minimum(new_pool: NewPool, third_token: Any, liquidity_provider: Any) -> None:
    """X9 as in V1 the founder's minimum isn't looked at: there is no price yet that could slip."""
    exchange = new_pool(third_token, eth=0).exchange
    assert exchange.addLiquidity(MAX, 1, DEADLINE, sender=liquidity_provider, value=10**9).return_value > 0


def test_first_counts_all_eth(chain: Any, new_pool: NewPool, third_token: Any, liquidity_provider: Any) -> None:
    """X9 ETH given before the founding belongs to the founder; the event names what was sent."""
    exchange = new_pool(third_token, eth=0).exchange
    chain.provider.set_balance(exchange.address, 777)
    receipt = exchange.addLiquidity(0, 5, DEADLINE, sender=liquidity_provider, value=10**9)
    assert receipt.return_value == 10**9 + 777 - LOCKED
    assert exchange.totalSupply() == 10**9 + 777
    event = exchange.AddLiquidity(provider=liquidity_provider, eth_amount=10**9, token_amount=5)
    assert event in receipt.events


def test_first_minimum_ether(
    chain: Any, new_pool: NewPool, third_token: Any, liquidity_provider: Any, refused: Refused
) -> None:
    """P9 a founder sends 1e9 wei or more, whatever lies in the pool."""
    exchange = new_pool(third_token, eth=0).exchange
    chain.provider.set_balance(exchange.address, 10**9)
    value = 10**9 - 1
    error = ("InitialLiquidityTooLow(uint256)", value)
    refused(exchange.addLiquidity, 0, 1, DEADLINE, error=error, sender=liquidity_provider, value=value)
    assert not exchange.addLiquidity(0, 1, DEADLINE, sender=liquidity_provider, value=10**9).failed


@pytest.mark.parametrize("value", [1, ETHER // 3 + 1, 5 * ETHER + 3])
def test_next(pool: Pool, trader: Any, value: int) -> None:
    """X10 who joins gives tokens in proportion plus one unit and gets liquidity in proportion, rounded down."""
    eth, tokens, supply = pool.eth, pool.tokens, pool.exchange.totalSupply()
    given, minted = value * tokens // eth + 1, value * supply // eth
    held, wei = pool.token.balanceOf(trader), trader.balance
    receipt = pool.exchange.addLiquidity(minted, given, DEADLINE, sender=trader, value=value)

    assert receipt.return_value == minted == pool.exchange.balanceOf(trader)
    assert pool.exchange.totalSupply() == supply + minted
    assert pool.exchange.balanceOf(ZERO) == LOCKED
    assert (pool.eth, pool.tokens) == (eth + value, tokens + given)
    assert pool.token.balanceOf(trader) == held - given
    assert trader.balance == wei - value - receipt.total_fees_paid
    assert pool.tokens * eth >= tokens * pool.eth
    assert receipt.events == [
        pool.token.Transfer(**{"from": trader, "to": pool.exchange, "value": given}),
        pool.exchange.AddLiquidity(provider=trader, eth_amount=value, token_amount=given),
        pool.exchange.Transfer(_from=ZERO, _to=trader, _value=minted),
    ]
    assert [bytes(topic) for topic in receipt.logs[1]["topics"]] == topics("AddLiquidity", trader, value, given)


def test_next_after_trades(pool: Pool, trader: Any) -> None:
    """X10 the proportion is that of the reserves as they stand, fees included: liquidity is dearer than ETH then."""
    pool.exchange.ethToTokenSwapInput(1, DEADLINE, sender=trader, value=ETHER)
    eth, tokens, supply = pool.eth, pool.tokens, pool.exchange.totalSupply()
    assert eth != supply
    receipt = pool.exchange.addLiquidity(1, MAX, DEADLINE, sender=trader, value=ETHER)
    assert receipt.return_value == ETHER * supply // eth
    assert pool.tokens - tokens == ETHER * tokens // eth + 1


def test_next_limits(pool: Pool, trader: Any, refused: Refused) -> None:
    """X4 one unit of tokens too few or of liquidity too much is refused; a minimum of zero is, too."""
    value = ETHER // 3 + 1
    given = value * pool.tokens // pool.eth + 1
    minted = value * pool.exchange.totalSupply() // pool.eth
    add = pool.exchange.addLiquidity
    error: Any = ("AboveMaximum(uint256,uint256)", given - 1, given)
    refused(add, 1, given - 1, DEADLINE, error=error, sender=trader, value=value)
    error = ("BelowMinimum(uint256,uint256)", minted + 1, minted)
    refused(add, minted + 1, given, DEADLINE, error=error, sender=trader, value=value)
    refused(add, 0, given, DEADLINE, error="ZeroAmount()", sender=trader, value=value)
    assert add.call(minted, given, DEADLINE, sender=trader, value=value) == minted


@pytest.mark.parametrize("founded", [False, True])
def test_add_nothing(
    pool: Pool, new_pool: NewPool, third_token: Any, trader: Any, refused: Refused, founded: bool
) -> None:
    """P9 neither ETH nor `max_tokens` may be zero, founding or joining."""
    add = pool.exchange.addLiquidity if founded else new_pool(third_token, eth=0).exchange.addLiquidity
    refused(add, 1, 0, DEADLINE, error="ZeroAmount()", sender=trader, value=ETHER)
    refused(add, 1, ETHER, DEADLINE, error="ZeroAmount()", sender=trader)


def test_add_without_tokens(pool: Pool, new_pool: NewPool, third_token: Any, stranger: Any, refused: Refused) -> None:
    """P9 who holds or allowed too few tokens adds nothing."""
    given = pool.tokens * ETHER // pool.eth + 1
    error = ("ERC20InsufficientAllowance(address,uint256,uint256)", pool.exchange, 0, given)
    refused(pool.exchange.addLiquidity, 1, MAX, DEADLINE, error=error, sender=stranger, value=ETHER)
    exchange = new_pool(third_token, eth=0).exchange
    third_token.approve(exchange, 7, sender=stranger)
    error = ("ERC20InsufficientBalance(address,uint256,uint256)", stranger, 0, 7)
    refused(exchange.addLiquidity, 1, 7, DEADLINE, error=error, sender=stranger, value=ETHER)


def test_add_overflow(chain: Any, pool: Pool, trader: Any, refused: Refused) -> None:
    """P9 ETH too much to multiply is named so."""
    value = 2**200
    chain.provider.set_balance(trader.address, value + 1)
    refused(pool.exchange.addLiquidity, 1, MAX, DEADLINE, error="AmountOverflow()", sender=trader, value=value)


def test_add_supply_overflow(chain: Any, pool: Pool, trader: Any, refused: Refused) -> None:
    """P9 with more tokens than liquidity it is the tokens that first are too much to multiply."""
    exchange = pool.exchange
    exchange.tokenToEthSwapInput(ETHER, 1, DEADLINE, sender=trader)  # more liquidity than ETH
    value = (2**256 - 1) // pool.tokens
    chain.provider.set_balance(trader.address, value + 1)
    supply, eth = exchange.totalSupply(), pool.eth
    assert supply < pool.tokens
    given = value * pool.tokens // eth + 1
    error: Any = ("AboveMaximum(uint256,uint256)", given - 1, given)
    refused(exchange.addLiquidity, 1, given - 1, DEADLINE, error=error, sender=trader, value=value)
    refused(exchange.addLiquidity, 1, MAX, DEADLINE, error="AmountOverflow()", sender=trader, value=value + 1)


@pytest.mark.parametrize("part", [1, 10**9, ETHER // 3 + 1])
def test_remove(pool: Pool, liquidity_provider: Any, trader: Any, part: int) -> None:
    """X11 liquidity gives its share of both reserves, rounded down; exact minimums are met."""
    pool.exchange.ethToTokenSwapInput(1, DEADLINE, sender=trader, value=ETHER)
    pool.token.transfer(pool.exchange, 10**10, sender=trader)
    eth, tokens, supply = pool.eth, pool.tokens, pool.exchange.totalSupply()
    owned = pool.exchange.balanceOf(liquidity_provider)
    wei_out, tokens_out = part * eth // supply, part * tokens // supply
    held, wei = pool.token.balanceOf(liquidity_provider), liquidity_provider.balance
    receipt = pool.exchange.removeLiquidity(part, wei_out, tokens_out, DEADLINE, sender=liquidity_provider)

    assert tuple(receipt.return_value) == (wei_out, tokens_out)
    assert pool.exchange.balanceOf(liquidity_provider) == owned - part
    assert pool.exchange.totalSupply() == supply - part
    assert (pool.eth, pool.tokens) == (eth - wei_out, tokens - tokens_out)
    assert pool.token.balanceOf(liquidity_provider) == held + tokens_out
    assert liquidity_provider.balance == wei + wei_out - receipt.total_fees_paid
    assert receipt.events == [
        pool.token.Transfer(**{"from": pool.exchange, "to": liquidity_provider, "value": tokens_out}),
        pool.exchange.RemoveLiquidity(provider=liquidity_provider, eth_amount=wei_out, token_amount=tokens_out),
        pool.exchange.Transfer(_from=liquidity_provider, _to=ZERO, _value=part),
    ]
    logged = [bytes(topic) for topic in receipt.logs[1]["topics"]]
    assert logged == topics("RemoveLiquidity", liquidity_provider, wei_out, tokens_out)


def test_remove_limits(pool: Pool, liquidity_provider: Any, refused: Refused) -> None:
    """X4 one unit more than the share of either reserve is refused, zero amounts and minimums are."""
    remove, supply = pool.exchange.removeLiquidity, pool.exchange.totalSupply()
    wei, tokens = ETHER * pool.eth // supply, ETHER * pool.tokens // supply
    below = "BelowMinimum(uint256,uint256)"
    refused(remove, ETHER, wei + 1, tokens, DEADLINE, error=(below, wei + 1, wei), sender=liquidity_provider)
    error = (below, tokens + 1, tokens)
    refused(remove, ETHER, wei, tokens + 1, DEADLINE, error=error, sender=liquidity_provider)
    for arguments in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        refused(remove, *arguments, DEADLINE, error="ZeroAmount()", sender=liquidity_provider)
    assert tuple(remove.call(ETHER, wei, tokens, DEADLINE, sender=liquidity_provider)) == (wei, tokens)


def test_remove_too_much(pool: Pool, liquidity_provider: Any, trader: Any, stranger: Any, refused: Refused) -> None:
    """P9 nobody removes more than its own liquidity, and amounts too large to multiply are named so."""
    remove = pool.exchange.removeLiquidity
    owned = pool.exchange.balanceOf(liquidity_provider)
    assert owned == 5 * ETHER + 3 - LOCKED
    lacking = "ERC20InsufficientBalance(address,uint256,uint256)"
    error: Any = (lacking, liquidity_provider, owned, owned + 1)
    refused(remove, owned + 1, 1, 1, DEADLINE, error=error, sender=liquidity_provider)
    refused(remove, 1, 1, 1, DEADLINE, error=(lacking, stranger, 0, 1), sender=stranger)
    for amount in (2**255, MAX, MAX // pool.eth + 1, MAX // pool.tokens + 1):
        refused(remove, amount, 1, 1, DEADLINE, error="AmountOverflow()", sender=liquidity_provider)


def test_remove_from_nothing(new_pool: NewPool, third_token: Any, trader: Any, refused: Refused) -> None:
    """P9 an exchange nobody founded has no liquidity to remove."""
    remove = new_pool(third_token, eth=0).exchange.removeLiquidity
    refused(remove, 1, 1, 1, DEADLINE, error="NoLiquidity()", sender=trader)


def test_tokens_gone(chain: Any, pool: Pool, liquidity_provider: Any, trader: Any, refused: Refused) -> None:
    """P9 where a token took all of the pool's tokens away, quotes and removals are refused by name, not by a panic."""
    slot = keccak(bytes(12) + bytes.fromhex(pool.exchange.address[2:]) + bytes(32))  # balances come first in an ERC-20
    chain.provider.set_storage(pool.token.address, int.from_bytes(slot, "big"), bytes(32))
    assert pool.tokens == 0
    error = ("BelowMinimum(uint256,uint256)", 1, 0)
    refused(pool.exchange.removeLiquidity, ETHER, 1, 1, DEADLINE, error=error, sender=liquidity_provider)
    refused(pool.exchange.getEthToTokenInputPrice, 1, error="NoLiquidity()", sender=trader)
    refused(pool.exchange.tokenToEthSwapInput, 1, 1, DEADLINE, error="NoLiquidity()", sender=trader)
    minted = ETHER * pool.exchange.totalSupply() // pool.eth
    receipt = pool.exchange.addLiquidity(minted, 1, DEADLINE, sender=trader, value=ETHER)
    assert receipt.return_value == minted
    assert pool.tokens == 1


@pytest.mark.parametrize("create", VARIANTS)
def test_all_leave_and_found_again(
    new_pool: NewPool, third_token: Any, liquidity_provider: Any, trader: Any, refused: Refused, create: str
) -> None:
    """X12 when all have left, the locked part stays; whoever founds again sets the price and gets all but that."""
    pool = new_pool(third_token, eth=2 * ETHER, tokens=3 * ETHER, create=create)
    owned = pool.exchange.balanceOf(liquidity_provider)
    pool.exchange.removeLiquidity(owned, 1, 1, DEADLINE, sender=liquidity_provider)
    assert pool.exchange.totalSupply() == pool.exchange.balanceOf(ZERO) == LOCKED
    assert (pool.eth, pool.tokens) == (LOCKED, 1500)
    error: Any = ("ERC20InsufficientBalance(address,uint256,uint256)", liquidity_provider, 0, 1)
    refused(pool.exchange.removeLiquidity, 1, 1, 1, DEADLINE, error=error, sender=liquidity_provider)
    error = ("InitialLiquidityTooLow(uint256)", 10**9 - 1)
    refused(pool.exchange.addLiquidity, 1, 1, DEADLINE, error=error, sender=trader, value=10**9 - 1)

    receipt = pool.exchange.addLiquidity(0, ETHER, DEADLINE, sender=trader, value=4 * ETHER)
    assert receipt.return_value == 4 * ETHER == pool.exchange.balanceOf(trader)
    assert pool.exchange.totalSupply() == 4 * ETHER + LOCKED == pool.eth
    assert pool.tokens == ETHER + 1500
    assert pool.exchange.balanceOf(ZERO) == LOCKED
    minted = [event for event in receipt.events if event.contract_address == pool.exchange.address]
    assert minted == [
        pool.exchange.AddLiquidity(provider=trader, eth_amount=4 * ETHER, token_amount=ETHER),
        pool.exchange.Transfer(_from=ZERO, _to=trader, _value=4 * ETHER),
    ]


def test_one_unit_owned_is_founded(new_pool: NewPool, third_token: Any, liquidity_provider: Any, trader: Any) -> None:
    """X12 as long as anybody owns a unit of liquidity, joining follows the reserves."""
    pool = new_pool(third_token, eth=ETHER, tokens=2 * ETHER)
    owned = pool.exchange.balanceOf(liquidity_provider)
    pool.exchange.removeLiquidity(owned - 1, 1, 1, DEADLINE, sender=liquidity_provider)
    assert pool.exchange.totalSupply() == LOCKED + 1
    receipt = pool.exchange.addLiquidity(1, ETHER, DEADLINE, sender=trader, value=LOCKED + 1)
    assert receipt.return_value == LOCKED + 1
    assert pool.tokens == 2 * (LOCKED + 1) + 2 * (LOCKED + 1) + 1


@pytest.mark.parametrize("name", ["addLiquidity", "removeLiquidity"])
def test_deadline(
    chain: Any,
    exchange: Any,
    liquidity_provider: Any,
    refused: Refused,
    at_time: Callable[[int], None],
    name: str,
) -> None:
    """X5 a liquidity deadline lies after the block's time: that time itself is too late."""
    now = chain.blocks.head.timestamp + 1000
    method, value = getattr(exchange, name), ETHER if name == "addLiquidity" else 0
    arguments = (1, MAX) if value else (ETHER, 1, 1)
    for deadline in (0, now - 1, now):
        error = ("DeadlinePassed(uint256,uint256)", deadline, now)
        call = {"sender": liquidity_provider, "value": value, "time": now}
        refused(method, *arguments, deadline, error=error, **call)
    at_time(now)
    receipt = method(*arguments, now + 1, sender=liquidity_provider, value=value)
    assert not receipt.failed
    assert receipt.timestamp == now


@pytest.mark.parametrize("listed", [False, True])
def test_unregistered(
    project: Any, deployer: Any, liquidity_provider: Any, third_token: Any, refused: Refused, listed: bool
) -> None:
    """X13 an exchange its factory doesn't list for its token can't be founded."""
    factory = deployer.deploy(project.LoneFactory, third_token)
    exchange = project.UniswapExchange.at(factory.exchange())
    assert exchange.factoryAddress() == factory.address
    third_token.approve(exchange, MAX, sender=liquidity_provider)
    add, call = exchange.addLiquidity, {"sender": liquidity_provider, "value": 10**9}
    refused(add, 0, 5, DEADLINE, error="UnregisteredExchange()", **call)
    factory.list(third_token, factory, sender=deployer)
    refused(add, 0, 5, DEADLINE, error="UnregisteredExchange()", **call)
    if listed:
        factory.list(third_token, exchange, sender=deployer)
        assert not add(0, 5, DEADLINE, **call).failed


def test_standalone(project: Any, deployer: Any, liquidity_provider: Any, third_token: Any, refused: Refused) -> None:
    """X13 an exchange deployed by an account without code has no factory to list it: founding fails."""
    exchange = deployer.deploy(project.UniswapExchange, third_token)
    assert exchange.factoryAddress() == deployer.address
    third_token.approve(exchange, MAX, sender=liquidity_provider)
    refused(exchange.addLiquidity, 0, 5, DEADLINE, error=b"", sender=liquidity_provider, value=10**9)
