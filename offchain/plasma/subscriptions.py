"""Tells subscribers of new blocks and of logs in them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from offchain.plasma.chain import Chain
from offchain.plasma.jsonrpc import INVALID_PARAMETERS, LIMIT_EXCEEDED, Refusal, notification

MOST_SUBSCRIPTIONS = 32
"""Of one client."""

NOT_IN_HEADERS = ("transactions", "uncles", "size", "totalDifficulty", "withdrawals")


@dataclass(frozen=True, eq=False)
class Subscriber:
    """A client, and how it is sent something: without waiting."""

    send: Callable[[bytes], None]
    filters: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    """Its subscriptions: a filter of logs, or None for the blocks themselves."""


class Subscriptions:
    """All subscribers of a chain."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._subscribers: set[Subscriber] = set()

    async def run(self) -> None:
        """Follows the chain until it is cancelled. Raises what stopped the chain."""
        told = self._chain.height
        while True:
            await self._chain.news(told)
            told += 1
            await self._tell(told)

    async def subscribe(self, subscriber: Subscriber, parameters: list[Any]) -> str:
        """Adds a subscription: `newHeads`, or `logs` with a filter; returns its id. Raises Refusal."""
        kind = parameters[0] if parameters else None
        wanted = parameters[1] if len(parameters) > 1 else {}
        if kind not in ("newHeads", "logs") or not isinstance(wanted, dict):
            raise Refusal(INVALID_PARAMETERS, "there are subscriptions to newHeads, and to logs with a filter")
        if len(subscriber.filters) >= MOST_SUBSCRIPTIONS:
            raise Refusal(LIMIT_EXCEEDED, f"a client has at most {MOST_SUBSCRIPTIONS} subscriptions")
        narrowed = {name: wanted[name] for name in ("address", "topics") if wanted.get(name) is not None}
        if kind == "logs":  # the engine says whether the filter is one
            await self._chain.engine.call("eth_getLogs", narrowed | {"fromBlock": "latest", "toBlock": "latest"})
        identity = f"0x{secrets.token_hex(16)}"
        subscriber.filters[identity] = narrowed if kind == "logs" else None
        self._subscribers.add(subscriber)
        return identity

    def unsubscribe(self, subscriber: Subscriber, parameters: list[Any]) -> bool:
        """Ends a subscription; false if there is none of that id."""
        identity = parameters[0] if parameters else None
        if not isinstance(identity, str) or identity not in subscriber.filters:
            return False
        del subscriber.filters[identity]
        return True

    def remove(self, subscriber: Subscriber) -> None:
        """Ends all subscriptions of a client."""
        self._subscribers.discard(subscriber)

    async def _tell(self, number: int) -> None:
        if not any(subscriber.filters for subscriber in self._subscribers):
            return
        block = await self._chain.engine.call("eth_getBlockByNumber", hex(number), False)
        header = msgspec.json.encode({name: value for name, value in block.items() if name not in NOT_IN_HEADERS})
        found: dict[bytes, list[bytes]] = {}
        for subscriber in list(self._subscribers):
            for identity, wanted in list(subscriber.filters.items()):
                if wanted is None:
                    subscriber.send(notification(identity, header))
                    continue
                key = msgspec.json.encode(wanted)
                if key not in found:
                    logs = await self._chain.engine.call("eth_getLogs", wanted | {"blockHash": block["hash"]})
                    found[key] = [msgspec.json.encode(one) for one in logs]
                for log in found[key]:
                    subscriber.send(notification(identity, log))
