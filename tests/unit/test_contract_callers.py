"""Contracts that use a pool: they trade for themselves, not for whoever sent the transaction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.conftest import FUNDS, Pool
from tests.unit.formulas import DEADLINE, ETHER

MAX = 2**256 - 1
GIVES_TOKENS = ["tokenToEthSwapInput", "tokenToEthSwapOutput", "addLiquidity"]
GIVES_ETH = ["ethToTokenSwapInput", "ethToTokenSwapOutput", "default", "unknown"]
GIVES_LIQUIDITY = ["removeLiquidity"]
TO_OTHER = [
    f"tokenTo{kind}{how}{way}"
    for kind in ("Token", "Exchange")
    for how in ("Swap", "Transfer")
    for way in ("Input", "Output")
]
EVENTS = {"eth": "TokenPurchase", "tok": "EthPurchase", "def": "TokenPurchase", "unk": "TokenPurchase"}
EVENTS |= {"add": "AddLiquidity", "rem": "RemoveLiquidity"}


@pytest.fixture(scope="module")
def account(pool: Pool, wallet: Any, deployer: Any, liquidity_provider: Any) -> Any:
    """A contract account with tokens, ETH and liquidity."""
    pool.token.transfer(wallet, FUNDS // 10, sender=liquidity_provider)
    approve = pool.token.approve.encode_input(pool.exchange, MAX)
    wallet.execute(pool.token, 0, approve, sender=deployer, value=10 * ETHER)
    join = pool.exchange.addLiquidity.encode_input(1, MAX, DEADLINE)
    wallet.execute(pool.exchange, ETHER, join, sender=deployer)
    return wallet


def prepared(name: str, pool: Pool, other: Pool, recipient: Any) -> tuple[bytes, int]:
    """Calldata and ETH."""
    if name in ("default", "unknown"):
        return (b"" if name == "default" else b"\xde\xad\xbe\xef"), ETHER
    arguments: tuple[Any, ...] = {
        "ethToTokenSwapInput": (1, DEADLINE),
        "ethToTokenSwapOutput": (ETHER, DEADLINE),
        "tokenToEthSwapInput": (ETHER, 1, DEADLINE),
        "tokenToEthSwapOutput": (ETHER, MAX, DEADLINE),
        "addLiquidity": (1, MAX, DEADLINE),
        "removeLiquidity": (ETHER // 2, 1, 1, DEADLINE),
    }.get(name, ())
    if not arguments:
        limits = (1, 1) if "Input" in name else (MAX, MAX)
        to = (recipient,) if "Transfer" in name else ()
        arguments = (ETHER // 2, *limits, DEADLINE, *to, other.token if "ToToken" in name else other.exchange)
    method = getattr(pool.exchange, name)
    return bytes(method.encode_input(*arguments)), ETHER if name.startswith(("eth", "add")) else 0


@pytest.mark.parametrize("name", [*GIVES_TOKENS, *GIVES_ETH, *GIVES_LIQUIDITY, *TO_OTHER])
def test_caller_is_the_contract(
    pool: Pool, other_pool: Pool, account: Any, trader: Any, recipient: Any, name: str
) -> None:
    """X26 a contract pays, receives and is named in the events; the sender of its transaction only pays the gas."""
    data, value = prepared(name, pool, other_pool, recipient)
    contracts = (pool.token, other_pool.token, pool.exchange)

    def held(holder: Any) -> tuple[int, ...]:
        return (*(contract.balanceOf(holder) for contract in contracts), int(holder.balance))

    mine, its = held(trader), held(account)
    receipt = account.execute(pool.exchange, value, data, sender=trader)
    after = held(trader)
    assert after == (*mine[:3], mine[3] - receipt.total_fees_paid)
    assert held(account) != its
    (event,) = [
        event
        for event in receipt.events
        if event.contract_address == pool.exchange.address and event.event_name == EVENTS[name[:3]]
    ]
    assert (event.event_arguments.get("buyer") or event.event_arguments.get("provider")) == account.address
    given = [held(account)[index] - its[index] for index in range(4)]
    assert (given[0] < 0) is (name in GIVES_TOKENS or name in TO_OTHER)
    assert (given[1] > 0) is (name in TO_OTHER and "Swap" in name)
    assert (given[2] != 0) is ("Liquidity" in name)
    assert (given[3] < 0) is bool(value)
    liquidity = [event for event in receipt.events if event.contract_address == pool.exchange.address][-1]
    if "Liquidity" in name:
        assert account.address in (liquidity._from, liquidity._to)


def test_liquidity_is_the_contracts(pool: Pool, account: Any, trader: Any, recipient: Any) -> None:
    """X26 a contract's liquidity moves by its own calls and approvals."""
    exchange = pool.exchange
    owned = exchange.balanceOf(account)
    receipt = account.execute(exchange, 0, exchange.transfer.encode_input(recipient, 5), sender=trader)
    assert receipt.events == [exchange.Transfer(_from=account, _to=recipient, _value=5)]
    receipt = account.execute(exchange, 0, exchange.approve.encode_input(recipient, 7), sender=trader)
    assert receipt.events == [exchange.Approval(_owner=account, _spender=recipient, _value=7)]
    assert (exchange.allowance(account, recipient), exchange.allowance(trader, recipient)) == (7, 0)
    exchange.transferFrom(account, trader, 7, sender=recipient)
    exchange.approve(account, 3, sender=recipient)
    account.execute(exchange, 0, exchange.transferFrom.encode_input(recipient, account, 3), sender=trader)
    assert exchange.balanceOf(account) == owned - 5 - 7 + 3
    assert exchange.balanceOf(recipient) == 2


def test_factory_and_energy_know_their_callers(
    project: Any, wallet: Any, deployer: Any, templates: tuple[str, str], operator: Any, stranger: Any
) -> None:
    """F1 a factory made and asked by a contract: the deployer is who created it; T2 burning takes the caller's own."""
    factory = deployer.deploy(project.UniswapFactory)
    data = factory.initializeFactory.encode_input(templates[0])
    call = {"from": deployer.address, "to": wallet.address}
    call["data"] = "0x" + bytes(wallet.execute.encode_input(factory, 0, data)).hex()
    answer = deployer.provider.web3.provider.make_request("eth_call", [call, "latest"])
    assert answer["error"]["data"].endswith(wallet.address[2:].lower())
    energy = deployer.deploy(project.EnergyToken, "Energy", "kWh", operator)
    for role, account in ((energy.MINTER_ROLE(), operator), (energy.BURNER_ROLE(), wallet)):
        energy.grantRole(role, account, sender=operator)
    energy.mint(wallet, 5, sender=operator)
    energy.mint(stranger, 5, sender=operator)
    wallet.execute(energy, 0, energy.burn.encode_input(2), sender=stranger)
    energy.approve(wallet, 4, sender=stranger)
    wallet.execute(energy, 0, energy.burnFrom.encode_input(stranger, 1), sender=operator)
    assert (energy.balanceOf(wallet), energy.balanceOf(stranger)) == (3, 4)
