"""JSON-RPC over HTTP/1.1 to one node, on connections that are kept open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from offchain.errors import UserError

LINE_LIMIT = 2**16
IDLE_KEPT = 16
"""Connections kept open for the next request."""


class ConnectionFailure(UserError):
    """Says in one line why a node's answer can't be had."""


class AnswerTooLarge(ConnectionFailure):
    """The node's answer has more bytes than the caller takes."""


class Connections:
    """The connections to the node at `url` (http only). Each exchange has one for itself."""

    def __init__(self, url: str, seconds: float = 60) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ConnectionFailure(f"{url} is no address of a node: give one like http://127.0.0.1:8545")
        self._host, self._port, self._seconds = parts.hostname, parts.port or 80, seconds
        head = f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        self._head = f"{head}Content-Length: ".encode()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def exchange(self, body: bytes, most: int | None = None) -> bytes:
        """Sends a JSON body; returns the answer, of at most `most` bytes.

        Raises ConnectionFailure if there is no answer, AnswerTooLarge if it is too large.
        """
        try:
            async with asyncio.timeout(self._seconds), self._connection() as (reader, writer):
                writer.write(b"%s%d\r\n\r\n%s" % (self._head, len(body), body))
                await writer.drain()
                return await _answer(reader, most)
        except TimeoutError:
            raise ConnectionFailure(f"the node gave no answer within {self._seconds:g} s") from None
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise ConnectionFailure(f"the node doesn't answer ({type(error).__name__}): is it running?") from error

    async def close(self) -> None:
        """Closes all connections that are not in use."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection, used again only if the exchange went well."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                break
            writer.close()
        else:
            reader, writer = await asyncio.open_connection(self._host, self._port, limit=LINE_LIMIT)
        try:
            yield reader, writer
        except BaseException:
            writer.close()
            raise
        if len(self._idle) < IDLE_KEPT:
            self._idle.append((reader, writer))
        else:
            writer.close()


async def _answer(reader: asyncio.StreamReader, most: int | None) -> bytes:
    """The next answer's body, whatever its status: a node's errors are JSON as well."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 "):
        raise ValueError("not HTTP/1.1")
    fields = dict(line.split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    if b"chunked" in fields.get(b"transfer-encoding", b""):
        return await _chunks(reader, most)
    length = int(fields[b"content-length"]) if b"content-length" in fields else 0
    _check(length, most)
    return await reader.readexactly(length)


async def _chunks(reader: asyncio.StreamReader, most: int | None) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        length = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        if length == 0:
            while await reader.readuntil(b"\r\n") != b"\r\n":
                continue
            return b"".join(parts)
        total += length
        _check(total, most)
        parts.append(await reader.readexactly(length))
        await reader.readexactly(2)


def _check(length: int, most: int | None) -> None:
    if most is not None and length > most:
        raise AnswerTooLarge(f"the answer has more than {most:,} bytes")
