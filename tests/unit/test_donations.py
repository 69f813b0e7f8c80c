"""Attacks that give to a pool in order to take more from others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Refused
from tests.unit.conftest import NewPool, Pool
from tests.unit.formulas import DEADLINE, ETHER

MAX = 2**256 - 1


def give_ether(project: Any, pool: Pool, giver: Any, amount: int) -> None:
    """Forces ETH on the pool."""
    before = pool.eth
    giver.deploy(project.ForcedEther).give(pool.exchange, sender=giver, value=amount)
    assert pool.eth == before + amount


def worth(pool: Pool, owned: int) -> tuple[int, int]:
    """Wei and tokens that liquidity is worth."""
    supply = pool.exchange.totalSupply()
    return owned * pool.eth // supply, owned * pool.tokens // supply


@pytest.mark.parametrize("dust", [1, 10**3, 10**6])
@pytest.mark.parametrize("gift", [ETHER, 1000 * ETHER])
def test_inflated_share(
    new_pool: NewPool,
    project: Any,
    third_token: Any,
    liquidity_provider: Any,
    trader: Any,
    dust: int,
    gift: int,
) -> None:
    """X23 a founder leaves only `dust` of its liquidity and gives `gift` to the pool to make a unit dear: the joiner
    loses at most one unit, a thousandth of the gift or less, and the attacker 999 times that or more, also if it waits
    until everyone has left and joins again."""
    attacker, victim = liquidity_provider, trader
    pool = new_pool(third_token, eth=10**9, tokens=10**9)
    exchange = pool.exchange
    wei, tokens = attacker.balance + 10**9, third_token.balanceOf(attacker) + 10**9
    owned = exchange.balanceOf(attacker)
    exchange.removeLiquidity(owned - dust, 1, 1, DEADLINE, sender=attacker)
    give_ether(project, pool, attacker, gift)
    third_token.transfer(exchange, gift, sender=attacker)

    added, held = 3 * gift + 7, third_token.balanceOf(victim)
    minted = exchange.addLiquidity(1, MAX, DEADLINE, sender=victim, value=added).return_value
    gave = held - third_token.balanceOf(victim)
    back_wei, back_tokens = worth(pool, minted)
    unit = -(-gift // (1000 + dust)) + 10**6  # a unit of liquidity is never dearer than this
    assert added - back_wei <= unit
    assert gave - back_tokens <= unit + 1

    exchange.removeLiquidity(dust, 1, 1, DEADLINE, sender=attacker)
    exchange.removeLiquidity(minted, 1, 1, DEADLINE, sender=victim)
    rejoined = exchange.addLiquidity(1, MAX, DEADLINE, sender=attacker, value=added).return_value
    exchange.removeLiquidity(rejoined, 1, 1, DEADLINE, sender=attacker)
    assert attacker.balance < wei
    assert third_token.balanceOf(attacker) < tokens
    assert wei - attacker.balance >= 999 * max(added - back_wei, gift // (1000 + dust))


def test_minimum_protects_the_victim(
    new_pool: NewPool, project: Any, third_token: Any, liquidity_provider: Any, trader: Any, refused: Refused
) -> None:
    """X23 a joiner that names the liquidity it expects is not served at the inflated price."""
    pool = new_pool(third_token, eth=10**9, tokens=10**9)
    expected = 10**9
    give_ether(project, pool, liquidity_provider, ETHER)
    minted = 10**9 * pool.exchange.totalSupply() // pool.eth
    error = ("BelowMinimum(uint256,uint256)", expected, minted)
    refused(pool.exchange.addLiquidity, expected, MAX, DEADLINE, error=error, sender=trader, value=10**9)


def test_gifts_belong_to_liquidity(
    new_pool: NewPool, project: Any, third_token: Any, liquidity_provider: Any, trader: Any
) -> None:
    """X23 what is given to a pool goes to those who own its liquidity."""
    pool = new_pool(third_token, eth=ETHER, tokens=ETHER)
    owned = pool.exchange.balanceOf(liquidity_provider)
    give_ether(project, pool, trader, ETHER)
    third_token.transfer(pool.exchange, ETHER, sender=trader)
    receipt = pool.exchange.removeLiquidity(owned, 1, 1, DEADLINE, sender=liquidity_provider)
    assert tuple(receipt.return_value) == (owned * 2, owned * 2)


def test_gift_before_founding(
    new_pool: NewPool, project: Any, third_token: Any, liquidity_provider: Any, trader: Any
) -> None:
    """X23 ETH or tokens given before the founding go to the founder; the locked units stay a thousand."""
    pool = new_pool(third_token, eth=0)
    give_ether(project, pool, trader, ETHER)
    third_token.transfer(pool.exchange, ETHER, sender=trader)
    owned = pool.exchange.addLiquidity(0, 5, DEADLINE, sender=liquidity_provider, value=10**9).return_value
    assert owned == ETHER + 10**9 - 1000
    assert pool.tokens == ETHER + 5
    assert worth(pool, owned)[0] == owned
