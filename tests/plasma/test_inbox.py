"""What comes in for the plasma chain: deposits and forced calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offchain.plasma.events import MessageSent, decode_as
from offchain.plasma.messages import INBOX_SEED, Message, MessageKind, inbox_hash
from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.stage import ETH, Plasma, sent_message

ZERO = "0x" + "00" * 20
MOST_GAS = 2_000_000
MOST_DATA = 8192
WRONG_MESSAGE = "WrongMessage(uint256)"
WRONG_DELIVERY = "WrongDelivery(address,uint256,uint256)"


def listed(plasma: Plasma, deployer: Any, container: Any) -> Any:
    """A token that may be deposited; the deployer has it all and approved the vault."""
    token = deployer.deploy(container, 10**24)
    plasma.vault.listToken(token, 10**24, sender=plasma.owner)
    token.approve(plasma.vault, 2**255, sender=deployer)
    return token


def test_empty_inbox(plasma: Plasma) -> None:
    """An inbox without messages has the seed as its hash."""
    assert plasma.vault.messageCount() == 0
    assert plasma.vault.inboxHash(0) == INBOX_SEED == inbox_hash([])
    assert plasma.vault.inboxHash(1) == bytes(32)


def test_deposit_of_eth(plasma: Plasma, prosumer: Any, recipient: Any) -> None:
    """A deposit is held, numbered, chained to those before it and logged in full."""
    for number, amount in enumerate((1, 3 * ETHER)):
        receipt = plasma.vault.depositEth(recipient, sender=prosumer, value=amount)
        message = Message(MessageKind.DEPOSIT, prosumer.address, recipient.address, ETH, amount, plasma.now, b"")
        (log,) = receipt.logs
        assert decode_as(MessageSent, log) == MessageSent(number, MessageKind.DEPOSIT, prosumer.address, message)
        plasma.vault.requireMessage(number, message.abi())
    assert plasma.vault.messageCount() == 2
    assert plasma.vault.held(ETH) == plasma.vault.balance == 3 * ETHER + 1


def test_deposit_of_a_token(plasma: Plasma, deployer: Any, project: Any, recipient: Any) -> None:
    """A token's deposit is held as what arrived."""
    token = listed(plasma, deployer, project.Token)
    receipt = plasma.vault.depositToken(token, recipient, 500, sender=deployer)
    expected = Message(MessageKind.DEPOSIT, deployer.address, recipient.address, token.address, 500, plasma.now, b"")
    assert sent_message(receipt) == expected
    assert plasma.vault.held(token) == token.balanceOf(plasma.vault) == 500
    assert plasma.vault.held(ETH) == 0


def test_empty_deposits(plasma: Plasma, deployer: Any, project: Any, refused: Refused) -> None:
    """Nothing isn't deposited, nor anything for nobody."""
    token = listed(plasma, deployer, project.Token)
    vault = plasma.vault
    refused(vault.depositEth, deployer, error=("InvalidAmount(uint256)", 0), sender=deployer)
    refused(vault.depositToken, token, deployer, 0, error=("InvalidAmount(uint256)", 0), sender=deployer)
    nobody = ("InvalidRecipient(address)", ZERO)
    refused(vault.depositEth, ZERO, error=nobody, sender=deployer, value=1)
    refused(vault.depositToken, token, ZERO, 1, error=nobody, sender=deployer)


def test_unlisted(plasma: Plasma, deployer: Any, project: Any, refused: Refused) -> None:
    """Only listed tokens come in: any other, and any contract or account that is none, stays out."""
    token = deployer.deploy(project.Token, 10)
    token.approve(plasma.vault, 10, sender=deployer)
    for asset in (token, plasma.root, deployer, ZERO):
        error = ("NotListed(address)", asset)
        refused(plasma.vault.depositToken, asset, deployer, 1, error=error, sender=deployer)


def test_eth_is_no_token(plasma: Plasma, deployer: Any, refused: Refused, refused_data: Refused) -> None:
    """ETH isn't credited without being sent; the vault takes none without a deposit."""
    refused(plasma.vault.depositToken, ETH, deployer, 1, error=b"", sender=deployer)
    assert plasma.vault.held(ETH) == 0
    refused_data(plasma.vault, b"", error=b"", sender=deployer, value=1)


def test_forced_ether(plasma: Plasma, deployer: Any, project: Any, prosumer: Any) -> None:
    """ETH that gets into the vault past its functions belongs to nobody."""
    plasma.deposit(prosumer, 5)
    deployer.deploy(project.ForcedEther).give(plasma.vault, sender=deployer, value=7)
    assert (plasma.vault.held(ETH), plasma.vault.balance) == (5, 12)


def test_too_much(plasma: Plasma, deployer: Any, project: Any, refused: Refused) -> None:
    """A hostile token can't claim more than the ledger counts."""
    token = listed(plasma, deployer, project.Token)
    error = ("SafeCastOverflowedUintDowncast(uint8,uint256)", 112, 2**112)
    refused(plasma.vault.depositToken, token, deployer, 2**112, error=error, sender=deployer)


@pytest.mark.parametrize("kind", ["SilentToken", "HalfSilentToken", "FalseToken", "TakingToken", "MuteToken"])
def test_odd_tokens(plasma: Plasma, deployer: Any, project: Any, recipient: Any, kind: str) -> None:
    """Tokens that return nothing or something else come in as others do."""
    token = listed(plasma, deployer, getattr(project, kind))
    plasma.vault.depositToken(token, recipient, 400, sender=deployer)
    assert plasma.vault.held(token) == token.balanceOf(plasma.vault) == 400


def test_token_that_returns_false(plasma: Plasma, deployer: Any, project: Any, refused: Refused) -> None:
    """A transfer that fails without reverting is no deposit."""
    token = listed(plasma, deployer, project.FalseToken)
    token.setFailing(True, sender=deployer)
    error = ("SafeERC20FailedOperation(address)", token)
    refused(plasma.vault.depositToken, token, deployer, 1, error=error, sender=deployer)


def test_token_with_fee(plasma: Plasma, deployer: Any, project: Any, refused: Refused) -> None:
    """A deposit is what arrives, and all of it."""
    token = listed(plasma, deployer, project.FeeToken)
    token.setFee(100, sender=deployer)
    error = (WRONG_DELIVERY, token, 500, 495)
    refused(plasma.vault.depositToken, token, deployer, 500, error=error, sender=deployer)


def test_token_that_takes(plasma: Plasma, deployer: Any, project: Any, refused: Refused) -> None:
    """A token that takes from the vault instead of giving to it delivered nothing."""
    token = listed(plasma, deployer, project.TakingToken)
    plasma.vault.depositToken(token, deployer, 100, sender=deployer)
    token.setTaking(10, sender=deployer)
    error = (WRONG_DELIVERY, token, 10, 0)
    refused(plasma.vault.depositToken, token, deployer, 10, error=error, sender=deployer)


def test_token_that_does_not_tell_its_balance(plasma: Plasma, deployer: Any, project: Any, refused: Refused) -> None:
    """Without a balance to compare nothing comes in."""
    token = listed(plasma, deployer, project.MuteToken)
    for mode, error in ((1, "Mute()"), (2, b"")):
        token.setMode(mode, sender=deployer)
        refused(plasma.vault.depositToken, token, deployer, 1, error=error, sender=deployer)


def test_token_that_calls_back(plasma: Plasma, deployer: Any, project: Any, refused: Refused) -> None:
    """Nobody deposits a second time while a token moves, so that no delivery counts twice; nor is anything paid."""
    token = listed(plasma, deployer, project.HookToken)
    greedy = deployer.deploy(project.Reenterer)
    token.transfer(greedy, 100, sender=deployer)
    greedy.execute(token, 0, token.approve.encode_input(plasma.vault, 100), sender=deployer)
    token.setHook(greedy, sender=deployer)
    vault = plasma.vault
    error = "ReentrancyGuardReentrantCall()"
    for method, *arguments in (
        (vault.depositToken, token, greedy, 10),
        (vault.claim, token, greedy),
        (vault.claimTo, token, greedy),
    ):
        greedy.plan(vault, 0, method.encode_input(*arguments), True, sender=deployer)
        refused(vault.depositToken, token, deployer, 10, error=error, sender=deployer)


def test_message_while_a_token_moves(plasma: Plasma, deployer: Any, project: Any) -> None:
    """A message sent while a token moves has a number of its own behind the deposit's."""
    token = listed(plasma, deployer, project.HookToken)
    caller = deployer.deploy(project.Reenterer)
    caller.plan(plasma.vault, 7, plasma.vault.depositEth.encode_input(deployer), True, sender=deployer, value=14)
    token.setHook(caller, sender=deployer)
    receipt = plasma.vault.depositToken(token, deployer, 10, sender=deployer)
    events = [decode_as(MessageSent, log) for log in receipt.logs if log["topics"][0] == MessageSent.topic()]
    assert [(event.id, event.message.asset, event.message.amount) for event in events] == [
        (1, token.address, 10),
        (2, ETH, 7),
        (3, ETH, 7),
    ]
    assert (plasma.vault.held(token), plasma.vault.held(ETH)) == (10, 14)
    for event in events:
        plasma.vault.requireMessage(event.id, event.message.abi())


def test_forced_call(plasma: Plasma, prosumer: Any, recipient: Any) -> None:
    """Anyone has a contract called, with any data; the wei it sends are on the plasma chain, not here."""
    data = bytes(range(256)) * (MOST_DATA // 256)
    for call_data, gas in ((b"", 0), (data, MOST_GAS)):
        receipt = plasma.vault.forceCall(recipient, 2**255, gas, call_data, sender=prosumer)
        message = sent_message(receipt)
        encoded = encode(["uint256", "bytes"], [gas, call_data])
        assert message == Message(
            MessageKind.CALL, prosumer.address, recipient.address, ETH, 2**255, plasma.now, encoded
        )
        assert message.call() == (gas, call_data)
    assert plasma.vault.held(ETH) == plasma.vault.balance == 0


@pytest.mark.parametrize(("gas", "size"), [(MOST_GAS + 1, 0), (0, MOST_DATA + 1), (2**256 - 1, MOST_DATA + 1)])
def test_limits_of_a_forced_call(plasma: Plasma, prosumer: Any, refused: Refused, gas: int, size: int) -> None:
    """A forced call fits into a block of the plasma chain."""
    error = ("CallTooLarge(uint256,uint256)", gas, size)
    refused(plasma.vault.forceCall, prosumer, 0, gas, bytes(size), error=error, sender=prosumer)


ADDRESSES = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
MESSAGES = st.builds(
    Message,
    st.sampled_from(MessageKind),
    ADDRESSES,
    ADDRESSES,
    ADDRESSES,
    st.integers(0, 2**256 - 1),
    st.integers(0, 2**256 - 1),
    st.binary(max_size=100),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=MESSAGES)
def test_message_hash(plasma: Plasma, message: Message) -> None:
    """A message hashes to the same in the contract and in Python."""
    assert plasma.vault.messageHash(message.abi()) == message.hash


DEPOSIT = st.tuples(st.just("deposit"), st.integers(1, ETHER), ADDRESSES.filter(lambda address: address != ZERO))
CALL = st.tuples(st.just("call"), st.integers(0, MOST_GAS), ADDRESSES, st.binary(max_size=70))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(DEPOSIT, CALL), min_size=1, max_size=6))
def test_inbox_hash(plasma: Plasma, prosumer: Any, consumer: Any, steps: list[tuple[Any, ...]]) -> None:
    """Whatever is sent, in whatever order, the running hash is that of the messages logged, and only they pass."""
    before = plasma.vault.messageCount()
    start = bytes(plasma.vault.inboxHash(before))
    held, messages = plasma.vault.held(ETH), []
    for kind, number, to, *data in steps:
        if kind == "deposit":
            receipt = plasma.vault.depositEth(to, sender=prosumer, value=number)
        else:
            receipt = plasma.vault.forceCall(to, number, number, data[0], sender=consumer)
        messages.append(sent_message(receipt))
        assert plasma.vault.inboxHash(before + len(messages)) == inbox_hash(messages, start)
    assert plasma.vault.messageCount() == before + len(messages)
    assert plasma.vault.held(ETH) == held + sum(m.amount for m in messages if m.kind == MessageKind.DEPOSIT)
    for id_, message in enumerate(messages, before):
        plasma.vault.requireMessage(id_, message.abi())


@pytest.mark.parametrize("field", ["kind", "sender", "recipient", "asset", "amount", "time", "data"])
def test_altered_message(plasma: Plasma, prosumer: Any, consumer: Any, refused: Refused, field: str) -> None:
    """Only a message as it was sent passes, and only with its own number."""
    message = plasma.deposit(prosumer, 5, consumer)
    plasma.deposit(prosumer, 6, consumer)
    other: dict[str, Any] = {"kind": MessageKind.LIST_TOKEN, "data": b"\0"}
    value = other.get(field, getattr(message, field) + 1 if field in ("amount", "time") else plasma.root.address)
    altered = replace(message, **{field: value})
    refused(plasma.vault.requireMessage, 0, altered.abi(), error=(WRONG_MESSAGE, 0), sender=prosumer)
    for id_ in (1, 2, 2**64, 2**256 - 1):
        refused(plasma.vault.requireMessage, id_, message.abi(), error=(WRONG_MESSAGE, id_), sender=prosumer)
    plasma.vault.requireMessage(0, message.abi())
