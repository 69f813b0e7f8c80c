"""Stores over HTTP: what they take, what a participant believes of them, and that one of several is enough."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from eth_account import Account
from eth_utils.address import to_canonical_address
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response

from offchain.errors import UserError
from offchain.ppdl.aggregation.lanes import CHUNK_BYTES
from offchain.ppdl.aggregation.messages import Domain
from offchain.ppdl.aggregation.publication import Kind, PublicationError, Published, Rules
from offchain.ppdl.aggregation.store import Store
from offchain.ppdl.aggregation.store_client import StoreClient, Stores, StoreUnavailable
from offchain.ppdl.aggregation.store_service import store_service

RULES = Rules(Domain(31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3"), weights=100)
KEYS = [Account.from_key(bytes([at]) * 32) for at in (1, 2)]
MEMBERS = [to_canonical_address(key.address) for key in KEYS]
ROUND = 4


def signed(kind: Kind = Kind.UPDATE, content: bytes = b"\x01" * (2 * CHUNK_BYTES), key: int = 0) -> Published:
    return RULES.signed(ROUND, kind, content, KEYS[key])


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The URL of an application on a free port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Of a store in which two accounts take part in round 4."""
    with serving(store_service(Store(tmp_path, RULES, lambda round_: MEMBERS if round_ == ROUND else ()))) as found:
        yield found


def test_what_one_publishes_another_reads(url: str) -> None:
    """P8 by way of a server that nobody has to trust."""
    said = [signed(), signed(key=1), signed(Kind.REVEAL, b""), signed(Kind.PARCEL, b"boxes" * 2880)]
    for published in [*said, *said]:
        StoreClient(url, RULES).publish(published)
    client = StoreClient(f"{url}/", RULES)
    assert {one for kind in Kind for one in client.published(ROUND, kind)} == set(said)
    assert client.published(ROUND + 1, Kind.UPDATE) == []


def test_what_a_store_refuses_is_told(url: str) -> None:
    """P9"""
    client = StoreClient(url, RULES)
    client.publish(signed(Kind.PARCEL, b"first"))
    with pytest.raises(PublicationError, match="published another parcel before"):
        client.publish(signed(Kind.PARCEL, b"second"))
    stranger = RULES.signed(ROUND, Kind.PARCEL, b"", Account.from_key(b"\x09" * 32))
    with pytest.raises(PublicationError, match="takes no part in round 4"):
        client.publish(stranger)


REQUESTS: list[tuple[str, str, int, str]] = [
    ("PUT", f"/rounds/4/update/{'00' * 20}", 400, "65 bytes in hex are needed"),
    ("PUT", "/rounds/4/update/0x12", 400, "20 bytes in hex are needed"),
    ("PUT", "/rounds/4/other/0x12", 400, "kind: Input should be"),
    ("PUT", "/rounds/one/update/0x12", 400, "round_: Input should be a valid integer"),
    ("GET", "/rounds/-1/update", 400, "-1 is no round"),
    ("GET", f"/rounds/{1 << 63}/update", 400, "is no round"),
    ("GET", "/rounds/4/../update", 404, "Not Found"),
    ("GET", "/blobs/0x" + "zz" * 32, 400, "32 bytes in hex are needed"),
    ("GET", "/blobs/..%2f..%2fetc%2fpasswd", 404, "Not Found"),
    ("GET", "/blobs/" + "00" * 32, 404, "there is no content"),
    ("POST", "/blobs/" + "00" * 32, 405, "Method Not Allowed"),
]


@pytest.mark.parametrize(("method", "path", "status", "reason"), REQUESTS)
def test_requests_that_are_none(method: str, path: str, status: int, reason: str, url: str) -> None:
    """P9 each gets one line."""
    answer = requests.request(method, url + path, timeout=10)
    assert answer.status_code == status
    assert reason in answer.json()["error"]


def test_what_is_too_large_is_not_taken(url: str) -> None:
    """P9 however it is signed, also without a stated length."""
    path = f"{url}/rounds/4/reveal/0x{MEMBERS[0].hex()}"
    for body in (bytes(5_000_000), iter([bytes(3000)] * 100)):
        answer = requests.put(path, body, headers={"X-Signature": "00" * 65}, timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (413, "at most 3,213 bytes are taken")


def lying(list_: Any, content: bytes = b"", status: int = 200) -> FastAPI:
    """A server that answers everything with these."""
    app = FastAPI()

    @app.get("/rounds/{round_}/{kind}")
    async def published(round_: int, kind: str) -> JSONResponse:
        return JSONResponse(list_, status)

    @app.get("/blobs/{content_hash}")
    async def blob(content_hash: str) -> Response:
        return Response(content)

    return app


def row(published: Published, **changed: str) -> dict[str, str]:
    """An entry of a server's list."""
    names = ("participant", "content_hash", "signature")
    return {name: "0x" + getattr(published, name).hex() for name in names} | changed


LIES: list[tuple[Any, bytes, str]] = [
    ([row(signed(Kind.PARCEL, b"one"))], b"two", "has another content than 0x"),
    ([row(signed(Kind.PARCEL, b"one"))], bytes(20_000), "says more than 14,400 bytes"),
    (["text"], b"", "is no store"),
    ([row(signed(), signature="0x1")], b"", "is no store"),
    ([row(signed(), participant=1)], b"", "is no store"),  # type: ignore[arg-type]
    ({}, b"", "has no list of round 4: it gives no reason"),
    ([row(signed())] * 20_000, b"", "says more than"),
]


@pytest.mark.parametrize(("list_", "content", "reason"), LIES)
def test_a_store_that_lies_is_not_believed(list_: Any, content: bytes, reason: str) -> None:
    """P9"""
    with serving(lying(list_, content)) as url, pytest.raises(StoreUnavailable, match=reason):
        StoreClient(url, RULES).published(ROUND, Kind.PARCEL)


def test_what_nobody_signed_is_left_out() -> None:
    """P8 a store can leave out what others published, but not put anything in their mouths."""
    true = signed(Kind.PARCEL, b"one")
    false = [row(true, participant="0x" + MEMBERS[1].hex()), row(true, signature="0x" + "01" * 65)]
    with serving(lying([*false, row(true)], b"one")) as url:
        assert StoreClient(url, RULES).published(ROUND, Kind.PARCEL) == [true]


def test_one_of_several_stores_is_enough(url: str, tmp_path: Path) -> None:
    """P8 whoever leaves something out, or is gone, hinders nobody who has another store."""
    with serving(lying([])) as silent:
        gone = StoreClient("http://127.0.0.1:9", RULES)
        client = Stores([gone, StoreClient(silent, RULES), StoreClient(url, RULES)])
        client.publish(signed())
        assert client.published(ROUND, Kind.UPDATE) == [signed()]
        with pytest.raises(UserError, match=r"http://127.0.0.1:9 doesn't answer"):
            Stores([gone]).publish(signed())
        with pytest.raises(StoreUnavailable, match="doesn't answer"):
            Stores([gone, gone]).published(ROUND, Kind.UPDATE)
        with pytest.raises(StoreUnavailable, match="takes nothing"):
            StoreClient(silent, RULES).publish(signed())


@pytest.mark.parametrize("url_", ["127.0.0.1:80", "ftp://host", "http://", ""])
def test_addresses_that_are_none(url_: str) -> None:
    """P9"""
    with pytest.raises(StoreUnavailable, match="is no address of a store"):
        StoreClient(url_, RULES)
