"""Swaps through an exchange nobody vouches for."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak

from tests.conftest import Refused
from tests.unit.conftest import Pool
from tests.unit.formulas import DEADLINE, ETHER, input_price, output_price

MAX = 2**256 - 1
REENTRANT = keccak(text="ReentrancyGuardReentrantCall()")[:4]


@pytest.fixture(scope="module")
def custom(project: Any, deployer: Any) -> Any:
    """An exchange that keeps the ETH and delivers nothing."""
    return deployer.deploy(project.CustomExchange)


@pytest.mark.parametrize("how", ["Swap", "Transfer"])
def test_takes_the_swaps_ether_only(
    pool: Pool, custom: Any, deployer: Any, trader: Any, recipient: Any, how: str
) -> None:
    """X24 whatever it claims to have delivered, a named exchange gets the ETH of the swap; the pool is paid for it."""
    custom.set(ETHER, MAX, sender=deployer)
    to = (recipient,) if how == "Transfer" else ()
    eth, tokens, k = pool.eth, pool.tokens, pool.k
    wei = input_price(ETHER, tokens, eth)
    sell = getattr(pool.exchange, f"tokenToExchange{how}Input")
    receipt = sell(ETHER, MAX, 1, DEADLINE, *to, custom, sender=trader)
    assert receipt.return_value == MAX
    assert custom.received() == custom.balance == wei
    assert (pool.eth, pool.tokens) == (eth - wei, tokens + ETHER)
    assert pool.k >= k

    eth, tokens, k = pool.eth, pool.tokens, pool.k
    sold = output_price(ETHER, tokens, eth)
    buy = getattr(pool.exchange, f"tokenToExchange{how}Output")
    assert buy(7, sold, ETHER, DEADLINE, *to, custom, sender=trader).return_value == sold
    assert custom.balance == wei + ETHER
    assert (pool.eth, pool.tokens) == (eth - ETHER, tokens + sold)
    assert pool.k >= k


def test_its_price_is_limited(pool: Pool, custom: Any, deployer: Any, trader: Any, refused: Refused) -> None:
    """X24 a price above the caller's maximum, above the reserve, or of nothing gives the named exchange nothing."""
    buy, above = pool.exchange.tokenToExchangeSwapOutput, "AboveMaximum(uint256,uint256)"
    custom.set(ETHER, 0, sender=deployer)
    refused(buy, 7, MAX, ETHER - 1, DEADLINE, custom, error=(above, ETHER - 1, ETHER), sender=trader)
    for price in (pool.eth, MAX):
        custom.set(price, 0, sender=deployer)
        error = ("InsufficientReserve(uint256,uint256)", price, pool.eth)
        refused(buy, 7, MAX, MAX, DEADLINE, custom, error=error, sender=trader)
    custom.set(0, 0, sender=deployer)
    assert buy(7, 1, 1, DEADLINE, custom, sender=trader).return_value == 1
    assert custom.received() == 0


def test_own_checks(pool: Pool, custom: Any, chain: Any, deployer: Any, trader: Any, refused: Refused) -> None:
    """X24 zero amounts and a passed deadline are refused here, whatever the named exchange would let pass."""
    custom.set(0, 0, sender=deployer)
    sell, buy = pool.exchange.tokenToExchangeSwapInput, pool.exchange.tokenToExchangeSwapOutput
    for limits in ((0, 1, 1), (ETHER, 0, 1), (ETHER, 1, 0)):
        refused(sell, *limits, DEADLINE, custom, error="ZeroAmount()", sender=trader)
    for limits in ((0, MAX, MAX), (ETHER, MAX, 0)):
        refused(buy, *limits, DEADLINE, custom, error="ZeroAmount()", sender=trader)
    now = chain.blocks.head.timestamp + 1000
    error = ("DeadlinePassed(uint256,uint256)", now - 1, now)
    refused(sell, ETHER, 1, 1, now - 1, custom, error=error, sender=trader, time=now)
    refused(buy, ETHER, MAX, MAX, now - 1, custom, error=error, sender=trader, time=now)
    assert sell.call(ETHER, 1, 1, DEADLINE, custom, sender=trader) == 0
    assert buy.call(ETHER, MAX, MAX, DEADLINE, custom, sender=trader) == 1


@pytest.mark.parametrize("name", ["ethToTokenSwapInput", "addLiquidity", "getEthToTokenInputPrice", "default"])
@pytest.mark.parametrize("way", ["Input", "Output"])
def test_can_not_reenter(pool: Pool, custom: Any, deployer: Any, trader: Any, name: str, way: str) -> None:
    """X24 while it holds the ETH of the swap, a named exchange can't call the pool or ask it for a price."""
    arguments = {
        "ethToTokenSwapInput": (1, DEADLINE),
        "addLiquidity": (1, MAX, DEADLINE),
        "getEthToTokenInputPrice": (1,),
    }
    data = getattr(pool.exchange, name).encode_input(*arguments[name]) if name in arguments else b""
    custom.set(ETHER, 0, sender=deployer)
    custom.plan(pool.exchange, 0 if name.startswith("get") else 1000, data, sender=deployer)
    method = getattr(pool.exchange, f"tokenToExchangeSwap{way}")
    limits = (1, 1) if way == "Input" else (MAX, MAX)
    k = pool.k
    assert not method(ETHER, *limits, DEADLINE, custom, sender=trader).failed
    assert (custom.attempts(), custom.successes()) == (1, 0)
    assert bytes(custom.lastResult()) == REENTRANT
    assert pool.k >= k


def test_a_pool_can_not_be_both_sides(pool: Pool, other_pool: Pool, trader: Any, refused: Refused) -> None:
    """X24 a swap through the pool back to itself by way of another is refused as inner call, not half done."""
    sell = pool.exchange.tokenToExchangeSwapInput
    refused(
        sell, ETHER, 1, 1, DEADLINE, pool.exchange, error=("InvalidExchange(address)", pool.exchange), sender=trader
    )
    assert sell.call(ETHER, 1, 1, DEADLINE, other_pool.exchange, sender=trader) > 0
