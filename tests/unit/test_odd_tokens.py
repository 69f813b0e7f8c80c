"""Tokens that don't do what ERC-20 says: whatever they do, the pool gives nothing away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Refused
from tests.unit.conftest import NewPool, Pool, funded
from tests.unit.formulas import DEADLINE, ETHER, input_price, output_price

MAX = 2**256 - 1
KINDS = ["SilentToken", "HalfSilentToken", "FalseToken", "FeeToken", "MuteToken"]


@pytest.fixture(scope="module")
def odd_pools(project: Any, deployer: Any, new_pool: NewPool, liquidity_provider: Any, trader: Any) -> dict[str, Pool]:
    """A pool in use of each odd token, while the token still behaves."""
    pools = {}
    for kind in KINDS:
        token = funded(deployer.deploy(getattr(project, kind), 10**30), deployer, liquidity_provider, trader)
        pools[kind] = new_pool(token)
    return pools


@pytest.mark.parametrize("kind", KINDS)
def test_whole_life(odd_pools: dict[str, Pool], trader: Any, liquidity_provider: Any, kind: str) -> None:
    """X20 tokens that return nothing, or something, work in every direction as long as they move what is asked."""
    pool = odd_pools[kind]
    exchange, k = pool.exchange, pool.k
    bought = input_price(ETHER, pool.eth, pool.tokens)
    held = pool.token.balanceOf(trader)
    exchange.ethToTokenSwapInput(bought, DEADLINE, sender=trader, value=ETHER)
    assert pool.token.balanceOf(trader) == held + bought
    wei = input_price(bought, pool.tokens, pool.eth)
    assert exchange.tokenToEthSwapInput(bought, wei, DEADLINE, sender=trader).return_value == wei
    assert pool.k >= k
    owned = exchange.addLiquidity(1, MAX, DEADLINE, sender=trader, value=ETHER).return_value
    exchange.removeLiquidity(owned, 1, 1, DEADLINE, sender=trader)
    rest = exchange.balanceOf(liquidity_provider)
    exchange.removeLiquidity(rest, 1, 1, DEADLINE, sender=liquidity_provider)
    assert exchange.totalSupply() == 1000


def test_false_is_failure(odd_pools: dict[str, Pool], trader: Any, liquidity_provider: Any, refused: Refused) -> None:
    """X20 a token that returns false stops every call that would move it, both ways."""
    pool = odd_pools["FalseToken"]
    exchange, error = pool.exchange, ("SafeERC20FailedOperation(address)", pool.token)
    pool.token.approve(exchange, 0, sender=trader)
    refused(exchange.tokenToEthSwapInput, ETHER, 1, DEADLINE, error=error, sender=trader)
    pool.token.setFailing(True, sender=trader)
    for sender in (trader, liquidity_provider):
        refused(exchange.tokenToEthSwapOutput, ETHER, MAX, DEADLINE, error=error, sender=sender)
        refused(exchange.addLiquidity, 1, MAX, DEADLINE, error=error, sender=sender, value=ETHER)
        refused(exchange.ethToTokenSwapInput, 1, DEADLINE, error=error, sender=sender, value=ETHER)
        refused(exchange.ethToTokenSwapOutput, 1, DEADLINE, error=error, sender=sender, value=ETHER)
    refused(exchange.removeLiquidity, ETHER, 1, 1, DEADLINE, error=error, sender=liquidity_provider)


def test_fee_switched_on(
    odd_pools: dict[str, Pool], other_pool: Pool, trader: Any, liquidity_provider: Any, recipient: Any, refused: Refused
) -> None:
    """X21 once a token keeps a part of each transfer, nothing can be sold or added; buying delivers what the token
    delivers and all liquidity can be taken out, so nothing is stuck."""
    pool = odd_pools["FeeToken"]
    exchange, eth, tokens = pool.exchange, pool.eth, pool.tokens
    pool.token.setFee(100, sender=trader)

    def missing(amount: int) -> tuple[Any, ...]:
        return ("TokensMissing(uint256,uint256)", amount, amount - amount // 100)

    refused(exchange.tokenToEthSwapInput, ETHER, 1, DEADLINE, error=missing(ETHER), sender=trader)
    price = output_price(ETHER, tokens, eth)
    refused(exchange.tokenToEthSwapOutput, ETHER, MAX, DEADLINE, error=missing(price), sender=trader)
    to = (ETHER, 1, 1, DEADLINE, other_pool.token)
    refused(exchange.tokenToTokenSwapInput, *to, error=missing(ETHER), sender=trader)
    wei = output_price(ETHER, other_pool.eth, other_pool.tokens)
    back = (ETHER, MAX, MAX, DEADLINE, other_pool.token)
    error = missing(output_price(wei, tokens, eth))
    refused(exchange.tokenToTokenSwapOutput, *back, error=error, sender=trader)
    given = ETHER * tokens // eth + 1
    refused(exchange.addLiquidity, 1, MAX, DEADLINE, error=missing(given), sender=trader, value=ETHER)

    bought, held = input_price(ETHER, eth, tokens), pool.token.balanceOf(recipient)
    receipt = exchange.ethToTokenTransferInput(bought, DEADLINE, recipient, sender=trader, value=ETHER)
    assert receipt.return_value == bought
    assert pool.token.balanceOf(recipient) == held + bought - bought // 100
    owned, supply = exchange.balanceOf(liquidity_provider), exchange.totalSupply()
    share = owned * pool.tokens // supply
    wei, mine, part = liquidity_provider.balance, pool.token.balanceOf(liquidity_provider), owned * pool.eth // supply
    receipt = exchange.removeLiquidity(owned, part, share, DEADLINE, sender=liquidity_provider)
    assert liquidity_provider.balance == wei + part - receipt.total_fees_paid
    assert pool.token.balanceOf(liquidity_provider) == mine + share - share // 100


def test_fee_from_the_start(
    project: Any, deployer: Any, new_pool: NewPool, liquidity_provider: Any, trader: Any, refused: Refused
) -> None:
    """X21 a pool of a token with a fee can't even be founded."""
    token = funded(deployer.deploy(project.FeeToken, 10**30), deployer, liquidity_provider, trader)
    exchange = new_pool(token, eth=0).exchange
    token.setFee(1, sender=deployer)
    error = ("TokensMissing(uint256,uint256)", 10**6, 10**6 - 100)
    refused(exchange.addLiquidity, 0, 10**6, DEADLINE, error=error, sender=trader, value=10**9)


@pytest.mark.parametrize("mode", [1, 2])
def test_mute(
    odd_pools: dict[str, Pool], trader: Any, liquidity_provider: Any, refused: Refused, refused_data: Refused, mode: int
) -> None:
    """X22 a token that reverts when asked for a balance, or answers too short, stops every call with InvalidToken."""
    pool = odd_pools["MuteToken"]
    exchange = pool.exchange
    pool.token.setMode(mode, sender=trader)
    call: dict[str, Any] = {"error": "InvalidToken()", "sender": liquidity_provider}
    for name in ("getEthToTokenInputPrice", "getEthToTokenOutputPrice"):
        refused(getattr(exchange, name), 1, **call)
    for name in ("getTokenToEthInputPrice", "getTokenToEthOutputPrice"):
        refused(getattr(exchange, name), 1, **call)
    refused(exchange.ethToTokenSwapInput, 1, DEADLINE, **call, value=ETHER)
    refused(exchange.ethToTokenSwapOutput, 1, DEADLINE, **call, value=ETHER)
    refused(exchange.tokenToEthSwapInput, 1, 1, DEADLINE, **call)
    refused(exchange.tokenToEthSwapOutput, 1, MAX, DEADLINE, **call)
    refused(exchange.tokenToTokenSwapInput, 1, 1, 1, DEADLINE, trader, **(call | {"error": invalid_zero()}))
    refused(exchange.addLiquidity, 1, MAX, DEADLINE, **call, value=ETHER)
    refused(exchange.removeLiquidity, 1, 1, 1, DEADLINE, **call)
    refused_data(exchange, b"", **call, value=ETHER)
    pool.token.setMode(0, sender=trader)
    assert not exchange.ethToTokenSwapInput(1, DEADLINE, sender=trader, value=ETHER).failed


def invalid_zero() -> tuple[str, str]:
    """The other side of a swap is looked up first: nobody's exchange."""
    return ("InvalidExchange(address)", "0x" + "00" * 20)


def test_taking_token(
    project: Any, deployer: Any, new_pool: NewPool, liquidity_provider: Any, trader: Any, refused: Refused
) -> None:
    """X21 a token that takes from the pool instead of giving stops the call with what is missing."""
    token = funded(deployer.deploy(project.TakingToken, 10**30), deployer, liquidity_provider, trader)
    exchange = new_pool(token).exchange
    token.setTaking(5, sender=trader)
    error = ("TokensMissing(uint256,uint256)", ETHER, 0)
    refused(exchange.tokenToEthSwapInput, ETHER, 1, DEADLINE, error=error, sender=trader)
    token.setTaking(0, sender=trader)
    assert not exchange.tokenToEthSwapInput(ETHER, 1, DEADLINE, sender=trader).failed


def test_vanished_token(chain: Any, odd_pools: dict[str, Pool], trader: Any, refused: Refused) -> None:
    """X22 a token whose code is gone answers nothing: no call goes on as if its balance were something."""
    pool = odd_pools["SilentToken"]
    chain.provider.set_code(pool.token.address, "0x")
    refused(pool.exchange.getEthToTokenInputPrice, 1, error="InvalidToken()", sender=trader)
    refused(pool.exchange.ethToTokenSwapInput, 1, DEADLINE, error="InvalidToken()", sender=trader, value=ETHER)
