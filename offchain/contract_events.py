"""A contract's events, decoded by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from hexbytes import HexBytes
from web3.contract import Contract
from web3.contract.base_contract import BaseContractEvent
from web3.types import LogReceipt

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
        """A node's raw log as an event; None if the interface has none such."""
        log = _log(raw)
        event = self._by_topic.get(bytes(log["topics"][0])) if log["topics"] else None
        return None if event is None else _event(event, log, raw["transactionHash"])

    @cached_property
    def _by_topic(self) -> dict[bytes, BaseContractEvent]:
        events = [self.contract.events[one["name"]]() for one in self.contract.abi if one["type"] == "event"]
        return {bytes(HexBytes(event.topic)): event for event in events}


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


def _event(event: BaseContractEvent, log: LogReceipt, transaction: str) -> Event:
    arguments = event.process_log(log)["args"]
    return Event(event.event_name, arguments, log["blockNumber"], transaction, log["address"], log["logIndex"])


def _log(raw: Mapping[str, Any]) -> LogReceipt:
    """A node's raw log as web3 decodes it."""
    numbers = {name: int(raw[name], 16) for name in ("blockNumber", "logIndex", "transactionIndex")}
    topics = [HexBytes(topic) for topic in raw["topics"]]
    return cast(LogReceipt, {**raw, **numbers, "topics": topics, "data": HexBytes(raw["data"])})
