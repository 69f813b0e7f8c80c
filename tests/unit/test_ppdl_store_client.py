"""Stores at a URL that dribble, never end, pack much into little or lead elsewhere: none takes more than its time."""

from __future__ import annotations

import dataclasses
import gzip
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event, Thread

import msgspec
import pytest
from eth_account import Account

from offchain.ppdl.network import store_client
from offchain.ppdl.network.publication import Kind, NoAnswer, Publication, PublicationError
from offchain.ppdl.network.store_client import MOST_LISTED, StoreClient
from tests.unit.test_ppdl_store import DOMAIN, published

SECONDS = 0.6
HEAD = b"HTTP/1.1 200 OK\r\n"
Parts = Callable[[], Iterator[bytes]]
Serve = Callable[[Parts], StoreClient]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts a server that answers each connection with these parts until the client is gone."""
    monkeypatch.setattr(store_client, "ANSWERING", SECONDS)
    ended, threads = Event(), []
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.05)

    def answer(parts: Parts) -> None:
        while not ended.is_set():
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(5)
                connection.recv(1 << 16)
                try:
                    for part in parts():
                        connection.sendall(part)
                except OSError:
                    continue

    def start(parts: Parts) -> StoreClient:
        threads.append(Thread(target=answer, args=(parts,)))
        threads[-1].start()
        return StoreClient(f"http://127.0.0.1:{listening.getsockname()[1]}", DOMAIN)

    yield start
    ended.set()
    for thread in threads:
        thread.join()
    listening.close()


def slowly(part: bytes) -> Iterator[bytes]:
    while True:
        yield part
        time.sleep(0.02)


def dribbled_head() -> Iterator[bytes]:
    yield HEAD
    yield from slowly(b"X-More: 1\r\n")


def dribbled_line() -> Iterator[bytes]:
    yield from slowly(b"H")


def dribbled_body() -> Iterator[bytes]:
    yield HEAD + b"Content-Length: 1000000\r\n\r\n"
    yield from slowly(b"x")


def dribbled_chunks() -> Iterator[bytes]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    yield from slowly(b"1\r\nx\r\n")


def silence() -> Iterator[bytes]:
    time.sleep(2 * SECONDS)
    yield b""


def body(content: bytes, head: bytes = HEAD) -> Iterator[bytes]:
    yield head + b"Content-Length: %d\r\n\r\n" % len(content) + content


@pytest.mark.parametrize("parts", [dribbled_head, dribbled_line, dribbled_body, dribbled_chunks, silence])
def test_a_slow_store_has_its_time_and_no_more(serve: Serve, parts: Parts) -> None:
    """P9 however little it sends, and wherever in its answer: all of it counts, for reading and for publishing."""
    client = serve(parts)
    for question in (lambda: client.publications(3, Kind.UPDATE), lambda: client.publish(published())):
        began = time.monotonic()
        with pytest.raises(NoAnswer, match=r"^the store at http://127\.0\.0\.1:\d+ doesn't answer \(\w+\)$"):
            question()
        assert time.monotonic() - began < SECONDS + 1


@pytest.mark.parametrize(
    "head", [b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n", b"Content-Length: 99999999999\r\n\r\n"]
)
def test_an_answer_without_an_end_is_cut_off(serve: Serve, monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    """P9 after as many bytes as all could have published; how long it may take doesn't matter."""
    monkeypatch.setattr(store_client, "ANSWERING", 60)
    sent = [0]

    def endless() -> Iterator[bytes]:
        yield HEAD + head
        while True:
            part = bytes(1 << 16)
            sent[0] += len(part)
            yield b"10000\r\n" + part + b"\r\n" if b"chunked" in head else part

    with pytest.raises(NoAnswer, match=r"answers with more than 1,318,268 bytes$"):
        serve(endless).publications(3, Kind.VOTE)
    assert 1_318_268 < sent[0] < 1 << 25


def test_more_than_there_can_be_is_no_answer(serve: Serve) -> None:
    """P9 many empty publications are few bytes."""
    with pytest.raises(NoAnswer, match="doesn't answer as a store does"):
        serve(lambda: body(msgspec.msgpack.encode([b""] * (MOST_LISTED + 1)))).publications(3, Kind.VOTE)


def test_forgeries_take_their_time_and_no_more(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9 many that nobody signed."""
    monkeypatch.setattr(store_client, "CHECKING", SECONDS)
    signed = published()
    forged = [dataclasses.replace(signed, content=b"%d" % number).to_bytes() for number in range(MOST_LISTED)]
    client, began = serve(lambda: body(msgspec.msgpack.encode(forged))), time.monotonic()
    monkeypatch.setattr(store_client, "ANSWERING", 60)
    with pytest.raises(NoAnswer, match=r"takes more than 0\.6 s to check$"):
        client.publications(3, Kind.UPDATE)
    assert time.monotonic() - began < 4 * SECONDS


def test_what_was_checked_is_not_checked_again(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """P7 so that many honest ones are all read in the end, from whichever store."""
    accounts = [Account.from_key(bytes([number]) * 32) for number in range(30, 42)]
    rightful = [Publication.signed(DOMAIN, account, 3, Kind.REVEAL, b"shares") for account in accounts]
    client = serve(lambda: body(msgspec.msgpack.encode([one.to_bytes() for one in rightful])))
    monkeypatch.setattr(store_client, "ANSWERING", 60)
    monkeypatch.setattr(store_client, "CHECKING", 1e-3)
    with pytest.raises(NoAnswer, match=r"to check$"):
        client.publications(3, Kind.REVEAL)
    for _ in range(60):
        with suppress(NoAnswer):
            assert client.publications(3, Kind.REVEAL) == rightful
            return
    raise AssertionError("all looks began anew")


def test_nothing_is_unpacked(serve: Serve) -> None:
    """P9 a megabyte of zeros is a thousand bytes packed."""
    packed = gzip.compress(bytes(1 << 20))
    with pytest.raises(NoAnswer, match="doesn't answer as a store does"):
        serve(lambda: body(packed, HEAD + b"Content-Encoding: gzip\r\n")).publications(3, Kind.VOTE)


def test_a_store_leads_nowhere_else(serve: Serve) -> None:
    """P9"""
    elsewhere = b"HTTP/1.1 302 Found\r\nLocation: /other\r\n"
    with pytest.raises(PublicationError, match=r"refused: HTTP status 302$"):
        serve(lambda: body(b"", elsewhere)).publications(3, Kind.VOTE)


def test_a_reason_is_one_short_line(serve: Serve) -> None:
    """P9"""
    said = msgspec.json.encode({"error": "no\n" * 1000})
    with pytest.raises(PublicationError, match="refused: no no no") as caught:
        serve(lambda: body(said, b"HTTP/1.1 400 Bad Request\r\n")).publish(published())
    assert len(str(caught.value)) < 400


def test_what_is_right_arrives(serve: Serve) -> None:
    """P7 in one piece or in many."""
    answer = msgspec.msgpack.encode([published().to_bytes()])
    head = HEAD + b"Content-Length: %d\r\n\r\n" % len(answer)

    def piecemeal() -> Iterator[bytes]:
        yield head
        for at in range(0, len(answer), 40):
            time.sleep(0.01)
            yield answer[at : at + 40]

    assert serve(piecemeal).publications(3, Kind.UPDATE) == [published()]
