"""P5 PlasmaBridge on a real plasma chain: what is delivered once is given out once, what is burned leaves once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from offchain.artifacts import load
from offchain.plasma.bridge_genesis import SUPPLY
from offchain.plasma.escape import bridged_token
from offchain.plasma.events import ExitBurned, OperatorChanged, TokenListed, Undelivered, decode_as
from offchain.plasma.messages import BRIDGE
from offchain.sender import TransactionError
from offchain.units import ETHER
from offchain.wallet.note import ETH
from tests.plasma.real import (
    NOBODY,
    TOKEN,
    Child,
    address_of,
    called,
    check_state,
    child_chain,
    deposit,
    fails,
    listing,
)
from tests.plasma.stage import Plasma

REFUSES = bytes.fromhex("5f5ffd")
"""Code that reverts."""
OTHER = address_of("other")


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


# The genesis


def test_genesis(child: Child) -> None:
    """No account but the bridge has ETH; nothing was delivered or burned."""
    assert {address: wei for address, wei in child.balances().items() if wei} == {BRIDGE: SUPPLY}
    child.operator.send({"to": OTHER, "data": "0x"})  # block 0 doesn't commit to the accounts
    check_state(child)
    assert child.calls.operator().call() == child.operator.address
    assert child.operator.web3.eth.gas_price == 0


# Deposits and tokens


def test_eth(child: Child) -> None:
    assert child.deliver(deposit(OTHER, 3 * ETHER), deposit(OTHER, 1)) == [True, True]
    assert (child.balance(OTHER), child.balance(BRIDGE)) == (3 * ETHER + 1, SUPPLY - 3 * ETHER - 1)
    check_state(child)


def test_listing(child: Child, plasma: Plasma) -> None:
    """A token's address follows from the root chain's alone, there as here."""
    longest = listing(OTHER, name="n" * 64, symbol="₩" * 21, decimals=0)
    receipt: Any = child.operator.transact(child.calls.deliver(0, [listing().abi(), longest.abi()]))
    logs = [decode_as(TokenListed, log) for log in receipt["logs"] if log["topics"][0] == TokenListed.topic()]
    assert logs == [TokenListed(asset, bridged_token(asset)) for asset in (TOKEN, OTHER)]
    for message, asset in ((listing(), TOKEN), (longest, OTHER)):
        token = child.token(asset)
        assert token.address == bridged_token(asset) == plasma.escape.bridgedToken(asset)
        names = (token.functions.name().call(), token.functions.symbol().call(), token.functions.decimals().call())
        assert (names, token.functions.asset().call()) == (message.listing(), asset)
    assert child.calls.listing().call() == (NOBODY, "", "", 0)  # only while a token is made


def test_tokens(funded: Child) -> None:
    token = funded.token(TOKEN).functions
    funded.deliver(deposit(OTHER, 5, TOKEN))
    assert [token.balanceOf(account).call() for account in (address_of("user"), OTHER)] == [1000, 5]
    assert token.totalSupply().call() == 1005
    for rule in (token.mint(OTHER, 1), token.burn(address_of("user"), 1)):
        fails(rule, f"NotBridge(sender={OTHER})", OTHER)
        fails(rule, f"NotBridge(sender={funded.operator.address})", funded.operator.address)


def test_undelivered(child: Child) -> None:
    """A deposit that its recipient refuses waits for it; the inbox goes on."""
    recipient = str(child.operator.deploy(load("EtherRefuser"))["contractAddress"])
    messages = [deposit(recipient, 2), deposit(recipient, 3), deposit(OTHER, 4)]
    receipt: Any = child.operator.transact(child.calls.deliver(0, [message.abi() for message in messages]))
    logs = [decode_as(Undelivered, log) for log in receipt["logs"] if log["topics"][0] == Undelivered.topic()]
    assert logs == [Undelivered(recipient, 2), Undelivered(recipient, 3)]
    assert [child.calls.undelivered(account).call() for account in (recipient, OTHER)] == [5, 0]
    assert (child.balance(recipient), child.balance(OTHER), child.balance(BRIDGE)) == (0, 4, SUPPLY - 4)

    execute = load("EtherRefuser").at(child.web3, recipient).functions.execute
    claim = called("claimUndelivered", ["address"], OTHER)
    for refuser in (recipient, BRIDGE):
        refused = called("claimUndelivered", ["address"], refuser)
        fails(execute(BRIDGE, 0, refused), f"PaymentFailed(recipient={refuser})", OTHER)
    fails(child.calls.claimUndelivered(OTHER), "NothingThere()", OTHER)
    child.operator.transact(execute(BRIDGE, 0, claim))
    assert (child.balance(OTHER), child.calls.undelivered(recipient).call()) == (9, 0)
    fails(execute(BRIDGE, 0, claim), "NothingThere()", OTHER)


def test_undelivered_once(child: Child) -> None:
    """Who claims again while being paid gets nothing more."""
    recipient = str(child.operator.deploy(load("Reenterer"))["contractAddress"])
    contract = load("Reenterer").at(child.web3, recipient).functions
    child.operator.transact(contract.plan(child.deploy_code(REFUSES), 0, b"", True))
    assert child.deliver(deposit(recipient, 7), deposit(OTHER, 100)) == [False, True]
    claim = called("claimUndelivered", ["address"], recipient)
    child.operator.transact(contract.plan(BRIDGE, 0, claim, False))
    child.operator.transact(contract.execute(BRIDGE, 0, claim))
    assert (child.balance(recipient), contract.attempts().call(), contract.successes().call()) == (7, 1, 0)


# The operator


def test_order(funded: Child) -> None:
    """Messages are taken in order, each once."""
    next_ = [deposit(OTHER, 1).abi()]
    for first in (0, 2, 4, 2**255):
        fails(funded.calls.deliver(first, next_), f"WrongFirst(expected=3, actual={first})", funded.operator.address)
    assert funded.deliver() == []
    assert funded.deliver(deposit(OTHER, 1)) == [True]
    check_state(funded)


def test_operator(funded: Child) -> None:
    """Only the operator delivers and names the next one, which then alone does."""
    user, successor = funded.sender("user"), funded.sender("successor")
    for call in (funded.calls.deliver(3, []), funded.calls.changeOperator(user.address)):
        fails(call, f"NotOperator(sender={user.address})", user.address)
    receipt: Any = funded.operator.transact(funded.calls.changeOperator(successor.address))
    (log,) = receipt["logs"]
    assert decode_as(OperatorChanged, log) == OperatorChanged(successor.address)
    fails(funded.calls.deliver(3, []), f"NotOperator(sender={funded.operator.address})", funded.operator.address)
    successor.transact(funded.calls.deliver(3, [deposit(OTHER, 1).abi()]))
    assert (funded.calls.operator().call(), funded.balance(OTHER)) == (successor.address, 1)


# Exits


def test_exits(funded: Child) -> None:
    """What is burned is logged, is gone, and stands in the exit tree."""
    user = funded.sender("user")
    receipt: Any = user.transact(funded.calls.exitEth(OTHER), value=3 * ETHER)
    (log,) = receipt["logs"]
    assert decode_as(ExitBurned, log).exit == funded.burned(ETH, user.address, OTHER, 3 * ETHER)
    receipt = user.transact(funded.calls.exitToken(TOKEN, OTHER, 400))
    logs = [decode_as(ExitBurned, log) for log in receipt["logs"] if log["topics"][0] == ExitBurned.topic()]
    assert [log.exit for log in logs] == [funded.burned(TOKEN, user.address, OTHER, 400)]
    assert (funded.balance(user.address), funded.balance(BRIDGE)) == (7 * ETHER, SUPPLY - 7 * ETHER)
    token = funded.token(TOKEN).functions
    assert (token.balanceOf(user.address).call(), token.totalSupply().call()) == (600, 600)
    check_state(funded)


def test_refused_exits(funded: Child) -> None:
    user, calls = address_of("user"), funded.calls
    fails(calls.exitEth(OTHER), "InvalidAmount(amount=0)", user)
    fails(calls.exitEth(NOBODY), f"InvalidRecipient(recipient={NOBODY})", user, value=1)
    for amount in (0, 2**128):
        fails(calls.exitToken(TOKEN, OTHER, amount), f"InvalidAmount(amount={amount})", user)
    fails(calls.exitToken(TOKEN, NOBODY, 1), f"InvalidRecipient(recipient={NOBODY})", user)
    for asset in (OTHER, ETH, funded.token(TOKEN).address):
        fails(calls.exitToken(asset, OTHER, 1), f"NotListed(asset={asset})", user)
    short = f"ERC20InsufficientBalance(sender={user}, balance=1000, needed=1001)"
    fails(calls.exitToken(TOKEN, OTHER, 1001), short, user)
    with pytest.raises(TransactionError):
        funded.sender("user").send({"to": BRIDGE, "data": "0x", "value": 1})  # only burns are taken
    check_state(funded)
