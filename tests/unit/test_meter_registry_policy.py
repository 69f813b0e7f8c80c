"""Who may hold energy, and the ways around it that are closed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Refused
from tests.unit.conftest import NewPool, Pool
from tests.unit.formulas import DEADLINE, ETHER, input_price
from tests.unit.meters import Registry
from tests.unit.shielded import KWH, Shielded

ZERO = "0x" + "00" * 20
REFUSED = "TransferRefused(address,address,address,uint256)"


@pytest.fixture(scope="module")
def market(shielded: Shielded, new_pool: NewPool, liquidity_provider: Any, operator: Any) -> tuple[Pool, Pool]:
    """The exchanges of both microgrids' energy, founded by a listed provider."""
    shielded.registry.setListed(liquidity_provider, True, sender=operator)
    pools = []
    for token in (shielded.north, shielded.south):
        token.mint(liquidity_provider, 100 * KWH, sender=operator)
        pools.append(new_pool(token, eth=ETHER, tokens=50 * KWH, create="createOracleExchange"))
    return pools[0], pools[1]


@pytest.fixture(scope="module")
def northerner(shielded: Shielded, operator: Any, trader: Any) -> Any:
    """An account of the first microgrid alone, with some energy."""
    shielded.registry.setAccount(1, trader, True, sender=operator)
    shielded.north.mint(trader, 20 * KWH, sender=operator)
    return trader


def test_lists(
    registry: Registry, deployer: Any, operator: Any, neighbour: Any, consumer: Any, refused: Refused
) -> None:
    """M6 the owner lists accounts for all energy, an operator those of its own microgrid; both can take it back."""
    contract, (north, south) = registry.contract, registry.tokens.values()
    receipt = contract.setAccount(1, consumer, True, sender=operator)
    assert receipt.events == [contract.AccountChanged(microgrid=1, account=consumer, allowed=True)]
    held = [contract.mayHold(token, consumer) for token in (north, south)]
    assert held == [contract.isAccount(1, consumer), contract.isAccount(2, consumer)] == [True, False]
    receipt = contract.setListed(consumer, True, sender=deployer)
    assert receipt.events == [contract.ListingChanged(account=consumer, listed=True)]
    assert contract.isListed(consumer)
    assert contract.mayHold(south, consumer)
    contract.setListed(consumer, False, sender=deployer)
    assert [contract.mayHold(token, consumer) for token in (north, south)] == [True, False]
    contract.setAccount(1, consumer, False, sender=operator)
    assert not contract.mayHold(north, consumer)
    for sender in (operator, neighbour, consumer):
        error: Any = ("OwnableUnauthorizedAccount(address)", sender)
        refused(contract.setListed, consumer, True, error=error, sender=sender)
    for sender in (deployer, neighbour, consumer):
        error = ("NotOperator(uint256,address)", 1, sender)
        refused(contract.setAccount, 1, consumer, True, error=error, sender=sender)
    for microgrid in (0, 3):
        error = ("UnknownMicrogrid(uint256)", microgrid)
        refused(contract.setAccount, microgrid, consumer, True, error=error, sender=operator)


def test_may_hold(shielded: Shielded, market: tuple[Pool, Pool], northerner: Any, liquidity_provider: Any) -> None:
    """M6 the pool, the energy's own exchange, listed accounts and accounts of its microgrid hold energy, no others."""
    registry = shielded.registry
    accounts = {
        "pool": shielded.pool,
        "exchange": market[0].exchange,
        "other exchange": market[1].exchange,
        "listed": liquidity_provider,
        "account": northerner,
        "token": shielded.north,
        "registry": registry,
        "operator": shielded.operator,
    }
    held = {name: registry.mayHold(shielded.north, account) for name, account in accounts.items()}
    assert [name for name, may in held.items() if may] == ["pool", "exchange", "listed", "account"]
    held = {name: registry.mayHold(shielded.south, account) for name, account in accounts.items()}
    assert [name for name, may in held.items() if may] == ["pool", "other exchange", "listed"]
    assert not registry.mayHold(shielded.north, ZERO)


def test_the_token_asks(shielded: Shielded, northerner: Any, stranger: Any, consumer: Any) -> None:
    """M6 the answer is for the token that asks, whoever sends and however much; another caller is no token."""
    registry = shielded.registry
    ask = registry.allowsTransfer
    for source in (stranger, consumer, northerner):
        for amount in (0, 1, 2**256 - 1):
            assert registry_answer(ask, shielded.north, source, northerner, amount)
            assert not registry_answer(ask, shielded.south, source, northerner, amount)
            assert not registry_answer(ask, shielded.north, source, stranger, amount)
            assert not registry_answer(ask, stranger, source, northerner, amount)


def registry_answer(ask: Any, caller: Any, source: Any, target: Any, amount: int) -> bool:
    """What the registry answers a caller."""
    call = {"from": caller.address, "to": ask.contract.address}
    call["data"] = "0x" + bytes(ask.encode_input(source, target, amount)).hex()
    answer = ask.contract.provider.web3.provider.make_request("eth_call", [call, "latest"])
    return bool(int(answer["result"], 16))


def test_direct(
    shielded: Shielded, northerner: Any, stranger: Any, consumer: Any, operator: Any, refused: Refused
) -> None:
    """M6 energy goes to accounts of its microgrid and to nobody else, by transfer or by allowance; who lost its place
    can still give away what it has."""
    north, registry = shielded.north, shielded.registry
    error = (REFUSED, registry, northerner, stranger, KWH)
    refused(north.transfer, stranger, KWH, error=error, sender=northerner)
    north.approve(stranger, KWH, sender=northerner)
    refused(north.transferFrom, northerner, stranger, KWH, error=error, sender=stranger)
    north.transferFrom(northerner, consumer, KWH, sender=stranger)
    registry.setAccount(1, northerner, False, sender=operator)
    error = (REFUSED, registry, consumer, northerner, KWH)
    refused(north.transfer, northerner, KWH, error=error, sender=consumer)
    north.transfer(consumer, KWH, sender=northerner)


def test_public_buyer_without_meter(
    shielded: Shielded, market: tuple[Pool, Pool], northerner: Any, stranger: Any, refused: Refused
) -> None:
    """M6 who has no meter buys no energy on the exchange, nor has it bought for itself; who has one can."""
    north, registry = market[0], shielded.registry
    bought = input_price(ETHER // 100, north.eth, north.tokens)
    for method, to, sender, value in (
        (north.exchange.ethToTokenSwapInput, (), stranger, ETHER // 100),
        (north.exchange.ethToTokenTransferInput, (stranger,), northerner, ETHER // 100),
    ):
        error = (REFUSED, registry, north.exchange, stranger, bought)
        refused(method, 1, DEADLINE, *to, error=error, sender=sender, value=value)
    error = (REFUSED, registry, north.exchange, stranger, KWH)
    refused(north.exchange.ethToTokenSwapOutput, KWH, DEADLINE, error=error, sender=stranger, value=ETHER)
    before = north.tokens
    north.exchange.ethToTokenSwapInput(1, DEADLINE, sender=northerner, value=ETHER // 100)
    assert north.tokens == before - bought


def test_other_microgrids_energy(
    shielded: Shielded, market: tuple[Pool, Pool], northerner: Any, refused: Refused
) -> None:
    """M6 an account of one microgrid gets no energy of another, also not for its own energy."""
    north, south = market
    shielded.north.approve(north.exchange, KWH, sender=northerner)
    ether = input_price(KWH, north.tokens, north.eth)
    bought = input_price(ether, south.eth, south.tokens)
    error = (REFUSED, shielded.registry, south.exchange, northerner, bought)
    swap = north.exchange.tokenToTokenSwapInput
    refused(swap, KWH, 1, 1, DEADLINE, shielded.south, error=error, sender=northerner)
    shielded.registry.setAccount(2, northerner, True, sender=shielded.operator)
    swap(KWH, 1, 1, DEADLINE, shielded.south, sender=northerner)
    assert shielded.south.balanceOf(northerner) == bought


def test_by_another_tokens_exchange(
    shielded: Shielded, market: tuple[Pool, Pool], northerner: Any, refused: Refused
) -> None:
    """M6 the exchange of another token holds none of this energy, so nobody parks it there."""
    for other in (market[1].exchange, shielded.south):
        error = (REFUSED, shielded.registry, northerner, other, KWH)
        refused(shielded.north.transfer, other, KWH, error=error, sender=northerner)
    shielded.north.transfer(market[0].exchange, KWH, sender=northerner)


def test_by_the_pool(shielded: Shielded, northerner: Any, stranger: Any, consumer: Any, denied: Refused) -> None:
    """M6 energy leaves the shielded pool only to who may hold it."""
    shielded.north.approve(shielded.pool, KWH, sender=northerner)
    shielded.pool.shield(shielded.north, KWH, 5, b"", sender=northerner)
    for recipient in (stranger, shielded.south, shielded.registry):
        request = shielded.unshield(shielded.north, KWH, recipient)
        denied(request, error=("InvalidRecipient(address)", recipient))
    before = shielded.north.balanceOf(consumer)
    shielded.send(shielded.unshield(shielded.north, KWH, consumer), stranger)
    assert shielded.north.balanceOf(consumer) == before + KWH


def test_without_meter_one_can_sell(
    shielded: Shielded, market: tuple[Pool, Pool], northerner: Any, operator: Any
) -> None:
    """M6 who holds energy and may no longer get any can sell it."""
    north = market[0]
    shielded.registry.setAccount(1, northerner, False, sender=operator)
    shielded.north.approve(north.exchange, KWH, sender=northerner)
    before = north.tokens
    north.exchange.tokenToEthSwapInput(KWH, 1, DEADLINE, sender=northerner)
    assert north.tokens == before + KWH


def test_token_without_microgrid(shielded: Shielded, new_pool: NewPool, plain_token: Any, northerner: Any) -> None:
    """M6 for a token that is no microgrid's energy its exchange and the listed accounts count, but no microgrid's."""
    pool = new_pool(plain_token)
    registry = shielded.registry
    assert registry.mayHold(plain_token, pool.exchange)
    assert not registry.mayHold(plain_token, northerner)
