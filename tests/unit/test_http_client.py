"""Answers of a service that end too early, come too slowly, or are none."""

from __future__ import annotations

import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest

from offchain.errors import UserError
from offchain.http_client import LARGEST_ANSWER, HTTPClient

HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n"
SECONDS = 0.4

Says = Callable[[socket.socket], None]


class Refused(UserError):
    """The kind of error that is asked for."""


@contextmanager
def saying(say: Says) -> Iterator[HTTPClient]:
    """A service that answers one request so."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.recv(4096)
                say(connection)

        thread = Thread(target=answer, daemon=True)
        thread.start()
        yield HTTPClient(f"http://127.0.0.1:{listening.getsockname()[1]}", "thing", Refused)
        thread.join(5)


def whole(body: bytes, more: str = "") -> bytes:
    return HEAD.format(len(body), more).encode() + body


def drips(connection: socket.socket) -> None:
    connection.sendall(HEAD.format(100, "").encode())
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(SECONDS / 4)


def stalls(connection: socket.socket) -> None:
    connection.sendall(HEAD.format(100, "").encode() + b"{")
    time.sleep(3 * SECONDS)


@pytest.mark.parametrize(
    ("say", "why"),
    [
        (drips, "doesn't answer"),
        (stalls, "doesn't answer"),
        (lambda connection: connection.sendall(HEAD.format(100, "").encode() + b"{}"), "doesn't answer"),
        (lambda connection: connection.sendall(whole(b"{}", "Content-Encoding: gzip\r\n")), "doesn't answer"),
        (lambda connection: connection.sendall(b"\r\n\r\n"), "doesn't answer"),
        (lambda connection: connection.sendall(whole(b"[" * 5_000)), "is no thing"),
        (lambda connection: connection.sendall(whole(b" " * LARGEST_ANSWER + b"{}")), "is no thing"),
    ],
)
def test_an_answer_that_is_none(say: Says, why: str) -> None:
    """P9 L5 one line of the kind that was asked for, and soon."""
    began = time.monotonic()
    with saying(say) as client, pytest.raises(Refused, match=why) as refused:
        client.ask("GET", "/", SECONDS)
    assert "\n" not in str(refused.value)
    assert time.monotonic() - began < 10 * SECONDS


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_of_the_largest_size(packed: bool) -> None:
    """L5 it is read whole, packed or not."""
    body = b'{"told": 1}'.ljust(LARGEST_ANSWER)
    sent = whole(zlib.compress(body), "Content-Encoding: deflate\r\n") if packed else whole(body)
    with saying(lambda connection: connection.sendall(sent)) as client:
        assert client.ask("GET", "/", 5).content == {"told": 1}
