"""Calls made from inside a call: by a token's hooks, by a receiver of ETH, to the same pool."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak

from tests.conftest import Refused
from tests.unit.conftest import FUNDS, NewPool, Pool, funded
from tests.unit.formulas import DEADLINE, ETHER, input_price, output_price

MAX = 2**256 - 1
REENTRANT = keccak(text="ReentrancyGuardReentrantCall()")[:4]
CALLS = [
    "ethToTokenSwapInput",
    "ethToTokenTransferInput",
    "ethToTokenSwapOutput",
    "ethToTokenTransferOutput",
    "tokenToEthSwapInput",
    "tokenToEthTransferInput",
    "tokenToEthSwapOutput",
    "tokenToEthTransferOutput",
    "tokenToTokenSwapInput",
    "tokenToTokenTransferInput",
    "tokenToTokenSwapOutput",
    "tokenToTokenTransferOutput",
    "tokenToExchangeSwapInput",
    "tokenToExchangeTransferInput",
    "tokenToExchangeSwapOutput",
    "tokenToExchangeTransferOutput",
    "addLiquidity",
    "removeLiquidity",
    "default",
    "unknown",
]
READS = [
    "getEthToTokenInputPrice",
    "getEthToTokenOutputPrice",
    "getTokenToEthInputPrice",
    "getTokenToEthOutputPrice",
]
ORACLE = ["observe", "spotPrice", "averagePrice"]
SMALL = 10**12


@pytest.fixture(scope="module")
def hooked(new_pool: NewPool, project: Any, deployer: Any, liquidity_provider: Any, trader: Any) -> Pool:
    """An oracle exchange of a token that calls out on every move."""
    token = funded(deployer.deploy(project.HookToken, 10**30), deployer, liquidity_provider, trader)
    pool = new_pool(token, create="createOracleExchange")
    pool.exchange.observe(sender=deployer)
    return pool


@pytest.fixture(scope="module")
def attacker(hooked: Pool, other_pool: Pool, reenterer: Any, deployer: Any) -> Any:
    """A contract with all an attack needs: tokens, allowances, liquidity and ETH."""
    hooked.token.transfer(reenterer, FUNDS, sender=deployer)
    other_pool.token.transfer(reenterer, FUNDS, sender=deployer)
    deployer.transfer(reenterer, 100 * ETHER)
    for pool in (hooked, other_pool):
        run(reenterer, pool.token.approve, (pool.exchange, MAX), deployer)
        run(reenterer, pool.exchange.addLiquidity, (1, MAX, DEADLINE), deployer, ETHER)
    return reenterer


def run(wallet: Any, method: Any, arguments: tuple[Any, ...], owner: Any, value: int = 0) -> Any:
    """Makes a call through a contract account."""
    return wallet.execute(method.contract, value, method.encode_input(*arguments), sender=owner)


def prepared(name: str, pool: Pool, other: Pool, receiver: Any) -> tuple[bytes, int]:
    """Calldata and ETH of a call that would succeed on its own."""
    exchange = pool.exchange
    if name in ("default", "unknown"):
        return (b"" if name == "default" else b"\xde\xad\xbe\xef"), SMALL
    method = getattr(exchange, name)
    if name == "addLiquidity":
        return bytes(method.encode_input(1, MAX, DEADLINE)), SMALL
    if name == "removeLiquidity":
        return bytes(method.encode_input(SMALL, 1, 1, DEADLINE)), 0
    to = (receiver,) if "Transfer" in name else ()
    if name.startswith("ethToToken"):
        return bytes(method.encode_input(1000, DEADLINE, *to)), SMALL
    if name.startswith("tokenToEth"):
        return bytes(method.encode_input(SMALL, 1 if "Input" in name else MAX, DEADLINE, *to)), 0
    target = other.token if name.startswith("tokenToToken") else other.exchange
    limits = (1, 1) if "Input" in name else (MAX, MAX)
    return bytes(method.encode_input(SMALL, *limits, DEADLINE, *to, target)), 0


def read(name: str, exchange: Any) -> bytes:
    """Calldata of a quote or a question to the oracle."""
    method = getattr(exchange, name)
    return bytes(
        method.encode_input(*([] if name in ("observe", "spotPrice") else [0 if name == "averagePrice" else SMALL]))
    )


@pytest.mark.parametrize("name", CALLS)
def test_the_planned_calls_work_on_their_own(
    hooked: Pool, other_pool: Pool, attacker: Any, recipient: Any, deployer: Any, name: str
) -> None:
    """X17 what the attacks below try is refused only for being made inside another call."""
    data, value = prepared(name, hooked, other_pool, recipient)
    k = hooked.k
    assert not attacker.execute(hooked.exchange, value, data, sender=deployer).failed
    assert name == "removeLiquidity" or hooked.k > k


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("moves", ["in", "out"])
def test_hook_reenters(
    hooked: Pool, other_pool: Pool, attacker: Any, recipient: Any, deployer: Any, trader: Any, name: str, moves: str
) -> None:
    """X17 from a token's hook, before and after it moves balances, no call of the pool gets in; the swap goes on."""
    data, value = prepared(name, hooked, other_pool, recipient)
    attacker.plan(hooked.exchange, value, data, False, sender=deployer)
    hooked.token.setHook(attacker, sender=deployer)
    eth, tokens = hooked.eth, hooked.tokens
    if moves == "in":
        bought = input_price(ETHER, tokens, eth)
        receipt = hooked.exchange.tokenToEthSwapInput(ETHER, 1, DEADLINE, sender=trader)
        assert (hooked.eth, hooked.tokens) == (eth - bought, tokens + ETHER)
    else:
        bought = input_price(ETHER, eth, tokens)
        receipt = hooked.exchange.ethToTokenSwapInput(1, DEADLINE, sender=trader, value=ETHER)
        assert (hooked.eth, hooked.tokens) == (eth + ETHER, tokens - bought)
    assert receipt.return_value == bought
    assert (attacker.attempts(), attacker.successes()) == (2, 0)
    assert bytes(attacker.lastResult()) == REENTRANT


@pytest.mark.parametrize("outer", CALLS)
def test_every_call_is_locked(
    hooked: Pool, other_pool: Pool, attacker: Any, recipient: Any, deployer: Any, outer: str
) -> None:
    """X17 while any call of the pool runs, a hook can't sell to it."""
    data, value = prepared(outer, hooked, other_pool, recipient)
    attempt, sent = prepared("ethToTokenSwapInput", hooked, other_pool, recipient)
    attacker.plan(hooked.exchange, sent, attempt, False, sender=deployer)
    hooked.token.setHook(attacker, sender=deployer)
    attacker.execute(hooked.exchange, value, data, sender=deployer)
    assert attacker.attempts() >= 2
    assert attacker.successes() == 0
    assert bytes(attacker.lastResult()) == REENTRANT


@pytest.mark.parametrize("name", [*READS, *ORACLE])
@pytest.mark.parametrize("moves", ["in", "out", "ether"])
def test_read_only(hooked: Pool, attacker: Any, chain: Any, deployer: Any, trader: Any, name: str, moves: str) -> None:
    """X18 no quote and no price is told while the reserves are on the move; all are, before and after."""
    data = read(name, hooked.exchange)
    chain.mine(timestamp=chain.pending_timestamp + 100)
    alone = attacker.execute(hooked.exchange, 0, data, sender=deployer)
    assert not alone.failed
    attacker.plan(hooked.exchange, 0, data, False, sender=deployer)
    if moves == "ether":
        run(attacker, hooked.exchange.tokenToEthSwapInput, (ETHER, 1, DEADLINE), deployer)
    else:
        hooked.token.setHook(attacker, sender=deployer)
        if moves == "in":
            hooked.exchange.tokenToEthSwapInput(ETHER, 1, DEADLINE, sender=trader)
        else:
            hooked.exchange.ethToTokenSwapInput(1, DEADLINE, sender=trader, value=ETHER)
    assert attacker.attempts() == (1 if moves == "ether" else 2)
    assert attacker.successes() == 0
    assert bytes(attacker.lastResult()) == REENTRANT


@pytest.mark.parametrize(
    "name", ["ethToTokenSwapInput", "tokenToEthSwapOutput", "tokenToTokenSwapInput", "addLiquidity", "removeLiquidity"]
)
@pytest.mark.parametrize("outer", ["refund", "sale", "removal"])
def test_receiver_of_ether_reenters(
    hooked: Pool, other_pool: Pool, attacker: Any, recipient: Any, deployer: Any, name: str, outer: str
) -> None:
    """X17 who receives ETH from the pool can't call it then; what it is owed stays exact."""
    data, value = prepared(name, hooked, other_pool, recipient)
    attacker.plan(hooked.exchange, value, data, False, sender=deployer)
    wei, eth, tokens, supply = attacker.balance, hooked.eth, hooked.tokens, hooked.exchange.totalSupply()
    if outer == "refund":
        run(attacker, hooked.exchange.ethToTokenSwapOutput, (ETHER, DEADLINE), deployer, 3 * ETHER)
        change = -output_price(ETHER, eth, tokens)
    elif outer == "sale":
        run(attacker, hooked.exchange.tokenToEthSwapInput, (ETHER, 1, DEADLINE), deployer)
        change = input_price(ETHER, tokens, eth)
    else:
        run(attacker, hooked.exchange.removeLiquidity, (ETHER // 2, 1, 1, DEADLINE), deployer)
        change = ETHER // 2 * eth // supply
    assert attacker.balance == wei + change
    assert hooked.eth == eth - change
    assert (attacker.attempts(), attacker.successes()) == (1, 0)
    assert bytes(attacker.lastResult()) == REENTRANT


def test_insisting_receiver_gets_nothing(
    hooked: Pool, other_pool: Pool, attacker: Any, deployer: Any, refused_data: Refused
) -> None:
    """X17 a receiver that fails unless its inner call succeeds makes its own sale fail."""
    data, value = prepared("ethToTokenSwapInput", hooked, other_pool, deployer)
    attacker.plan(hooked.exchange, value, data, True, sender=deployer)
    sale = hooked.exchange.tokenToEthSwapInput.encode_input(ETHER, 1, DEADLINE)
    call = bytes(attacker.execute.encode_input(hooked.exchange, 0, sale))
    refused_data(attacker, call, error=("EtherRefused(address)", attacker), sender=deployer)


def test_lock_opens_again(hooked: Pool, trader: Any, wallet: Any, deployer: Any, project: Any) -> None:
    """X17 the lock lasts for one call: the next one of the same transaction gets in."""
    data = bytes(hooked.exchange.ethToTokenSwapInput.encode_input(1, DEADLINE))
    eth = hooked.eth
    wallet.batch([(hooked.exchange, SMALL, data)] * 3, sender=trader, value=3 * SMALL)
    assert hooked.eth == eth + 3 * SMALL


def test_other_pool_stays_open(hooked: Pool, other_pool: Pool, attacker: Any, deployer: Any, trader: Any) -> None:
    """X17 the lock is the pool's own: another pool can be used from a hook."""
    data = bytes(other_pool.exchange.ethToTokenSwapInput.encode_input(1, DEADLINE))
    attacker.plan(other_pool.exchange, SMALL, data, True, sender=deployer)
    hooked.token.setHook(attacker, sender=deployer)
    eth = other_pool.eth
    hooked.exchange.ethToTokenSwapInput(1, DEADLINE, sender=trader, value=ETHER)
    assert attacker.successes() == 2
    assert other_pool.eth == eth + 2 * SMALL
