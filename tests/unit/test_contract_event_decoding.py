"""Logs of every event of every contract, decoded as web3.py decodes them."""

from __future__ import annotations

from typing import Any, cast

import pytest
from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple, event_abi_to_log_topic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3 import Web3
from web3.datastructures import AttributeDict

from offchain.artifacts import load, load_all
from offchain.contract_events import Decoder

ZERO = "0x" + 40 * "0"
SIMPLE = {
    "address": st.binary(min_size=20, max_size=20).map(lambda value: "0x" + value.hex()),
    "bool": st.booleans(),
    "bytes": st.binary(max_size=70),
    "string": st.text(max_size=40),
}
EVENTS: dict[bytes, tuple[str, Any]] = {
    event_abi_to_log_topic(cast(Any, event)): (name, event)
    for name, artifact in load_all().items()
    for event in artifact.abi
    if event["type"] == "event"
}


def values(component: Any, kind: str) -> st.SearchStrategy[Any]:
    """Any value of a type."""
    if kind.endswith("]"):
        return st.lists(values(component, kind[: kind.rindex("[")]), max_size=3)
    if kind == "tuple":
        return st.tuples(*(values(one, one["type"]) for one in component["components"]))
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1)
    if kind.startswith("bytes") and kind != "bytes":
        size = int(kind[5:])
        return st.binary(min_size=size, max_size=size)
    return SIMPLE[kind]


def raw_log(topics: list[bytes], data: bytes) -> dict[str, Any]:
    """As a node gives it."""
    numbers = {name: "0x7" for name in ("blockNumber", "logIndex", "transactionIndex")}
    hashes = {name: "0x" + 32 * "ab" for name in ("blockHash", "transactionHash")}
    return {
        **numbers,
        **hashes,
        "address": ZERO,
        "topics": ["0x" + one.hex() for one in topics],
        "data": "0x" + data.hex(),
    }


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_arguments_are_those_of_web3(data: st.DataObject) -> None:
    """Whatever is logged."""
    topic, (name, event) = data.draw(st.sampled_from(sorted(EVENTS.items(), key=lambda one: one[0])))
    given = [data.draw(values(one, one["type"])) for one in event["inputs"]]
    pairs = list(zip(event["inputs"], given, strict=True))
    topics = [topic, *(encode([collapse_if_tuple(one)], [value]) for one, value in pairs if one["indexed"])]
    plain = [(collapse_if_tuple(one), value) for one, value in pairs if not one["indexed"]]
    raw = raw_log(topics, encode([kind for kind, _ in plain], [value for _, value in plain]))
    contract = load(name).at(Web3(), ZERO)
    found = Decoder(contract).decode(raw)
    log: Any = AttributeDict({**raw, "topics": [bytes.fromhex(one[2:]) for one in raw["topics"]]})
    expected = contract.events[event["name"]]().process_log(log)["args"]
    assert found is not None
    assert (found.name, found.block, found.log, found.transaction) == (event["name"], 7, 7, raw["transactionHash"])
    assert AttributeDict.recursive(found.arguments) == AttributeDict.recursive(expected)


def test_what_is_no_event_of_the_contract() -> None:
    """Logs without topics and of others are passed over; one that lacks a topic is told."""
    decoder = Decoder(load("Token").at(Web3(), ZERO))
    assert decoder.decode(raw_log([], b"")) is None
    assert decoder.decode(raw_log([b"\1" * 32], b"")) is None
    transfer: Any = next(one for one in load("Token").abi if one.get("name") == "Transfer")
    with pytest.raises(ValueError, match="shorter"):
        decoder.decode(raw_log([event_abi_to_log_topic(transfer), bytes(32)], bytes(32)))
