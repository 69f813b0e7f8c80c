"""Calls of the public endpoint, and its WebSockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.plasma_operator import Process


@contextmanager
def socket_to(process: Process, **options: Any) -> Iterator[ClientConnection]:
    socket = connect(process.url.replace("http", "ws"), **options)
    try:
        yield socket
    finally:
        socket.close()


def spoken(socket: ClientConnection, content: Any) -> Any:
    """The next message after one was sent."""
    socket.send(content if isinstance(content, str | bytes) else json.dumps(content))
    return json.loads(socket.recv(10))


def a_call(method: str, *parameters: Any, identity: Any = 1) -> dict[str, Any]:
    """A JSON-RPC call."""
    return {"jsonrpc": "2.0", "id": identity, "method": method, "params": list(parameters)}
