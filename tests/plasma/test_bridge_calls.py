"""P5 forced calls on a real plasma chain: nobody is left out, no call stops the inbox or has the bridge's rights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from web3 import Web3
from web3.types import RPCEndpoint

from offchain.artifacts import describe_revert, load
from offchain.plasma.escape import remote_account
from offchain.plasma.messages import BRIDGE, MessageKind
from offchain.sender import unsigned
from offchain.units import ETHER
from offchain.wallet.note import ETH
from tests.plasma.real import (
    TOKEN,
    Child,
    address_of,
    called,
    check_state,
    child_chain,
    deposit,
    fails,
    forced,
    listing,
)
from tests.plasma.stage import Plasma

REFUSES = bytes.fromhex("5f5ffd")
"""Code that reverts."""
BURNS_GAS = bytes.fromhex("fe")
"""Code that takes all gas."""
RETURNS_MUCH = bytes.fromhex("620200005ff3")
"""Code that returns 128 KiB of zeros."""
REVERTS_WITH_MUCH = bytes.fromhex("620200005ffd")
"""Code that reverts with 128 KiB of zeros."""
CALLS_BRIDGE = bytes.fromhex("365f5f37" + "5f5f365f5f73" + BRIDGE[2:] + "5af1" + "6026575f5ffd5b00")
"""Code that calls the bridge with its calldata and reverts if that does."""
NOTES_GAS = bytes.fromhex("5a5f5500")
"""Code that keeps the gas it got in its first slot."""

EMPTY_CODE = b""
SENDER, OTHER = address_of("sender"), address_of("other")
"""Senders of forced messages, on the root chain."""


@pytest.fixture(scope="module")
def chain_below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with child_chain(tmp_path_factory.mktemp("plasma")) as child:
        yield child


@pytest.fixture
def child(chain_below: Child) -> Iterator[Child]:
    """The plasma chain at its genesis."""
    with chain_below.aside():
        yield chain_below


@pytest.fixture
def funded(child: Child) -> Child:
    """A chain on which a user has 10 ETH and 1000 units of a listed token."""
    user = address_of("user")
    assert child.deliver(listing(), deposit(user, 10 * ETHER), deposit(user, 1000, TOKEN)) == [True] * 3
    return child


def test_forced_exit(child: Child, plasma: Plasma) -> None:
    """Who is left out burns through the inbox what its account was sent, with the account as who burned."""
    account = remote_account(SENDER)
    assert account == child.calls.accountOf(SENDER).call() == plasma.escape.remoteAccount(SENDER)
    exit_eth = called("exitEth", ["address"], OTHER)
    exit_token = called("exitToken", ["address", "address", "uint256"], TOKEN, OTHER, 6)
    delivered = child.deliver(
        listing(),
        deposit(account, 3 * ETHER),  # before there is an account
        deposit(account, 10, TOKEN),
        forced(SENDER, BRIDGE, exit_eth, value=2 * ETHER),
        forced(SENDER, BRIDGE, exit_token),
        deposit(account, 1),
    )
    assert delivered == [True] * 6
    child.burned(ETH, account, OTHER, 2 * ETHER)
    child.burned(TOKEN, account, OTHER, 6)
    check_state(child)
    assert child.balance(account) == ETHER + 1
    assert child.token(TOKEN).functions.balanceOf(account).call() == 4


def test_forced_transfers(funded: Child) -> None:
    """The account sends ETH and tokens as any other; what it doesn't have it can't."""
    account, token = remote_account(SENDER), funded.token(TOKEN)
    pay = called("transfer", ["address", "uint256"], OTHER, 5)
    delivered = funded.deliver(
        deposit(account, 5),
        deposit(account, 5, TOKEN),
        forced(SENDER, OTHER, value=6),
        forced(SENDER, OTHER, value=5),
        forced(SENDER, OTHER, value=1),
        forced(SENDER, token.address, pay),
        forced(SENDER, token.address, pay),
        forced(SENDER, BRIDGE, called("exitEth", ["address"], OTHER), value=1),
    )
    assert delivered == [True, True, False, True, False, True, False, False]
    assert (funded.balance(OTHER), token.functions.balanceOf(OTHER).call()) == (5, 5)
    check_state(funded)


@pytest.mark.parametrize(
    ("code", "data", "success"),
    [
        (REFUSES, b"", False),
        (BURNS_GAS, b"", False),
        (RETURNS_MUCH, b"", True),
        (REVERTS_WITH_MUCH, b"", False),
        (EMPTY_CODE, b"data", True),
        (CALLS_BRIDGE, called("deliver", ["uint256", "(uint8)[]"], 1, []), False),
        (CALLS_BRIDGE, called("changeOperator", ["address"], OTHER), False),
        (CALLS_BRIDGE, called("claimUndelivered", ["address"], OTHER), False),
        (CALLS_BRIDGE, called("inboxHash"), True),
    ],
)
def test_hostile_targets(funded: Child, code: bytes, data: bytes, success: bool) -> None:
    """No target stops the inbox, or gets into it."""
    target = funded.deploy_code(code) if code else OTHER
    first = len(funded.messages)
    delivered = funded.deliver(forced(SENDER, target, data), deposit(target, 3), deposit(OTHER, 5))
    takes = code in (EMPTY_CODE, RETURNS_MUCH)
    assert delivered == [success, takes, True]
    assert funded.calls.undelivered(target).call() == (0 if takes else 3)
    assert (funded.calls.inboxConsumed().call(), funded.calls.operator().call()) == (first + 3, funded.operator.address)
    check_state(funded)


def test_rights_of_accounts(funded: Child) -> None:
    """A forced call has none of the bridge's rights, and none of another sender's."""
    token, other_account, user = funded.token(TOKEN), remote_account(OTHER), address_of("user")
    execute = called("execute", ["address", "uint256", "bytes"], SENDER, 3, b"")
    assert funded.deliver(deposit(other_account, 3), forced(OTHER, user)) == [True, True]
    attempts = [
        forced(SENDER, token.address, called("mint", ["address", "uint256"], SENDER, 1)),
        forced(SENDER, token.address, called("burn", ["address", "uint256"], user, 1)),
        forced(SENDER, other_account, execute),
        forced(SENDER, remote_account(SENDER), execute),
        forced(SENDER, BRIDGE, called("changeOperator", ["address"], SENDER)),
        forced(SENDER, BRIDGE, called("claimUndelivered", ["address"], SENDER)),
    ]
    assert funded.deliver(*attempts) == [False] * len(attempts)
    assert token.functions.totalSupply().call() == 1000
    assert (funded.balance(other_account), funded.balance(SENDER)) == (3, 0)
    account = load("RemoteAccount").at(funded.web3, other_account).functions
    fails(account.execute(OTHER, 3, b""), f"NotBridge(sender={OTHER})", OTHER)


@pytest.mark.parametrize("kind", [MessageKind.DEPOSIT, MessageKind.CALL])
def test_gas(child: Child, kind: MessageKind) -> None:
    """The operator can't starve a call: with the least gas that is accepted it gets as much as with plenty."""
    target = child.deploy_code(NOTES_GAS)
    message = deposit(target, 1) if kind == MessageKind.DEPOSIT else forced(SENDER, target, gas=60_000)
    child.deliver(forced(SENDER, OTHER))  # makes the account
    call = child.calls.deliver(1, [message.abi()])

    fields = {"from": child.operator.address, "gasPrice": "0x0", **unsigned(call)}

    def accepted(gas: int) -> bool:
        answer: Any = child.web3.provider.make_request(RPCEndpoint("eth_call"), [fields | {"gas": hex(gas)}, "latest"])
        if "error" not in answer:
            return True
        data = answer["error"].get("data")
        refusal = describe_revert(bytes.fromhex(data[2:])) if data else answer["error"]["message"].lower()
        assert refusal.startswith("TooLittleGas(") or "gas" in refusal
        return False

    low, high = 21_000, 1_000_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if accepted(middle) else (middle, high)
    fails(call, f"TooLittleGas(needed={needed(kind)})", child.operator.address, gas=high - 8_000)
    noted = []
    for gas in (high, 3_000_000):
        with child.aside():
            child.node.call("anvil_impersonateAccount", child.operator.address)
            receipt = child.node.call("eth_sendTransactionSync", fields | {"gas": hex(gas)})
            assert int(receipt["status"], 16) == 1
            noted.append(int.from_bytes(child.web3.eth.get_storage_at(Web3.to_checksum_address(target), 0), "big"))
    assert noted[0] == noted[1] > 55_000


def needed(kind: MessageKind) -> int:
    """Gas that is asked for: EIP-150 keeps a 64th back."""
    return (100_000 if kind == MessageKind.DEPOSIT else 60_000) * 64 // 63 + 40_000
