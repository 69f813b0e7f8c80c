"""Messages to the plasma chain, burns on it, and what the bridge's contracts log."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from hypothesis import given, settings
from hypothesis import strategies as st
from web3 import Web3

from offchain.artifacts import load
from offchain.plasma.checkpoint import Submission
from offchain.plasma.events import (
    EVENTS,
    CheckpointSubmitted,
    Delivered,
    EventError,
    ExitBurned,
    ExitStarted,
    MessageSent,
    decode_as,
    decode_log,
)
from offchain.plasma.messages import INBOX_SEED, Counters, Exit, Message, MessageKind, chained, inbox_hash
from offchain.plasma.records import RecordError
from tests.unit.plasma import ADDRESS, CHAIN_ID, CHECKPOINTS, EXITS, HASH, MESSAGES, UINT

QUICKLY = settings(max_examples=50, deadline=None)
SOME = "0x00000000000000000000000000000000DeaDBeef"


def plain_hash(message: Message) -> bytes:
    """The message's hash, its encoding written out word by word."""
    size = len(message.data)
    words = [0x20, int(message.kind), *(int(one, 16) for one in (message.sender, message.recipient, message.asset))]
    words += [message.amount, message.time, 7 * 32, size]
    padded = message.data + bytes(-size % 32)
    return keccak(b"".join(word.to_bytes(32, "big") for word in words) + padded)


def log_of(event: type, indexed: list[tuple[str, Any]], plain: list[tuple[str, Any]]) -> dict[str, Any]:
    """A log as a node tells it."""
    topics = [Web3.keccak(text=event.signature()), *(encode([kind], [value]) for kind, value in indexed)]  # type: ignore[attr-defined]
    data = encode([kind for kind, _ in plain], [value for _, value in plain])
    return {"address": SOME, "topics": ["0x" + topic.hex() for topic in topics], "data": "0x" + data.hex()}


@given(MESSAGES)
@QUICKLY
def test_a_messages_hash_is_of_its_encoding(message: Message) -> None:
    assert message.hash == plain_hash(message)


@given(st.lists(MESSAGES, max_size=5), MESSAGES)
@QUICKLY
def test_the_inboxs_hash_grows_message_by_message(messages: list[Message], last: Message) -> None:
    before = keccak(text="Enhanced Open MG inbox")
    for message in messages:
        before = keccak(before + plain_hash(message))
    assert inbox_hash(messages) == before
    assert inbox_hash([last], before) == inbox_hash([*messages, last]) == chained(before, last.hash)


def test_the_empty_inbox() -> None:
    assert inbox_hash([]) == INBOX_SEED


@given(EXITS)
@QUICKLY
def test_an_exits_key_is_its_leaf(exit_: Exit) -> None:
    typehash = keccak(
        text="Exit(uint256 chainId,uint256 id,address asset,address from,address recipient,uint256 amount)"
    )
    numbers = [CHAIN_ID, exit_.id, *(int(one, 16) for one in (exit_.asset, exit_.from_, exit_.recipient)), exit_.amount]
    words = b"".join(number.to_bytes(32, "big") for number in numbers)
    assert exit_.key(CHAIN_ID) == keccak(b"\x00" + typehash + words)
    assert exit_.key(CHAIN_ID) != exit_.key(1)


@given(MESSAGES, EXITS)
@QUICKLY
def test_records_survive_json_and_the_abi(message: Message, exit_: Exit) -> None:
    assert Message.from_json(json.loads(json.dumps(message.to_json()))) == message
    assert Message.from_abi(message.abi()) == message
    assert Exit.from_json(json.loads(json.dumps(exit_.to_json()))) == exit_
    assert exit_.to_json()["from"] == exit_.from_


@given(st.integers(0, (1 << 128) - 1), st.integers(0, (1 << 64) - 1))
@QUICKLY
def test_the_bridges_first_slot(messages: int, exits: int) -> None:
    word = Counters(messages, exits).word()
    assert Counters.of_word(word) == Counters(messages, exits)
    assert int.from_bytes(word, "big") == messages + (exits << 128) + (1 << 192)


@pytest.mark.parametrize("value", [0, 1 << 128, 2 << 192, 3 << 192])
def test_another_slot_is_not_the_bridges_first(value: int) -> None:
    with pytest.raises(RecordError, match="not what PlasmaBridge keeps"):
        Counters.of_word(value.to_bytes(32, "big"))


def test_what_a_message_asks() -> None:
    listing = encode(["string", "string", "uint8"], ["Token", "TKN", 6])
    message = Message(MessageKind.LIST_TOKEN, SOME, SOME, SOME, 0, 1, listing)
    assert message.listing() == ("Token", "TKN", 6)
    call = Message(MessageKind.CALL, SOME, SOME, SOME, 0, 1, encode(["uint256", "bytes"], [50_000, b"data"]))
    assert call.call() == (50_000, b"data")
    with pytest.raises(RecordError, match="of kind CALL is no LIST_TOKEN"):
        call.listing()
    with pytest.raises(RecordError, match="data can't be decoded"):
        Message(MessageKind.CALL, SOME, SOME, SOME, 0, 1, b"short").call()


def test_a_message_of_no_kind_is_refused() -> None:
    """P9."""
    message = Message(MessageKind.CALL, SOME, SOME, SOME, 0, 1, b"")
    with pytest.raises(RecordError, match="kind: there is no MessageKind 3"):
        Message.from_json({**message.to_json(), "kind": "3"})
    with pytest.raises(RecordError, match="sender: '0x12' is not an address"):
        Message.from_json({**message.to_json(), "sender": "0x12"})


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.__name__))
def test_events_are_the_contracts(event: Any) -> None:
    """Names, types and what is indexed, as compiled."""
    contracts = (load(name) for name in ("PlasmaVault", "PlasmaBridge", "PlasmaRoot", "PlasmaEscape"))
    entry = next(
        entry
        for contract in contracts
        for entry in contract.abi
        if entry["type"] == "event" and entry["name"] == event.__name__
    )
    for part, (name, kind) in zip(entry["inputs"], event.types().items(), strict=True):
        assert part["indexed"] == kind.indexed
        assert part["name"].lower() == name.replace("_", "").lower()
        assert kind.solidity == abi_type(part)


def abi_type(part: dict[str, Any]) -> str:
    """A type of the ABI with its components written out."""
    if part["type"].startswith("tuple"):
        return f"({','.join(map(abi_type, part['components']))})" + str(part["type"][5:])
    return str(part["type"])


@given(UINT, MESSAGES, EXITS, HASH, st.booleans())
@QUICKLY
def test_logs_are_decoded(number: int, message: Message, exit_: Exit, word: bytes, success: bool) -> None:
    kind, sender = ("uint8", int(message.kind)), ("address", message.sender)
    sent = log_of(MessageSent, [("uint256", number), kind, sender], [(Message.abi_type(), message.abi())])
    assert decode_log(sent) == MessageSent(number, message.kind, message.sender, message)
    delivered = log_of(Delivered, [("uint256", number), ("bytes32", word)], [("bool", success)])
    assert decode_log(delivered) == Delivered(number, word, success)
    key, recipient = ("bytes32", word), ("address", exit_.recipient)
    started = log_of(ExitStarted, [key, ("uint256", number), recipient], [(Exit.abi_type(), exit_.abi())])
    assert decode_as(ExitStarted, started) == ExitStarted(word, number, exit_.recipient, exit_)
    indexed = [("uint256", exit_.id), ("address", exit_.asset), recipient]
    burned = log_of(ExitBurned, indexed, [("address", exit_.from_), ("uint256", exit_.amount)])
    assert decode_as(ExitBurned, burned).exit == exit_


@given(CHECKPOINTS, UINT, UINT)
@QUICKLY
def test_submissions_are_read_from_logs(checkpoint: Any, time: int, signers: int) -> None:
    submission = Submission(checkpoint, time, signers)
    indexed = [("uint256", checkpoint.epoch), ("bytes32", checkpoint.hash)]
    log = log_of(CheckpointSubmitted, indexed, [(Submission.abi_type(), submission.abi())])
    assert decode_as(CheckpointSubmitted, log).submission == submission


@given(UINT, ADDRESS, HASH)
@QUICKLY
def test_web3s_logs_are_decoded_as_raw_ones(number: int, sender: str, word: bytes) -> None:
    raw = log_of(Delivered, [("uint256", number), ("bytes32", word)], [("bool", True)])
    formatted = {**raw, "topics": [HexBytes(topic) for topic in raw["topics"]], "data": HexBytes(raw["data"])}
    assert decode_log(formatted) == decode_log(raw)


def test_other_logs_are_none_of_these() -> None:
    assert decode_log({"address": SOME, "topics": [], "data": "0x"}) is None
    assert decode_log({"address": SOME, "topics": ["0x" + "11" * 32], "data": "0x"}) is None
    with pytest.raises(EventError, match="no Delivered"):
        decode_as(Delivered, {"address": SOME, "topics": ["0x" + "11" * 32], "data": "0x"})


@pytest.mark.parametrize(
    "change",
    [
        {"data": "0x"},
        {"data": "zz"},
        {"data": "0x" + "00" * 31 + "02"},
        {"topics": ["0x" + Delivered.topic().hex()]},
        {"topics": ["0x12"]},
    ],
)
def test_a_log_that_only_begins_like_an_event_is_refused(change: dict[str, Any]) -> None:
    """P9: in one line."""
    good = log_of(Delivered, [("uint256", 1), ("bytes32", bytes(32))], [("bool", True)])
    with pytest.raises(EventError) as refused:
        decode_log({**good, **change})
    assert "\n" not in str(refused.value)
