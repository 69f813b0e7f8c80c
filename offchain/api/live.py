"""Live values as server-sent events (HTML standard, section 9.2): a stream shows what is newest whenever that changes.

A client that reads slowly misses values in between and gets the newest one, so that nothing is kept for it. One that
doesn't take what it was sent within some seconds is let go; so is every one after a while, and comes again by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from offchain.api.problem import Problem
from offchain.errors import UserError

MOST_STREAMS = 200
MOST_OF_ONE = 4
"""Streams at once, of all clients and of one network address."""
LOOK_SECONDS = 1.0
ALIVE_SECONDS = 15.0
SEND_SECONDS = 10.0
LIFETIME_SECONDS = 15 * 60.0
RETRY_MILLISECONDS = 3_000


class Live:
    """The newest values, read for all clients at once, as long as there are some. `read` gives them as JSON; `ending`
    says whether the service is about to end."""

    def __init__(self, read: Callable[[], str], ending: Callable[[], bool] = lambda: False) -> None:
        self._read, self.ending = read, ending
        self._version, self._newest = 0, ""
        self._clients: Counter[str] = Counter()
        self._looking: asyncio.Task[None] | None = None

    @property
    def clients(self) -> int:
        """How many streams there are."""
        return self._clients.total()

    @contextmanager
    def place(self, address: str) -> Iterator[None]:
        """A client's place among the streams. Raises Problem if there are too many."""
        self.check(address)
        self._clients[address] += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._clients[address] -= 1
            if not self._clients[address]:
                del self._clients[address]
            if not self.clients and self._looking is not None:
                self._looking.cancel()
                self._looking, self._newest = None, ""

    def check(self, address: str) -> None:
        """Raises Problem if there are too many streams."""
        if self.clients >= MOST_STREAMS or self._clients[address] >= MOST_OF_ONE:
            much = f"at most {MOST_OF_ONE} live streams of an address, {MOST_STREAMS} in all"
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, much, {"Retry-After": "10"})

    async def after(self, version: int) -> tuple[int, str] | None:
        """Values newer than a version, None if there are none within a look's time."""
        end = time.monotonic() + LOOK_SECONDS
        while not (newer := self._newest and version != self._version) and time.monotonic() < end:
            await asyncio.sleep(LOOK_SECONDS / 10)
        return (self._version, self._newest) if newer else None

    async def _look(self) -> None:
        while True:
            try:
                found = await run_in_threadpool(self._read)
            except UserError:
                found = ""  # told as soon as there are values again
            if found and found != self._newest:
                self._newest, self._version = found, self._version + 1
            await asyncio.sleep(LOOK_SECONDS)


class EventStream(Response):
    """A stream of live values to one client."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, address: str) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._live, self._address = live, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._live.place(self._address):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            sending = asyncio.create_task(self._send(send))
            gone = asyncio.create_task(_disconnected(receive))
            try:
                await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, gone):
                    task.cancel()
                    with suppress(asyncio.CancelledError, TimeoutError, OSError):
                        await task

    async def _send(self, send: Send) -> None:
        """Raises TimeoutError if the client doesn't take what it is sent."""
        version, end, silent_since = 0, time.monotonic() + LIFETIME_SECONDS, time.monotonic()
        await _part(send, f"retry: {RETRY_MILLISECONDS}\n\n")
        while time.monotonic() < end and not self._live.ending():
            newer = await self._live.after(version)
            if newer is not None:
                version, values = newer
                await _part(send, f"event: values\nid: {version}\ndata: {values}\n\n")
                silent_since = time.monotonic()
            elif time.monotonic() - silent_since > ALIVE_SECONDS:
                await _part(send, ": alive\n\n")
                silent_since = time.monotonic()
        await _part(send, "", more=False)


async def _part(send: Send, text: str, *, more: bool = True) -> None:
    message = {"type": "http.response.body", "body": text.encode(), "more_body": more}
    await asyncio.wait_for(send(message), SEND_SECONDS)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
