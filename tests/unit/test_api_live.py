"""Live streams: what a client gets that reads slowly, goes away, stays too long or comes too often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from offchain.api import live as module
from offchain.api.live import MOST_OF_ONE, MOST_STREAMS, EventStream, Live
from offchain.api.problem import Problem
from offchain.errors import UserError

HOME = "192.0.2.1"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds become hundredths."""
    for name in ("LOOK_SECONDS", "ALIVE_SECONDS", "SEND_SECONDS", "LIFETIME_SECONDS"):
        monkeypatch.setattr(module, name, getattr(module, name) / 100)


@dataclass
class Client:
    """A connection: what it was sent, how long it takes to read a part, and when it goes away."""

    pause: float = 0.0
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    parts: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, message: Any) -> None:
        self.parts.append(message)
        await asyncio.sleep(self.pause)

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def stream(self, live: Live) -> None:
        await EventStream(live, HOME)({"type": "http"}, self.receive, self.send)

    @property
    def values(self) -> list[str]:
        text = "".join(part.get("body", b"").decode() for part in self.parts)
        return [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]

    @property
    def ended(self) -> bool:
        return self.parts[-1].get("more_body") is False


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 30))


async def until(ready: Callable[[], bool]) -> None:
    while not ready():
        await asyncio.sleep(0.005)


def test_each_change_is_told_once() -> None:
    """Q6 values come when they changed; in between, signs of life."""
    told = iter(["1", "1", "2", *["3"] * 10_000])

    async def work() -> None:
        live, client = Live(lambda: next(told)), Client()
        task = asyncio.create_task(client.stream(live))
        await until(lambda: len(client.values) == 3 and b": alive\n\n" in [part.get("body") for part in client.parts])
        client.gone.set()
        await task
        assert client.values == ["1", "2", "3"]
        assert client.parts[1]["body"].startswith(b"retry: ")
        assert live.clients == 0

    run(work)


def test_a_slow_client_gets_the_newest_and_nothing_is_kept_for_it() -> None:
    """Q6 what it missed is gone; a quick one beside it gets all the while what is new."""
    numbers = count(1)

    async def work() -> None:
        live = Live(lambda: str(next(numbers)))
        slow, quick = Client(pause=0.08), Client()
        tasks = [asyncio.create_task(client.stream(live)) for client in (slow, quick)]
        await until(lambda: len(slow.values) == 3)
        first, second, third = map(int, slow.values)
        assert second - first > 1
        assert third - second > 1
        assert len(quick.values) > 2 * len(slow.values)
        for client in (slow, quick):
            client.gone.set()
        await asyncio.gather(*tasks)

    run(work)


def test_a_client_that_takes_nothing_is_let_go() -> None:
    """Q6 its place is free again, and no task is left."""

    async def work() -> None:
        before = asyncio.all_tasks()
        live, stuck = Live(lambda: "1"), Client()
        task = asyncio.create_task(stuck.stream(live))
        await until(lambda: len(stuck.parts) > 1)
        stuck.pause = 1_000
        await task
        assert live.clients == 0
        assert not stuck.ended
        await until(lambda: asyncio.all_tasks() == before)

    run(work)


@pytest.mark.parametrize("ending", [True, False])
def test_a_stream_ends_cleanly(ending: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Q6 after its time, and when the service ends: with the last part of the answer."""
    monkeypatch.setattr(module, "LIFETIME_SECONDS", 1_000 if ending else 0.1)

    async def work() -> None:
        client, ends = Client(), asyncio.Event()
        task = asyncio.create_task(client.stream(Live(lambda: "1", ends.is_set)))
        await until(lambda: client.values == ["1"])
        if ending:
            ends.set()
        await task
        assert client.ended

    run(work)


def test_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """P9 Q6 of one address and of all; a place that was left is free."""

    async def work() -> None:
        live = Live(lambda: "1")
        clients = [Client() for _ in range(MOST_OF_ONE)]
        tasks = [asyncio.create_task(client.stream(live)) for client in clients]
        await until(lambda: live.clients == MOST_OF_ONE)
        with pytest.raises(Problem, match="at most 4 live streams"):
            live.check(HOME)
        live.check("192.0.2.2")
        clients[0].gone.set()
        await tasks[0]
        live.check(HOME)
        monkeypatch.setattr(module, "MOST_STREAMS", MOST_OF_ONE - 1)
        with pytest.raises(Problem):
            live.check("192.0.2.2")
        for client in clients:
            client.gone.set()
        await asyncio.gather(*tasks)
        assert MOST_STREAMS == 200

    run(work)


def test_values_that_can_t_be_read_come_later() -> None:
    """Q6 a failing database ends no stream; old values are not told to who comes after a pause."""
    answers: list[str | None] = [None, None, "1"]

    def read() -> str:
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if found is None:
            raise UserError("busy")
        return found

    async def work() -> None:
        live = Live(read)
        for expected in ("1", "2"):
            client = Client()
            task = asyncio.create_task(client.stream(live))
            await until(lambda client=client: bool(client.values))  # type: ignore[misc]
            client.gone.set()
            await task
            assert client.values == [expected]
            answers[:] = ["2"]

    run(work)
