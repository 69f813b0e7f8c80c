"""The chain's public JSON-RPC endpoint over HTTP and WebSocket. Nothing else reaches the engine."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from offchain.plasma.jsonrpc import INVALID_REQUEST, LIMIT_EXCEEDED, Refusal, answer
from offchain.plasma.public_node import PublicNode
from offchain.plasma.subscriptions import Subscriber
from offchain.rate import Rate

BODY_SECONDS = 10
MOST_UNSENT = 2**24
"""Bytes of notifications that may wait for one WebSocket client to read them; then the connection is ended."""

MOST_SOCKETS, MOST_SOCKETS_OF_ADDRESS = 1000, 50
POLICY, TRY_LATER = 1008, 1013
"""WebSocket close codes, RFC 6455 and the IANA registry."""


@dataclass(frozen=True)
class Access:
    """Who may ask how much: calls of one network address, at once and per minute (None: any number), and the web pages
    (`origins`) whose scripts may."""

    per_minute: int | None = 6000
    at_once: int = 2000
    origins: Sequence[str] = ()

    def rate(self) -> Callable[[str], bool]:
        """Whether an address may make another call now."""
        return (lambda host: True) if self.per_minute is None else Rate(self.per_minute, self.at_once).allows


def proxy(node: PublicNode, access: Access | None = None) -> Starlette:
    """The application."""
    access = access or Access()
    allows = access.rate()
    sockets: Counter[str] = Counter()

    async def call(http: Request) -> Response:
        host = http.client.host if http.client else ""
        try:
            body = await _body(http, node.limits.request)
        except _BodyError as error:
            return _shown(answer(None, error.refusal), error.status)
        text = await node.answer(body, lambda: allows(host))
        return Response(status_code=HTTPStatus.NO_CONTENT) if text is None else _shown(text)

    async def converse(socket: WebSocket) -> None:
        host = socket.client.host if socket.client else ""
        origin = socket.headers.get("origin")
        if origin is not None and origin not in access.origins and "*" not in access.origins:
            await socket.close(POLICY)
            return
        await socket.accept()
        if sockets.total() >= MOST_SOCKETS or sockets[host] >= MOST_SOCKETS_OF_ADDRESS:
            await socket.close(TRY_LATER, "too many connections")
            return
        sockets[host] += 1
        try:
            await _Conversation(socket, node, lambda: allows(host)).hold()
        finally:
            sockets[host] -= 1
            if not sockets[host]:
                del sockets[host]

    async def not_found(http: Request, error: Exception) -> Response:
        refusal = Refusal(INVALID_REQUEST, "POST JSON-RPC calls to /, or open a WebSocket there")
        return _shown(answer(None, refusal), getattr(error, "status_code", HTTPStatus.NOT_FOUND))

    cors = Middleware(CORSMiddleware, allow_origins=list(access.origins), allow_methods=["POST"], allow_headers=["*"])
    return Starlette(
        routes=[Route("/", call, methods=["POST"]), WebSocketRoute("/", converse)],
        middleware=[cors] if access.origins else [],
        exception_handlers={HTTPStatus.NOT_FOUND: not_found, HTTPStatus.METHOD_NOT_ALLOWED: not_found},
    )


class _Conversation:
    """One WebSocket client. Its calls are answered one after the other, the next once it has taken the last answer."""

    def __init__(self, socket: WebSocket, node: PublicNode, allows: Callable[[], bool]) -> None:
        self._socket, self._node, self._allows = socket, node, allows
        self._notices: asyncio.Queue[bytes] = asyncio.Queue()
        self._unsent = 0
        self._sending, self._too_slow = asyncio.Lock(), asyncio.Event()
        self._subscriber = Subscriber(self._notify)

    async def hold(self) -> None:
        """Lasts as long as the connection."""
        tasks = [asyncio.create_task(work) for work in (self._deliver(), self._receive(), self._too_slow.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._node.subscriptions.remove(self._subscriber)
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):  # the client has gone
                    await task

    def _notify(self, message: bytes) -> None:
        self._unsent += len(message)
        if self._unsent > MOST_UNSENT:
            self._too_slow.set()
        else:
            self._notices.put_nowait(message)

    async def _deliver(self) -> None:
        while True:
            message = await self._notices.get()
            await self._send(message)
            self._unsent -= len(message)

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("bytes") or (message.get("text") or "").encode()
            if (given := await self._node.answer(text, self._allows, self._subscriber)) is not None:
                await self._send(given)

    async def _send(self, message: bytes) -> None:
        async with self._sending:
            await self._socket.send_text(message.decode())


class _BodyError(Exception):
    """Why a request isn't read to its end."""

    def __init__(self, status: HTTPStatus, code: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.refusal = status, Refusal(code, reason)


async def _body(http: Request, most: int) -> bytes:
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in http.stream():
                parts.append(part)
                size += len(part)
                if size > most:
                    reason = f"a request has at most {most:,} bytes"
                    raise _BodyError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, LIMIT_EXCEEDED, reason)
    except TimeoutError:
        reason = f"the request took more than {BODY_SECONDS} s to come"
        raise _BodyError(HTTPStatus.REQUEST_TIMEOUT, INVALID_REQUEST, reason) from None
    except ClientDisconnect:
        reason = "the connection ended before the request did"
        raise _BodyError(HTTPStatus.BAD_REQUEST, INVALID_REQUEST, reason) from None
    return b"".join(parts)


def _shown(text: bytes, status: int = HTTPStatus.OK) -> Response:
    return Response(text, status, media_type="application/json")
