"""Microgrids and their rules, the pool, and the owner of the registry."""

from __future__ import annotations

from typing import Any

import pytest
from ape.exceptions import ContractLogicError
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.conftest import Refused
from tests.unit.meters import CORRECTION_WINDOW, EPOCH_LENGTH, MAX_DEVIATION, PRICE_WINDOW, Registry, answer_at

ZERO = "0x" + "00" * 20
MISSING = "OwnableUnauthorizedAccount(address)"
NAMES = ("operator", "epochLength", "correctionWindow", "priceWindow", "maxDeviation")


def rules(runs: Any, **changes: Any) -> tuple[Any, ...]:
    """Rules of a microgrid, some of them other than usual."""
    usual = (runs, EPOCH_LENGTH, CORRECTION_WINDOW, PRICE_WINDOW, MAX_DEVIATION)
    return tuple((dict(zip(NAMES, usual, strict=True)) | changes).values())


def check_event(receipt: Any, microgrid: int, token: Any, expected: tuple[Any, ...]) -> None:
    """That the receipt has one event, which tells the rules. Ape doesn't decode structs in events."""
    (log,) = receipt.logs
    types = ["address", "uint24", "uint32", "uint24", "uint16"]
    words = [getattr(value, "address", value) for value in expected]
    assert [int(bytes(topic).hex(), 16) for topic in log["topics"][1:]] == [microgrid, int(token.address, 16)]
    assert bytes(log["topics"][0]) == keccak(text=f"MicrogridChanged(uint256,address,({','.join(types)}))")
    assert bytes(log["data"]) == encode(types, words)


def kept(registry: Registry, microgrid: int) -> tuple[Any, ...]:
    """The rules that the registry keeps."""
    found = registry.contract.rulesOf(microgrid)
    return tuple(getattr(found, name) for name in NAMES)


@pytest.fixture(scope="module")
def third(deployer: Any, project: Any) -> Any:
    """A token that has no microgrid yet."""
    return deployer.deploy(project.EnergyToken, "West", "West", deployer)


def test_add(registry: Registry, third: Any, deployer: Any, operator: Any, neighbour: Any) -> None:
    """M5 microgrids are numbered from 1; each has its token and rules."""
    contract = registry.contract
    assert contract.microgridCount() == 2
    assert [contract.microgridOf(token) for token in (*registry.tokens.values(), third, ZERO)] == [1, 2, 0, 0]
    largest = rules(neighbour, epochLength=2**24 - 1, correctionWindow=2**32 - 1, priceWindow=2**24 - 1)
    receipt = contract.addMicrogrid(third, largest, sender=deployer)
    assert receipt.return_value == contract.microgridCount() == contract.microgridOf(third) == 3
    check_event(receipt, 3, third, largest)
    assert kept(registry, 3) == largest
    assert kept(registry, 1) == rules(operator)
    assert [contract.tokenOf(number) for number in range(5)] == [ZERO, *registry.tokens.values(), third, ZERO]
    assert kept(registry, 4) == (ZERO, 0, 0, 0, 0)


def test_rules_take_one_slot(registry: Registry, chain: Any, operator: Any) -> None:
    """M5 rules lie in one slot, token and capacity in the next: a private trade and an issue read one each."""
    expected = 0
    widths = (160, 24, 32, 24, 16)
    for value, width in zip(reversed(rules(int(operator.address, 16))), reversed(widths), strict=True):
        expected = expected << width | value
    bases = [keccak((1).to_bytes(32, "big") + slot.to_bytes(32, "big")) for slot in range(12)]
    slots = [int.from_bytes(base, "big") for base in bases]
    words = [int(chain.provider.get_storage(registry.contract.address, slot).hex(), 16) for slot in slots]
    assert [word for word in words if word == expected] == [expected]


@pytest.mark.parametrize(
    "change",
    [{"operator": ZERO}, {"epochLength": 0}, {"priceWindow": 0}, {"maxDeviation": 10_001}, {"maxDeviation": 2**16 - 1}],
)
def test_rules_make_sense(
    registry: Registry, third: Any, deployer: Any, operator: Any, refused: Refused, change: dict[str, Any]
) -> None:
    """M5 P9 rules without operator, epochs or average, or with a price bound beyond the price itself, are refused."""
    wrong = rules(operator, **change)
    refused(registry.contract.addMicrogrid, third, wrong, error="InvalidMicrogrid()", sender=deployer)
    refused(registry.contract.changeMicrogrid, 1, wrong, error="InvalidMicrogrid()", sender=deployer)


def test_add_refused(
    registry: Registry, third: Any, deployer: Any, operator: Any, stranger: Any, refused: Refused
) -> None:
    """M5 P9 only the owner adds a microgrid, for a token that has none."""
    add = registry.contract.addMicrogrid
    for sender in (operator, stranger):
        refused(add, third, rules(operator), error=(MISSING, sender), sender=sender)
    refused(add, registry.tokens[1], rules(operator), error="InvalidMicrogrid()", sender=deployer)
    for account in (ZERO, stranger):
        refused(add, account, rules(operator), error=("NoContract(address)", account), sender=deployer)


def test_change(registry: Registry, deployer: Any, operator: Any, neighbour: Any, refused: Refused) -> None:
    """M5 the owner changes everything but the length of an epoch; a new operator replaces the old one at once."""
    contract = registry.contract
    changed = rules(neighbour, correctionWindow=0, priceWindow=1, maxDeviation=10_000)
    receipt = contract.changeMicrogrid(1, changed, sender=deployer)
    check_event(receipt, 1, registry.tokens[1], changed)
    assert kept(registry, 1) == changed
    error: Any = ("NotOperator(uint256,address)", 1, operator)
    refused(contract.registerMeters, 1, [1], [1], error=error, sender=operator)
    contract.registerMeters(1, [1], [1], sender=neighbour)
    for length in (EPOCH_LENGTH - 1, EPOCH_LENGTH + 1):
        wrong = rules(operator, epochLength=length)
        refused(contract.changeMicrogrid, 1, wrong, error="InvalidMicrogrid()", sender=deployer)
    for sender in (operator, neighbour):
        refused(contract.changeMicrogrid, 1, rules(operator), error=(MISSING, sender), sender=sender)
    for microgrid in (0, 3):
        error = ("UnknownMicrogrid(uint256)", microgrid)
        refused(contract.changeMicrogrid, microgrid, rules(operator), error=error, sender=deployer)


def test_trade_rules(registry: Registry, third: Any, chain: Any) -> None:
    """M5 what a private trade asks for: microgrid, running epoch and price bound; microgrid 0 for any other token."""
    contract = registry.contract
    start = (chain.pending_timestamp // EPOCH_LENGTH + 1) * EPOCH_LENGTH
    found = contract.tradeRules(registry.tokens[2])
    assert (found.microgrid, found.priceWindow, found.maxDeviation) == (2, PRICE_WINDOW, MAX_DEVIATION)
    assert tuple(contract.tradeRules(third)) == (0, 0, 0, 0)
    call = {"to": contract.address, "data": "0x" + bytes(contract.tradeRules.encode_input(registry.tokens[1])).hex()}
    for time, epoch in ((start - 1, start // EPOCH_LENGTH - 1), (start, start // EPOCH_LENGTH)):
        request = chain.provider.web3.provider.make_request
        answer = request("eth_call", [call, "latest", {}, {"time": hex(time)}])["result"]
        assert (int(answer[2:66], 16), int(answer[66:130], 16)) == (1, epoch)
        assert answer_at(contract.tradeRules, registry.tokens[1], time=time) == 1


def test_pool_is_named_once(registry: Registry, yes: Any, deployer: Any, stranger: Any, refused: Refused) -> None:
    """M5 P9 the owner names the pool, a contract, once."""
    contract = registry.contract
    assert contract.pool() == ZERO
    refused(contract.setPool, yes, error=(MISSING, stranger), sender=stranger)
    for account in (ZERO, stranger):
        refused(contract.setPool, account, error=("NoContract(address)", account), sender=deployer)
    receipt = contract.setPool(yes, sender=deployer)
    assert receipt.events == [contract.PoolSet(pool=yes)]
    assert contract.pool() == yes
    for account in (yes, registry.tokens[1]):
        refused(contract.setPool, account, error="PoolAlreadySet()", sender=deployer)


def test_ownership_is_handed_over_in_two_steps(
    registry: Registry, deployer: Any, guardian: Any, stranger: Any, refused: Refused
) -> None:
    """M5 a new owner has to accept; until then the old one stays."""
    contract = registry.contract
    assert contract.owner() == deployer
    contract.transferOwnership(guardian, sender=deployer)
    assert contract.owner() == deployer
    refused(contract.acceptOwnership, error=(MISSING, stranger), sender=stranger)
    refused(contract.setListed, stranger, True, error=(MISSING, guardian), sender=guardian)
    contract.acceptOwnership(sender=guardian)
    assert contract.owner() == guardian
    refused(contract.setListed, stranger, True, error=(MISSING, deployer), sender=deployer)
    contract.setListed(stranger, True, sender=guardian)


def test_takes_no_ether(registry: Registry, stranger: Any, refused_data: Refused) -> None:
    """P9 the registry takes no ETH and knows no other function."""
    refused_data(registry.contract, b"", error=b"", sender=stranger, value=1)
    refused_data(registry.contract, b"\xde\xad\xbe\xef", error=b"", sender=stranger)


def test_no_registry_on_no_hash(
    project: Any, deployer: Any, poseidons: tuple[str, str], yes: Any, factory: Any
) -> None:
    """M5 P9 a registry that is given something else than PoseidonT3 isn't deployed."""
    for wrong in (deployer, factory):
        with pytest.raises(ContractLogicError):
            deployer.deploy(project.MeterRegistry, deployer, wrong, poseidons[1], yes, yes, factory)
