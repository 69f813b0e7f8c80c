"""Calls made from inside a call of the pool: by a token's hooks, by a recipient of ETH, through the registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.wallet.note import ETH
from offchain.wallet.request import Operation, Request, SwapOrder
from tests.conftest import Refused
from tests.unit.formulas import DEADLINE, ETHER
from tests.unit.shielded import Shielded, number

REENTRANT = keccak(text="ReentrancyGuardReentrantCall()")[:4]
CALLS = ["shield", "shieldWithPermit", "transfer", "consolidate", "unshield", "swap", "issue", "settle"]


@pytest.fixture(scope="module")
def hooked(shielded: Shielded, project: Any, deployer: Any, reenterer: Any) -> Any:
    """A token that calls out on every move; 1000 units are in the pool, as is an ETH. The attacker holds some too."""
    token = deployer.deploy(project.HookToken, 10**30)
    token.transfer(reenterer, 10**20, sender=deployer)
    token.approve(shielded.pool, 2**256 - 1, sender=deployer)
    approve = bytes(token.approve.encode_input(shielded.pool, 2**256 - 1))
    reenterer.execute(token, 0, approve, sender=deployer)
    shielded.pool.shield(token, 1000, number(), b"", sender=deployer)
    shielded.pool.shield(ETH, ETHER, number(), b"", sender=deployer, value=ETHER)
    deployer.transfer(reenterer, ETHER)
    shielded.publish(1, shielded.epoch, 10, 10)
    return token


def prepared(name: str, shielded: Shielded, hooked: Any, attacker: Any) -> tuple[Any, bytes, int]:
    """Contract, calldata and ETH of a call that would succeed on its own."""
    pool, root = shielded.pool, int(shielded.registry.readingsOf(1, shielded.epoch).readingsRoot)
    if name == "shield":
        return pool, bytes(pool.shield.encode_input(ETH, 1, number(), b"")), 1
    if name == "shieldWithPermit":
        permit = (DEADLINE, 27, bytes(32), bytes(32))
        return pool, bytes(pool.shieldWithPermit.encode_input(hooked, 1, number(), b"", *permit)), 0
    requests: dict[str, Callable[[], Request]] = {
        "transfer": shielded.transfer,
        "consolidate": shielded.consolidate_notes,
        "unshield": lambda: shielded.unshield(ETH, 1, shielded.operator),
        "swap": lambda: shielded.swap(ETH, 1, SwapOrder(shielded.north.address, 1, 1), 0, 200),
        "issue": lambda: shielded.issue(1, shielded.epoch, root),
        "settle": lambda: shielded.settle(1, shielded.epoch, root),
    }
    request = requests[name]()
    contract = shielded.registry if request.operation >= Operation.ISSUE else pool
    return contract, request.calldata, 0


@pytest.mark.parametrize("name", [name for name in CALLS if name != "swap"])
def test_the_planned_calls_work_on_their_own(
    shielded: Shielded, hooked: Any, reenterer: Any, deployer: Any, name: str
) -> None:
    """S18 what the attacks below try is refused only for being made inside another call."""
    contract, data, value = prepared(name, shielded, hooked, reenterer)
    assert not reenterer.execute(contract, value, data, sender=deployer).failed


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("outer", ["shield", "shieldWithPermit", "unshield"])
def test_token_reenters(shielded: Shielded, hooked: Any, reenterer: Any, deployer: Any, name: str, outer: str) -> None:
    """S18 from a token's hook, before and after it moves balances, no call gets in, nor one through the registry."""
    contract, data, value = prepared(name, shielded, hooked, reenterer)
    reenterer.plan(contract, value, data, False, sender=deployer)
    hooked.setHook(reenterer, sender=deployer)
    pool = shielded.pool
    if outer == "shield":
        pool.shield(hooked, 10, number(), b"", sender=deployer)
    elif outer == "shieldWithPermit":
        pool.shieldWithPermit(hooked, 10, number(), b"", DEADLINE, 27, bytes(32), bytes(32), sender=deployer)
    else:
        shielded.send(shielded.unshield(hooked, 10, deployer), deployer)
    change = -10 if outer == "unshield" else 10
    assert (reenterer.attempts(), reenterer.successes()) == (2, 0)
    assert bytes(reenterer.lastResult()) == REENTRANT
    assert pool.inside(hooked) == hooked.balanceOf(pool) == 1000 + change
    assert pool.queued() == 3 + (3 if outer == "unshield" else 1)


@pytest.mark.parametrize("name", CALLS)
def test_recipient_of_ether_reenters(shielded: Shielded, hooked: Any, reenterer: Any, deployer: Any, name: str) -> None:
    """S18 who is paid ETH can't call the pool then, and gets exactly its amount."""
    contract, data, value = prepared(name, shielded, hooked, reenterer)
    reenterer.plan(contract, value, data, False, sender=deployer)
    held = reenterer.balance
    shielded.send(shielded.unshield(ETH, ETHER // 2, reenterer), deployer)
    assert (reenterer.attempts(), reenterer.successes()) == (1, 0)
    assert bytes(reenterer.lastResult()) == REENTRANT
    assert reenterer.balance == held + ETHER // 2
    assert shielded.pool.balance == shielded.pool.inside(ETH) == ETHER // 2 + 1


def test_same_notes_from_inside(
    shielded: Shielded, hooked: Any, reenterer: Any, deployer: Any, denied: Refused
) -> None:
    """P2 S18 a recipient that insists on spending the same notes again while it is paid gets nothing."""
    request = shielded.unshield(ETH, ETHER // 2, reenterer)
    reenterer.plan(shielded.pool, 0, request.calldata, True, sender=deployer)
    denied(request, error=("InvalidRecipient(address)", reenterer))
    assert not shielded.pool.isSpent(request.nullifiers[0])


def test_flush_from_inside(shielded: Shielded, hooked: Any, reenterer: Any, deployer: Any) -> None:
    """S18 a flush from inside a call does what it does anywhere: what waits so far goes into the tree."""
    pool = shielded.pool
    reenterer.plan(pool, 0, bytes(pool.flush.encode_input(100)), False, sender=deployer)
    hooked.setHook(reenterer, sender=deployer)
    receipt = pool.shield(hooked, 10, number(), b"", sender=deployer)
    assert (reenterer.attempts(), reenterer.successes()) == (2, 1)
    assert (pool.flushed(), pool.queued()) == (3, 4)
    assert receipt.decode_logs(pool.NotesQueued)[0].firstPosition == 3
    hooked.setHook("0x" + "00" * 20, sender=deployer)
    pool.flush(1, sender=deployer)
    assert pool.flushed() == 4


def test_ether_back_into_the_pool(shielded: Shielded, hooked: Any, reenterer: Any, deployer: Any) -> None:
    """S18 a recipient that sends its ETH back makes the pool a gift: it opens nothing."""
    reenterer.plan(shielded.pool, 5, b"", False, sender=deployer)
    shielded.send(shielded.unshield(ETH, ETHER // 2, reenterer), deployer)
    assert reenterer.successes() == 1
    assert shielded.pool.inside(ETH) == ETHER // 2 + 1
    assert shielded.pool.balance == ETHER // 2 + 6


def test_lock_opens_again(shielded: Shielded, wallet: Any, deployer: Any, hooked: Any) -> None:
    """S18 the lock lasts for one call: several operations of one transaction get in."""
    data = [shielded.transfer().calldata, shielded.consolidate_notes().calldata, shielded.transfer().calldata]
    wallet.batch([(shielded.pool, 0, call) for call in data], sender=deployer)
    assert shielded.pool.queued() == 3 + 8
