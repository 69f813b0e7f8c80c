"""A contract's events, decoded by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from eth_abi.abi import decode
from eth_utils.abi import collapse_if_tuple, event_abi_to_log_topic
from eth_utils.address import to_checksum_address
from web3.contract import Contract

from offchain.node import Node

LOGS_AT_ONCE = 2_000
"""Blocks of one request for logs."""
REMEMBERED = 10_000
"""Events that are kept as they were decoded: who follows a contract asks for the same ones again and again."""


@dataclass(frozen=True)
class Event:
    """An event and its arguments by name; the number of its block, the hash of its transaction, who logged it, and its
    place among the block's logs."""

    name: str
    arguments: Mapping[str, Any]
    block: int
    transaction: str
    contract: str
    log: int


@dataclass(frozen=True)
class Decoder:
    """Decodes the logs of contracts that have the interface of this one."""

    contract: Contract

    def decode(self, raw: Mapping[str, Any]) -> Event | None:
        """A node's raw log as an event; None if the interface has none such. Raises ValueError if it lacks a topic."""
        topics = [bytes.fromhex(topic[2:]) for topic in raw["topics"]]
        shape = self._shapes.get(topics[0]) if topics else None
        if shape is None:
            return None
        arguments = shape.arguments(topics[1:], bytes.fromhex(raw["data"][2:]))
        block, log = int(raw["blockNumber"], 16), int(raw["logIndex"], 16)
        return Event(shape.name, arguments, block, raw["transactionHash"], raw["address"], log)

    @cached_property
    def _shapes(self) -> dict[bytes, _Shape]:
        events = [one for one in self.contract.abi if one["type"] == "event"]
        return {event_abi_to_log_topic(event): _Shape.of(event) for event in events}


@dataclass(frozen=True)
class _Shape:
    """An event's name, its indexed arguments (none is longer than a topic) and the others, with the types they are
    encoded as: web3.py would find that out anew for each log."""

    name: str
    indexed: Sequence[Any]
    others: Sequence[Any]
    topic_types: Sequence[str]
    types: Sequence[str]

    @classmethod
    def of(cls, event: Any) -> _Shape:
        """From the interface."""
        indexed = [one for one in event["inputs"] if one["indexed"]]
        others = [one for one in event["inputs"] if not one["indexed"]]
        topic_types, types = ([collapse_if_tuple(one) for one in part] for part in (indexed, others))
        return cls(event["name"], indexed, others, topic_types, types)

    def arguments(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """The arguments by name."""
        found = [decode([kind], topic)[0] for kind, topic in zip(self.topic_types, topics, strict=True)]
        named = zip((*self.indexed, *self.others), (*found, *decode(self.types, data)), strict=True)
        return {one["name"]: _value(one, one["type"], value) for one, value in named}


def _value(component: Any, kind: str, value: Any) -> Any:
    """An argument as web3.py gives it: addresses with checksums, structs by name."""
    if kind.endswith("]"):
        return [_value(component, kind[: kind.rindex("[")], one) for one in value]
    if kind == "tuple":
        named = zip(component["components"], value, strict=True)
        return {one["name"]: _value(one, one["type"], part) for one, part in named}
    return to_checksum_address(value) if kind == "address" else value


@dataclass(frozen=True)
class ContractEvents:
    """The events of a contract, as a node has them."""

    node: Node
    contract: Contract

    def between(self, first: int, last: int) -> Iterator[Event]:
        """All events of these blocks, in order. Raises NodeError."""
        for start in range(first, last + 1, LOGS_AT_ONCE):
            for raw in self.node.logs([self.contract.address], start, min(start + LOGS_AT_ONCE - 1, last)):
                event = self._decode(raw)
                if event is not None:
                    yield event

    def _decode(self, raw: dict[str, Any]) -> Event | None:
        """A log's event; None if the contract's interface has none such."""
        place = (raw["blockHash"], raw["logIndex"])
        if place not in self._decoded:
            if len(self._decoded) >= REMEMBERED:
                self._decoded.clear()
            self._decoded[place] = self._decoder.decode(raw)
        return self._decoded[place]

    @cached_property
    def _decoded(self) -> dict[tuple[str, str], Event | None]:
        return {}

    @cached_property
    def _decoder(self) -> Decoder:
        return Decoder(self.contract)
