"""HTTP to a node on this machine without requests' machinery: the same answers and the same errors."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from web3 import HTTPProvider

from offchain.chains import connect
from offchain.local_session import Answer, LocalSession
from offchain.node import Node, NodeError


class Server(ThreadingHTTPServer):
    """Tells what it was sent; `/later` never answers, `/closed` closes the connection after the answer."""

    daemon_threads = True
    connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def get_request(self) -> tuple[socket.socket, object]:
        self.connections += 1
        return super().get_request()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/later":
            threading.Event().wait(5)
        told = b" ".join([self.path.encode(), str(self.headers["Authorization"]).encode(), body])
        if self.path == "/node":
            told = b'{"jsonrpc": "2.0", "id": 0, "result": "0x7"}'
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", str(len(told)))
        if self.path == "/closed":
            self.close_connection = True  # and doesn't say so
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *values: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


def post(session: LocalSession, data: bytes, seconds: float = 10) -> Answer:
    """The answer of the session's server."""
    return session.post("", data=data, headers={}, timeout=seconds)


def test_one_connection_for_many_calls(server: Server) -> None:
    """The whole path with its query arrives, and the connection is kept."""
    session = LocalSession(f"{server.url}/a?b=c")
    for number in range(5):
        answer = post(session, b"%d" % number)
        assert (answer.status, answer.content) == (200, b"/a?b=c None %d" % number)
    assert server.connections == 1
    assert post(LocalSession(server.url), b"").content == b"/ None "


def test_threads_share_a_session(server: Server) -> None:
    """Each gets its own answer."""
    session = LocalSession(server.url)
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda number: post(session, b"%d" % number).content, range(200))
    assert list(found) == [b"/ None %d" % number for number in range(200)]


def test_a_connection_that_was_closed_meanwhile(server: Server) -> None:
    """The next call takes another."""
    session = LocalSession(f"{server.url}/closed")
    for _ in range(3):
        assert post(session, b"x").content == b"/closed None x"
        threading.Event().wait(0.05)
    assert server.connections == 3


def test_errors_are_those_of_requests(server: Server) -> None:
    broken, later, nobody = map(LocalSession, (f"{server.url}/broken", f"{server.url}/later", "http://127.0.0.1:1"))
    with post(broken, b"") as answer, pytest.raises(requests.HTTPError, match="500"):
        answer.raise_for_status()
    with pytest.raises(requests.Timeout):
        post(later, b"", 0.05)
    with pytest.raises(requests.ConnectionError):
        post(nobody, b"")


def test_no_proxy_is_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is for other machines."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert Node(connect(f"{server.url}/node")).call("eth_chainId") == "0x7"


def test_a_url_with_a_password(server: Server) -> None:
    """The password reaches the node."""
    provider = connect(server.url.replace("//", "//name:secret@")).provider
    assert isinstance(provider, HTTPProvider)
    answer = provider._make_request("eth_chainId", b"x")  # type: ignore[arg-type]
    assert answer == b"/ Basic bmFtZTpzZWNyZXQ= x"


def test_nobody_is_there() -> None:
    """P9 one line."""
    with pytest.raises(NodeError, match="the node doesn't answer"):
        Node(connect("http://127.0.0.1:1")).call("eth_chainId")
