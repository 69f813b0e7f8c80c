"""Answers strangers' JSON-RPC calls, whatever carries them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

import msgspec

from offchain.errors import UserError
from offchain.plasma.chain import Chain
from offchain.plasma.connection import AnswerTooLarge
from offchain.plasma.jsonrpc import (
    INTERNAL_ERROR,
    LIMIT_EXCEEDED,
    NO_METHOD,
    BadCall,
    Call,
    Refusal,
    Result,
    answer,
    parse,
)
from offchain.plasma.methods import FEES, FIXED, SEND, SUBSCRIBE, UNSUBSCRIBE, check, raw_transaction
from offchain.plasma.subscriptions import Subscriber, Subscriptions

READS_AT_ONCE = 16
"""Calls of one batch that the engine works on together."""

READS = 64
"""Calls of all clients that it works on together."""

log = logging.getLogger("openmg.plasma")


@dataclass(frozen=True)
class Limits:
    """How much a client may ask for: bytes of a request, calls of a batch, bytes of an answer or of a batch's."""

    request: int = 2**21
    batch: int = 1000
    answer: int = 2**24


class PublicNode:
    """The methods of the allow-list over one chain."""

    def __init__(self, chain: Chain, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.subscriptions = Subscriptions(chain)
        self._chain = chain
        self._free = asyncio.Semaphore(READS)

    async def answer(
        self, text: bytes, allows: Callable[[], bool], subscriber: Subscriber | None = None
    ) -> bytes | None:
        """The answer to a request, a call or a batch; None if none is wanted. `allows` is asked before each call;
        `subscriber` is who can be sent notifications."""
        try:
            calls = parse(text, self.limits.batch)
        except Refusal as refusal:
            return answer(None, refusal)
        if not isinstance(calls, list):
            return self._shown(calls, (await self._results([calls], allows, subscriber))[0])
        results = await self._results(calls, allows, subscriber)
        shown = [one for one in map(self._shown, calls, results) if one is not None]
        return b"[%s]" % b",".join(shown) if shown else None

    def _shown(self, call: Call | BadCall, result: Result) -> bytes | None:
        return answer(call.id, result) if isinstance(call, BadCall) or call.answered else None

    async def _results(
        self, calls: Sequence[Call | BadCall], allows: Callable[[], bool], subscriber: Subscriber | None
    ) -> list[Result]:
        """What each call gives, in order. Transactions that follow each other are taken together, and so are reads."""
        results: list[Result] = []
        left = self.limits.answer
        while len(results) < len(calls):
            rest = calls[len(results) :]
            if left <= 0:
                results += [Refusal(LIMIT_EXCEEDED, "the answers to this batch are too large") for _ in rest]
            elif _is_send(rest[0]):
                results += await self._send(list(takewhile(_is_send, rest)), allows)
            else:
                part = takewhile(lambda call: not _is_send(call), rest[:READS_AT_ONCE])
                found = await asyncio.gather(*(self._read(call, allows, subscriber) for call in part))
                left -= sum(len(bytes(one)) for one in found if not isinstance(one, Refusal))
                results += found
        return results

    async def _send(self, calls: Sequence[Call | BadCall], allows: Callable[[], bool]) -> list[Result]:
        found: list[bytes | Refusal] = []
        for call in calls:
            try:
                _allow(allows)
                found.append(raw_transaction(call.parameters) if isinstance(call, Call) else call.refusal)
            except Refusal as refusal:
                found.append(refusal)
        raws = [one for one in found if isinstance(one, bytes)]
        try:
            outcomes = iter(await self._chain.submit(raws))
        except UserError as error:
            outcomes = iter([Refusal(INTERNAL_ERROR, str(error)) for _ in raws])
        done = [next(outcomes) if isinstance(one, bytes) else one for one in found]
        return [one if isinstance(one, Refusal) else msgspec.Raw(b'"0x%s"' % one.hex().encode()) for one in done]

    async def _read(self, call: Call | BadCall, allows: Callable[[], bool], subscriber: Subscriber | None) -> Result:
        if isinstance(call, BadCall):
            return call.refusal
        try:
            _allow(allows)
            if call.method in FIXED:
                return msgspec.Raw(msgspec.json.encode(FIXED[call.method]))
            if call.method in (SUBSCRIBE, UNSUBSCRIBE):
                return await self._subscription(call, subscriber)
            parameters = msgspec.json.encode(check(call.method, call.parameters, self._chain.height))
            async with self._free:
                if call.method in FEES and await self._costs_nothing():
                    return msgspec.Raw(b'"0x0"')
                result = await self._chain.engine.raw_call(call.method, parameters, self.limits.answer)
            await self._chain.settled()
            return result
        except Refusal as refusal:
            return refusal
        except AnswerTooLarge as error:
            return Refusal(LIMIT_EXCEEDED, str(error))
        except UserError as error:
            return Refusal(INTERNAL_ERROR, str(error))
        except Exception:
            log.exception("a call of %s failed", call.method[:64])
            return Refusal(INTERNAL_ERROR, "internal error")

    async def _costs_nothing(self) -> bool:
        """Whether the chain's base fee is zero, which it is for ever then."""
        latest = await self._chain.engine.call("eth_getBlockByNumber", "latest", False)
        return bool(latest.get("baseFeePerGas") == "0x0")

    async def _subscription(self, call: Call, subscriber: Subscriber | None) -> msgspec.Raw:
        if subscriber is None:
            raise Refusal(NO_METHOD, "subscriptions need a WebSocket")
        if call.method == SUBSCRIBE:
            identity = await self.subscriptions.subscribe(subscriber, call.parameters)
            return msgspec.Raw(msgspec.json.encode(identity))
        return msgspec.Raw(msgspec.json.encode(self.subscriptions.unsubscribe(subscriber, call.parameters)))


def _is_send(call: Call | BadCall) -> bool:
    return isinstance(call, Call) and call.method == SEND


def _allow(allows: Callable[[], bool]) -> None:
    if not allows():
        raise Refusal(LIMIT_EXCEEDED, "too many requests: wait some seconds")
