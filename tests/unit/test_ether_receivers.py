"""Contract accounts that receive ETH from a pool."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Refused
from tests.unit.conftest import FUNDS, Pool
from tests.unit.formulas import DEADLINE, ETHER, input_price, output_price

MAX = 2**256 - 1


@pytest.fixture(scope="module", params=["Wallet", "EtherRefuser"])
def account(request: pytest.FixtureRequest, pool: Pool, project: Any, deployer: Any, liquidity_provider: Any) -> Any:
    """A contract account with tokens, ETH and liquidity."""
    account = deployer.deploy(getattr(project, request.param))
    pool.token.transfer(account, FUNDS // 10, sender=liquidity_provider)
    approve = pool.token.approve.encode_input(pool.exchange, MAX)
    account.execute(pool.token, 0, approve, sender=deployer, value=10 * ETHER)
    join = pool.exchange.addLiquidity.encode_input(1, MAX, DEADLINE)
    account.execute(pool.exchange, ETHER, join, sender=deployer)
    return account


def calls(pool: Pool, account: Any) -> dict[str, tuple[Any, tuple[Any, ...], int, int]]:
    """Each call that sends its caller ETH: method, arguments, ETH sent, change of the caller's ETH."""
    exchange, eth, tokens = pool.exchange, pool.eth, pool.tokens
    price = output_price(ETHER, eth, tokens)
    share = ETHER // 2 * eth // exchange.totalSupply()
    return {
        "sale": (exchange.tokenToEthSwapInput, (ETHER, 1, DEADLINE), 0, input_price(ETHER, tokens, eth)),
        "exact sale": (exchange.tokenToEthSwapOutput, (ETHER, MAX, DEADLINE), 0, ETHER),
        "refund": (exchange.ethToTokenSwapOutput, (ETHER, DEADLINE), price + 1, -price),
        "removal": (exchange.removeLiquidity, (ETHER // 2, 1, 1, DEADLINE), 0, share),
    }


@pytest.mark.parametrize("name", ["sale", "exact sale", "refund", "removal"])
def test_caller(pool: Pool, account: Any, deployer: Any, refused_data: Refused, name: str) -> None:
    """X19 a receiver that needs more than 2300 gas gets its ETH; one that refuses it gets a clear error."""
    method, arguments, value, change = calls(pool, account)[name]
    data = bytes(account.execute.encode_input(pool.exchange, value, method.encode_input(*arguments)))
    if account.contract_type.name == "EtherRefuser":
        refused_data(account, data, error=("EtherRefused(address)", account), sender=deployer)
        return
    wei, deposits = account.balance, account.deposits()
    receipt = account.execute(pool.exchange, value, method.encode_input(*arguments), sender=deployer)
    assert not receipt.failed
    assert account.balance == wei + change
    assert account.deposits() == deposits + 1


@pytest.mark.parametrize("name", ["tokenToEthTransferInput", "tokenToEthTransferOutput"])
def test_recipient(pool: Pool, account: Any, trader: Any, refused: Refused, name: str) -> None:
    """X19 the same holds for a recipient the caller names."""
    method, arguments = getattr(pool.exchange, name), (ETHER, 1 if "Input" in name else MAX, DEADLINE, account)
    if account.contract_type.name == "EtherRefuser":
        refused(method, *arguments, error=("EtherRefused(address)", account), sender=trader)
        return
    wei, deposits, eth = account.balance, account.deposits(), pool.eth
    assert not method(*arguments, sender=trader).failed
    assert account.balance - wei == eth - pool.eth > 0
    assert account.deposits() == deposits + 1


def test_exact_payment_needs_no_refund(pool: Pool, account: Any, deployer: Any) -> None:
    """X19 who pays the exact price is sent no ETH, so even an account that refuses it can buy."""
    price = output_price(ETHER, pool.eth, pool.tokens)
    held, deposits = pool.token.balanceOf(account), account.deposits()
    data = pool.exchange.ethToTokenSwapOutput.encode_input(ETHER, DEADLINE)
    assert not account.execute(pool.exchange, price, data, sender=deployer).failed
    assert pool.token.balanceOf(account) == held + ETHER
    assert account.deposits() == deposits


def test_transfers_refund_goes_to_the_caller(pool: Pool, trader: Any, account: Any) -> None:
    """X19 the recipient of tokens gets no ETH: a recipient that refuses it is no obstacle."""
    wei, mine = account.balance, trader.balance
    price = output_price(ETHER, pool.eth, pool.tokens)
    buy = pool.exchange.ethToTokenTransferOutput
    receipt = buy(ETHER, DEADLINE, account, sender=trader, value=price + ETHER)
    assert account.balance == wei
    assert trader.balance == mine - price - receipt.total_fees_paid
