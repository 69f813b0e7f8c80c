"""Runs a leader, a replica, or what works beside a node, until the process is told to end."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from offchain.plasma.chain import Chain
from offchain.plasma.engine import RpcEngine, embedded
from offchain.plasma.feed import FeedClient, feed
from offchain.plasma.leader import Leader
from offchain.plasma.log import Log
from offchain.plasma.proxy import Access, proxy
from offchain.plasma.public_node import Limits, PublicNode
from offchain.plasma.remote import RemoteChain
from offchain.plasma.replica import Replica

GRACE_SECONDS = 3
"""How long requests under way may take when the service ends."""


@dataclass(frozen=True)
class Part:
    """Something that runs until `stop`."""

    run: Callable[[], Coroutine[Any, Any, None]]
    stop: Callable[[], None]


class _Server(uvicorn.Server):
    """A server among others in one process, which sees to the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(application: Any, listening: socket.socket, largest_message: int = Limits.request) -> Part:
    """An application served on a socket."""
    # asyncio does so only for sockets that name their protocol; without it each answer waits 40 ms for an ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    settings = uvicorn.Config(
        application,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        ws="websockets-sansio",
        ws_max_size=largest_message,
        timeout_graceful_shutdown=GRACE_SECONDS,
        lifespan="off",
    )
    running = _Server(settings)

    def stop() -> None:
        running.should_exit = True

    return Part(lambda: running.serve([listening]), stop)


def public(chain: Chain, listening: socket.socket, access: Access | None = None) -> list[Part]:
    """The public JSON-RPC endpoint of a chain on a socket."""
    node = PublicNode(chain)
    stopped = asyncio.Event()

    async def tell() -> None:
        telling = asyncio.create_task(node.subscriptions.run())
        waiting = asyncio.create_task(stopped.wait())
        await asyncio.wait([telling, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if telling.done():
            telling.result()
        telling.cancel()

    return [Part(tell, stopped.set), server(proxy(node, access), listening, node.limits.request)]


async def run(parts: Sequence[Part], stop: asyncio.Event) -> None:
    """Runs all parts until `stop` is set or one of them ends; ends them, the last one first. Raises what a part
    raised, the first one's error before others."""
    tasks = [asyncio.create_task(part.run()) for part in parts]
    waiting = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        for part, task in reversed(list(zip(parts, tasks, strict=True))):
            part.stop()
            await asyncio.wait([task])
    finally:
        for task in tasks:
            task.cancel()
    for task in tasks:
        task.result()


def run_leader(
    folder: Path,
    genesis: Path,
    rpc: socket.socket,
    blocks: socket.socket,
    ready: Callable[[Leader, int], None],
    access: Access | None = None,
    more: Callable[[Leader], Sequence[Part]] = lambda leader: (),
    clock: Callable[[], float] = time.time,
) -> None:
    """Leads the chain of a genesis file with the log in `folder`, until SIGTERM or SIGINT: public JSON-RPC on the
    socket `rpc`, the feed of blocks on `blocks`. Calls `ready` with the leader and the number of transactions that
    still wait, once both can be used. `more` gives further parts that use the leader, `clock` gives Unix time.

    Raises LogError, Divergence, EngineError, ChainError and what else stops the leader.
    """

    async def lead() -> None:
        stop = _signalled()
        with embedded(genesis) as engine:
            journal = Log(folder, (await engine.block(0)).hash)
            try:
                leader = Leader(engine, journal, clock)
                waiting = await leader.start()
                parts = [Part(leader.run, leader.stop), *more(leader)]
                parts += [server(feed(leader), blocks), *public(leader, rpc, access)]
                ready(leader, waiting)
                await run(parts, stop)
            finally:
                await engine.close()
                journal.close()

    asyncio.run(lead())


def run_replica(
    folder: Path,
    genesis: Path,
    leader: str,
    ready: Callable[[Replica], None],
    rpc: socket.socket | None = None,
    access: Access | None = None,
    more: Callable[[Replica], Sequence[Part]] = lambda replica: (),
    clock: Callable[[], float] = time.time,
) -> None:
    """Follows the feed at the URL `leader`, with a log of its own in `folder`, until SIGTERM or SIGINT; `rpc` is for a
    public JSON-RPC endpoint that only reads. Calls `ready` once its own log is replayed. `clock` gives Unix time.

    Raises Divergence at the first block that comes out differently, and what else stops a replica.
    """

    async def follow() -> None:
        stop = _signalled()
        client = FeedClient(leader)
        with embedded(genesis) as engine:
            journal = Log(folder, (await engine.block(0)).hash)
            try:
                replica = Replica(engine, journal, client, clock)
                await replica.start()
                parts = [Part(replica.run, replica.stop), *more(replica)]
                parts += public(replica, rpc, access) if rpc else []
                ready(replica)
                await run(parts, stop)
            finally:
                await engine.close()
                journal.close()
                client.close()

    asyncio.run(follow())


def run_remote(
    node: str,
    ready: Callable[[RemoteChain], None],
    rpc: socket.socket | None = None,
    access: Access | None = None,
    more: Callable[[RemoteChain], Sequence[Part]] = lambda chain: (),
) -> None:
    """Works beside a node that seals by itself, at the URL `node`, until SIGTERM or SIGINT; `rpc` is for a public
    JSON-RPC endpoint in front of it. Calls `ready` once the node has told its last block.

    Raises ConnectionFailure, EngineError, Refusal if it doesn't; later it is asked again.
    """

    async def attend() -> None:
        stop = _signalled()
        chain = RemoteChain(RpcEngine(node))
        try:
            await chain.start()
            parts = [Part(chain.run, chain.stop), *more(chain)]
            parts += public(chain, rpc, access) if rpc else []
            ready(chain)
            await run(parts, stop)
        finally:
            await chain.engine.close()

    asyncio.run(attend())


def _signalled() -> asyncio.Event:
    """Is set when the process is told to end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
