"""The four quotes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Refused
from tests.unit.conftest import NewPool, Pool
from tests.unit.formulas import ETHER, input_price, output_price

QUOTES = [
    "getEthToTokenInputPrice",
    "getEthToTokenOutputPrice",
    "getTokenToEthInputPrice",
    "getTokenToEthOutputPrice",
]
AMOUNTS = [1, 2, 999, 10**9 + 7, ETHER // 3 + 1, 3 * ETHER - 1]


def sides(pool: Pool, name: str) -> tuple[int, int]:
    """Reserves of what is sold and what is bought."""
    return (pool.eth, pool.tokens) if "EthToToken" in name else (pool.tokens, pool.eth)


@pytest.mark.parametrize("name", QUOTES)
@pytest.mark.parametrize("amount", AMOUNTS)
def test_exact(pool: Pool, name: str, amount: int) -> None:
    """X7 a quote is the formula of its swap."""
    price = input_price if "Input" in name else output_price
    assert getattr(pool.exchange, name)(amount) == price(amount, *sides(pool, name))


@pytest.mark.parametrize("name", QUOTES)
def test_zero(exchange: Any, trader: Any, refused: Refused, name: str) -> None:
    """P9 nothing has no price."""
    refused(getattr(exchange, name), 0, error="ZeroAmount()", sender=trader)


@pytest.mark.parametrize("name", QUOTES)
def test_extremes(pool: Pool, trader: Any, refused: Refused, name: str) -> None:
    """P9 amounts beyond the reserve or too large to multiply are named so."""
    quote = getattr(pool.exchange, name)
    sold, bought = sides(pool, name)
    if "Output" in name:
        for amount in (bought, bought + 1, 2**255, 2**256 - 1):
            error = ("InsufficientReserve(uint256,uint256)", amount, bought)
            refused(quote, amount, error=error, sender=trader)
        assert quote(bought - 1) == output_price(bought - 1, sold, bought)
    else:
        for amount in (2**256 // 997 + 1, 2**255, 2**256 - 1):
            refused(quote, amount, error="AmountOverflow()", sender=trader)
        largest = (2**256 - 1) // bought // 997
        assert quote(largest) == input_price(largest, sold, bought)
        refused(quote, largest + 1, error="AmountOverflow()", sender=trader)


def test_huge_reserves(
    chain: Any, new_pool: NewPool, deployer: Any, project: Any, trader: Any, refused: Refused
) -> None:
    """P9 reserves near 256 bits give exact prices or AmountOverflow, never a panic."""
    huge = deployer.deploy(project.Token, 2**256 - 1)
    pool = new_pool(huge, eth=0)
    huge.transfer(pool.exchange, 2**256 // 1000 - 1, sender=deployer)
    chain.provider.set_balance(pool.exchange.address, 1000)
    held = pool.tokens
    assert held * 1000 < 2**256
    # Sold tokens: reserve * 1000 just fits, the sum with the sold amount doesn't.
    refused(pool.exchange.getTokenToEthInputPrice, 2, error="AmountOverflow()", sender=trader)
    assert pool.exchange.getTokenToEthInputPrice(1) == 0
    assert pool.exchange.getEthToTokenOutputPrice(1) == output_price(1, 1000, held)
    assert pool.exchange.getTokenToEthOutputPrice(1) == output_price(1, held, 1000)
    refused(pool.exchange.getTokenToEthOutputPrice, 2, error="AmountOverflow()", sender=trader)
    refused(pool.exchange.getEthToTokenInputPrice, 2, error="AmountOverflow()", sender=trader)
    assert pool.exchange.getEthToTokenInputPrice(1) == input_price(1, 1000, held)
    huge.transfer(pool.exchange, 1, sender=deployer)  # now the reserve times 1000 is the largest that fits
    assert pool.tokens == (2**256 - 1) // 1000
    assert pool.exchange.getTokenToEthOutputPrice(1) == output_price(1, held + 1, 1000)
    huge.transfer(pool.exchange, held, sender=deployer)
    refused(pool.exchange.getTokenToEthInputPrice, 1, error="AmountOverflow()", sender=trader)
    refused(pool.exchange.getEthToTokenOutputPrice, 1, error="AmountOverflow()", sender=trader)


def test_empty_pool(new_pool: NewPool, chain: Any, second_token: Any, trader: Any, refused: Refused) -> None:
    """P9 without ETH or without tokens there is no price."""
    pool = new_pool(second_token, eth=0)

    def no_price() -> None:
        for name in QUOTES:
            refused(getattr(pool.exchange, name), 1, error="NoLiquidity()", sender=trader)

    no_price()
    chain.provider.set_balance(pool.exchange.address, 10)
    no_price()
    chain.provider.set_balance(pool.exchange.address, 0)
    second_token.transfer(pool.exchange, 10, sender=trader)
    no_price()
