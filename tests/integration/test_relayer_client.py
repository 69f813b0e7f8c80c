"""What a wallet believes of a relayer: nothing that its own node doesn't show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from offchain.assets import Assets
from offchain.chains import Chain, ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.http_client import LARGEST_ANSWER
from offchain.node import Node
from offchain.relayer import client
from offchain.relayer.client import RelayerClient
from offchain.sender import development_sender
from offchain.units import ETHER
from offchain.wallet.note import ETH
from offchain.wallet.relay import RelayError
from offchain.wallet.request import Operation
from tests.integration.test_relayer import KEYS, POOL, REGISTRY, request_for

ACCOUNT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@dataclass
class Stranger:
    """Answers whatever it is told to, on a port of its own."""

    url: str = ""
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def say(self, path: str, content: Any, status: int = 200) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.answers[path] = (status, body)


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        yield chain


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    told = Stranger()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = told.answers.get(self.path, (404, b'{"error": "no such route"}'))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer

        def log_message(self, *_: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    told.say("/terms", terms())
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture
def relayer(chain: Chain, stranger: Stranger, tmp_path: Path) -> RelayerClient:
    return client_of(chain, stranger.url, tmp_path)


def client_of(chain: Chain, url: str, folder: Path) -> RelayerClient:
    assets = Assets(Manifest(950327, folder))
    return RelayerClient(url, Node(chain.web3), 950327, POOL, REGISTRY, assets)


def terms(**changes: Any) -> dict[str, Any]:
    found = {"chain_id": 950327, "pool": POOL, "registry": REGISTRY, "account": ACCOUNT, "address": str(KEYS.address)}
    return {**found, "fees": {ETH: {"transfer": "7"}}, **changes}


def test_terms_are_read(relayer: RelayerClient) -> None:
    """L1 account, address and fee of an operation."""
    relay = relayer.relay(Operation.TRANSFER, ETH)
    assert (relay.account, relay.address, relay.fee) == (ACCOUNT, KEYS.address, 7)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"chain_id": 1}, "of another network"),
        ({"pool": REGISTRY}, "of another network"),
        ({"registry": None}, "of another network"),
        ({"address": "openmg1"}, "terms can't be read"),
        ({"fees": None}, "terms can't be read"),
        ({"fees": {ETH: {"transfer": "much"}}}, "terms can't be read"),
        ({"fees": {ETH: {"transfer": "-1"}}}, "takes no ETH for transfer"),
        ({"fees": {ETH: {"transfer": str(2**128)}}}, "takes no ETH for transfer"),
        ({"fees": {ETH: {"swap": "1"}}}, "takes no ETH for transfer; it takes ETH"),
        ({"fees": {}}, "it takes nothing"),
    ],
)
def test_wrong_terms(relayer: RelayerClient, stranger: Stranger, changes: dict[str, Any], why: str) -> None:
    """P9 L5 one line, before anything is proven."""
    stranger.say("/terms", terms(**changes))
    with pytest.raises(RelayError, match=why):
        relayer.relay(Operation.TRANSFER, ETH)


def test_terms_are_asked_for_again_after_a_refusal(chain: Chain, relayer: RelayerClient, stranger: Stranger) -> None:
    """A fee that rose is paid by the next request, without a restart."""
    assert relayer.relay(Operation.TRANSFER, ETH).fee == 7
    stranger.say("/terms", terms(fees={ETH: {"transfer": "9"}}))
    stranger.say("/requests", {"error": "the fee is too low"}, 402)
    assert relayer.relay(Operation.TRANSFER, ETH).fee == 7
    with pytest.raises(RelayError, match="the fee is too low"):
        relayer.submit(request_for(chain.web3))
    assert relayer.relay(Operation.TRANSFER, ETH).fee == 9


@pytest.mark.parametrize(
    ("content", "status", "why"),
    [
        (b"<html>", 200, "is no relayer"),
        (b"[]", 200, "is no relayer"),
        (b"\xff", 200, "is no relayer"),
        (b'"' + b"x" * (LARGEST_ANSWER + 1) + b'"', 200, "is no relayer"),
        (b"{}", 302, "answer can't be read"),
        (b'{"error": "the fee\\nis too low"}', 402, "refuses: the fee is too low"),
        (b"{}", 500, "refuses: 500"),
        (b'{"transaction": 5, "status": "mined"}', 200, "answer can't be read"),
        (b'{"transaction": "0x12", "status": "done"}', 200, "answer can't be read"),
        (b'{"transaction": "0x12", "status": "failed"}', 200, "failed on chain"),
    ],
)
def test_wrong_answers(
    chain: Chain, relayer: RelayerClient, stranger: Stranger, content: bytes, status: int, why: str
) -> None:
    """P9 L5 whatever a stranger answers, one line."""
    stranger.say("/requests", content, status)
    with pytest.raises(RelayError, match=why):
        relayer.submit(request_for(chain.web3))


def test_a_transaction_that_is_not_the_requests(
    chain: Chain, relayer: RelayerClient, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L5 neither another one nor one that isn't there is taken for the request's."""
    monkeypatch.setattr(client, "CONFIRM_SECONDS", 0.3)
    sender = development_sender(chain.web3, 4)
    request = request_for(chain.web3)
    other = sender.send({"to": POOL, "value": ETHER})["transactionHash"].to_0x_hex()
    stranger.say("/requests", {"transaction": other, "status": "mined"})
    with pytest.raises(RelayError, match="is not this request's"):
        relayer.submit(request)
    stranger.say("/requests", {"transaction": "0x" + "12" * 32, "status": "mined"})
    with pytest.raises(RelayError, match="the chain doesn't have"):
        relayer.submit(request)
    stranger.say("/requests", {"transaction": other, "status": "pending"})
    with pytest.raises(RelayError, match="is not mined yet"):
        relayer.submit(request)
    right = sender.send(request.transaction)["transactionHash"].to_0x_hex()
    stranger.say("/requests", {"transaction": right, "status": "mined"})
    assert relayer.submit(request) == right


@pytest.mark.parametrize(
    "url", ["", "relayer", "ftp://x", "http://", "127.0.0.1:8650", "http://[::1", "http://h:x", "http://h:0"]
)
def test_addresses_that_are_none(chain: Chain, tmp_path: Path, url: str) -> None:
    """P9 L5 named at once."""
    with pytest.raises(RelayError, match="is no address of a relayer"):
        client_of(chain, url, tmp_path)


def test_nobody_there(chain: Chain, tmp_path: Path) -> None:
    """P9 L5 one line."""
    with pytest.raises(RelayError, match="doesn't answer"):
        client_of(chain, "http://127.0.0.1:1", tmp_path).relay(Operation.TRANSFER, ETH)
