"""A replica reaches the leader's hashes, and stops for good at the first block that it doesn't reach."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from offchain.plasma import replica as replica_module
from offchain.plasma.engine import embedded
from offchain.plasma.feed import FeedClient, FeedContentError, FeedError
from offchain.plasma.log import Log, SealedBlock
from offchain.plasma.replay import Divergence
from offchain.plasma.replica import FollowingError, Replica
from tests.plasma_operator import ACCOUNTS, ECHO, Client, Process, leading, start_replica, transfer, write_genesis

Change = Callable[[list[SealedBlock]], list[SealedBlock]]


@pytest.fixture(scope="module")
def genesis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_genesis(tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def leader(genesis: Path) -> Iterator[Process]:
    """A leader with some blocks."""
    with leading(genesis.parent / "leader", genesis) as process:
        client = Client(process.url)
        for nonce in range(3):
            sent = [client.send(transfer(sender, nonce)) for sender in range(3)]
            sent.append(client.send(transfer(3, nonce, to=ECHO)))
            client.receipt(sent[-1])
        yield process


@pytest.fixture(scope="module")
def honest(leader: Process) -> tuple[SealedBlock, ...]:
    """The leader's blocks."""
    client = FeedClient(leader.urls[1])
    blocks = client.page(1).blocks
    client.close()
    return blocks


@asynccontextmanager
async def replica_of(folder: Path, genesis: Path, url: str) -> AsyncIterator[Replica]:
    client = FeedClient(url)
    with embedded(genesis) as engine:
        journal = Log(folder, (await engine.block(0)).hash)
        try:
            replica = Replica(engine, journal, client)
            await replica.start()
            yield replica
        finally:
            await engine.close()
            journal.close()
            client.close()


@contextmanager
def feeding(blocks: list[SealedBlock], **given: Any) -> Iterator[str]:
    """A feed that gives these blocks, and in its page what is `given`."""

    class Feed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            first = int(parse_qs(urlsplit(self.path).query)["first"][0])
            found = [
                {
                    "number": block.number,
                    "timestamp": block.timestamp,
                    "hash": block.hash.hex(),
                    "parent": block.parent.hex(),
                    "transactions": [raw.hex() for raw in block.transactions],
                }
                for block in blocks
                if block.number >= first
            ]
            page = {"genesis": blocks[0].parent.hex(), "height": len(blocks), "blocks": found} | given
            body = given["body"] if "body" in given else json.dumps(page).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            if not found:
                time.sleep(0.1)

        def log_message(self, format: str, *args: object) -> None:
            """Keeps the test output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def follow(folder: Path, genesis: Path, url: str) -> tuple[int, Exception | None]:
    """Runs a replica until it stops; returns its height, and why."""

    async def work() -> tuple[int, Exception | None]:
        async with replica_of(folder, genesis, url) as replica:
            try:
                await asyncio.wait_for(replica.run(), 10)
            except (Divergence, FeedContentError) as error:
                for wait in (replica.settled(), replica.news(replica.height)):
                    with pytest.raises(FollowingError):
                        await wait
                return replica.height, error
            return replica.height, None

    return asyncio.run(work())


def test_a_replica_reaches_the_same_blocks_and_goes_on_after_a_kill(
    leader: Process, genesis: Path, tmp_path: Path
) -> None:
    """E1 E3 P6 the same headers, and receipts, from the raw transactions alone."""
    client, mine = Client(leader.url), None
    for kill in (True, True, False):
        sent = [
            client.send(transfer(4, int(client.call("eth_getTransactionCount", ACCOUNTS[4].address, "pending"), 16)))
        ]
        process = start_replica(tmp_path / "replica", genesis, leader.urls[1])
        try:
            mine = Client(process.url)
            theirs = client.receipt(sent[0])
            assert mine.receipt(sent[0]) == theirs
            for number in range(int(theirs["blockNumber"], 16) + 1):
                block = client.call("eth_getBlockByNumber", hex(number), True)
                assert mine.call("eth_getBlockByNumber", hex(number), True) == block
            refusal = mine.refusal("eth_sendRawTransaction", f"0x{transfer(0, 9).hex()}")
            assert refusal["message"] == "this node follows the leader: send transactions there"
        finally:
            process.kill() if kill else process.end()
    assert process.wait() == 0

    async def read() -> list[SealedBlock]:
        async with replica_of(tmp_path / "replica", genesis, leader.urls[1]) as replica:
            return replica.blocks(1, replica.height)

    feed = FeedClient(leader.urls[1])
    logged = asyncio.run(read())
    assert logged == list(feed.page(1).blocks)[: len(logged)]
    assert len(logged) >= 6


def altered(place: int, **changes: Any) -> Change:
    return lambda blocks: [*blocks[:place], replace(blocks[place], **changes), *blocks[place + 1 :]]


CHANGES: dict[str, tuple[Change, str]] = {
    "hash": (altered(1, hash=bytes(32)), "block 2 is 0x0000"),
    "parent": (altered(1, parent=bytes(32)), "block 2 builds on 0x0000"),
    "same time": (lambda blocks: altered(1, timestamp=blocks[0].timestamp)(blocks), "block 2 has time"),
    "later": (lambda blocks: altered(1, timestamp=blocks[1].timestamp + 1)(blocks), "block 2 is 0x"),
    "far future": (altered(1, timestamp=2**40), "block 2 has a time in the future"),
    "none": (altered(1, transactions=()), "block 2 is 0x"),
    "order": (lambda blocks: altered(1, transactions=blocks[1].transactions[::-1])(blocks), "block 2 is 0x"),
    "double": (lambda blocks: altered(1, transactions=blocks[1].transactions * 2)(blocks), "block 2: transaction"),
    "other": (altered(1, transactions=(transfer(5, 0),)), "block 2 is 0x"),
    "rubbish": (altered(1, transactions=(b"rubbish",)), "block 2: transaction 0 is refused here"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_altered_block_is_refused(honest: tuple[SealedBlock, ...], genesis: Path, tmp_path: Path, name: str) -> None:
    """E3 whatever a leader alters."""
    change, reason = CHANGES[name]
    with feeding(change(list(honest))) as url:
        height, error = follow(tmp_path, genesis, url)
        assert height == 1
        assert isinstance(error, Divergence)
        assert str(error).startswith(reason)
        assert "\n" not in str(error)
        if name == "hash":  # a restart doesn't help the leader
            height, again = follow(tmp_path, genesis, url)
            assert (height, str(again)) == (1, str(error))


def test_another_history_is_refused(honest: tuple[SealedBlock, ...], genesis: Path, tmp_path: Path) -> None:
    """E3 a leader can't take back what it gave."""
    with feeding(list(honest), genesis=bytes(32).hex()) as url:
        height, error = follow(tmp_path, genesis, url)
    assert (height, str(error)[:36]) == (0, "the leader's chain begins with 0x000")
    with feeding([honest[0], replace(honest[1], number=3)]) as url:
        height, error = follow(tmp_path, genesis, url)
    assert height == 0
    assert isinstance(error, FeedContentError)
    with feeding(list(honest[:2])) as url:
        assert asyncio.run(_until(tmp_path, genesis, url, 2)) == 2
    with feeding(list(honest[:1])) as url:
        height, error = follow(tmp_path, genesis, url)
    assert (height, str(error)) == (2, "the leader has 1 blocks, fewer than the 2 it gave before")


async def _until(folder: Path, genesis: Path, url: str, height: int) -> int:
    async with replica_of(folder, genesis, url) as replica:
        work = asyncio.create_task(replica.run())
        await asyncio.wait_for(replica.news(height - 1), 10)
        replica.stop()
        await work
        return replica.height


PAGES = [b"", b"[]", b"{}", b"\xff", b'{"genesis":"00","height":1,"blocks":[]}', b"[" * 5000]
PAGES += [b'{"genesis":"%s","height":"1","blocks":[]}' % (b"00" * 32)]
PAGES += [b'{"genesis":"%s","height":1,"blocks":[{"number":1}]}' % (b"00" * 32)]


@pytest.mark.parametrize("body", PAGES, ids=range(len(PAGES)))
def test_a_page_that_is_none_is_told_in_one_line(honest: tuple[SealedBlock, ...], body: bytes) -> None:
    """E3 P9 rubbish from a leader gets one line."""
    with feeding(list(honest), body=body) as url:
        client = FeedClient(url)
        with pytest.raises(FeedContentError, match=r"^the leader at http://127.0.0.1:\d+ gives no page of blocks: .*$"):
            client.page(1)
        client.close()


def test_a_leader_that_does_not_answer_is_asked_again(
    honest: tuple[SealedBlock, ...], genesis: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E3 silence is no difference."""
    monkeypatch.setattr(replica_module, "RETRY_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as spare:
        port = spare.getsockname()[1]

    async def work() -> int:
        async with replica_of(tmp_path, genesis, f"http://127.0.0.1:{port}") as replica:
            running = asyncio.create_task(replica.run())
            await asyncio.sleep(0.2)
            assert not running.done()
            with feeding(list(honest)) as url:
                replica._client = FeedClient(url)
                await asyncio.wait_for(replica.news(len(honest) - 1), 10)
            replica.stop()
            await running
            return replica.height

    assert asyncio.run(work()) == len(honest)
    with pytest.raises(FeedError, match="doesn't answer"):
        FeedClient(f"http://127.0.0.1:{port}").page(1)


def test_a_leader_that_is_killed_in_mid_answer() -> None:
    """E3 half a page is no answer, and one line."""

    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=answer, args=(listening,), daemon=True).start()
        with pytest.raises(FeedError, match="doesn't answer"):
            FeedClient(f"http://127.0.0.1:{listening.getsockname()[1]}").page(1)


def test_the_feed_gives_what_is_asked_for_and_no_more(leader: Process, honest: tuple[SealedBlock, ...]) -> None:
    """E7 P9 wrong questions get one line."""
    client = FeedClient(leader.urls[1])
    assert client.page(2, limit=1).blocks == honest[1:2]
    assert client.page(10**6).blocks == ()
    begin = time.monotonic()
    assert client.page(10**6, wait=0.3).blocks == ()
    assert time.monotonic() - begin >= 0.3
    for query in (
        "",
        "first=0",
        "first=x",
        "first=1&limit=0",
        "first=1&limit=1000",
        "first=1&wait=1e9",
        f"first={2**63}",
    ):
        answer = requests.get(f"{leader.urls[1]}/blocks?{query}", timeout=5)
        assert answer.status_code == 400
        assert list(answer.json()) == ["error"]
