"""The public endpoint over WebSockets: subscriptions, limits of connections, and an orderly end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from offchain.chains import ChainSpec, started
from offchain.plasma.proxy import MOST_SOCKETS_OF_ADDRESS, MOST_UNSENT, Access, _Conversation
from offchain.plasma.subscriptions import MOST_SUBSCRIPTIONS, Subscriptions
from tests.integration.sockets import a_call, socket_to, spoken
from tests.plasma_operator import (
    ACCOUNTS,
    CHAIN_ID,
    ECHO,
    Client,
    Process,
    leading,
    start_proxy,
    transfer,
    write_genesis,
)


@pytest.fixture(scope="module")
def genesis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_genesis(tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def leader(genesis: Path) -> Iterator[Process]:
    with leading(genesis.parent / "leader", genesis) as process:
        yield process


@pytest.fixture(scope="module")
def client(leader: Process) -> Client:
    return Client(leader.url)


def test_subscriptions_tell_of_blocks_and_logs(client: Client, leader: Process) -> None:
    """E8 newHeads and logs."""
    with socket_to(leader) as socket, socket_to(leader) as other:
        heads = spoken(socket, a_call("eth_subscribe", "newHeads"))["result"]
        logs = spoken(socket, a_call("eth_subscribe", "logs", {"address": ECHO, "topics": [f"0x{42:064x}"]}))["result"]
        none = spoken(other, a_call("eth_subscribe", "logs", {"address": ACCOUNTS[0].address}))["result"]
        assert len({heads, logs, none}) == 3
        receipt = client.receipt(client.send(transfer(3, 0, to=ECHO)))
        seen: dict[str, Any] = {}
        while receipt["blockNumber"] not in seen or logs not in seen:
            message = json.loads(socket.recv(10))
            assert message["method"] == "eth_subscription"
            content = message["params"]["result"]
            seen[content["number"] if message["params"]["subscription"] == heads else logs] = content
        head = seen[receipt["blockNumber"]]
        assert head["hash"] == receipt["blockHash"]
        assert "transactions" not in head
        assert {"parentHash", "stateRoot", "logsBloom", "baseFeePerGas", "timestamp"} <= set(head)
        assert seen[logs] == receipt["logs"][0]
        assert spoken(socket, a_call("eth_unsubscribe", heads))["result"] is True
        assert spoken(socket, a_call("eth_unsubscribe", heads))["result"] is False
        assert spoken(socket, a_call("eth_unsubscribe", none))["result"] is False  # another's
        receipt = client.receipt(client.send(transfer(3, 1, to=ECHO)))
        assert json.loads(socket.recv(10))["params"] == {"subscription": logs, "result": receipt["logs"][0]}
        with pytest.raises(TimeoutError):
            other.recv(0.3)


def test_wrong_subscriptions_are_refused(client: Client, leader: Process) -> None:
    """E7 P9 wrong or too many subscriptions."""
    assert client.refusal("eth_subscribe", "newHeads") == {"code": -32601, "message": "subscriptions need a WebSocket"}
    with socket_to(leader) as socket:
        wrong: list[list[Any]] = [
            [],
            ["syncing"],
            [5],
            ["logs", 5],
            ["logs", {"topics": 5}],
            ["logs", {"address": "0x1"}],
        ]
        for parameters in wrong:
            assert spoken(socket, a_call("eth_subscribe", *parameters))["error"]["code"] == -32602
        assert spoken(socket, a_call("eth_unsubscribe", {}))["result"] is False
        for _ in range(MOST_SUBSCRIPTIONS):
            assert "result" in spoken(socket, a_call("eth_subscribe", "newHeads"))
        assert spoken(socket, a_call("eth_subscribe", "newHeads"))["error"]["code"] == -32005


def test_an_address_has_a_limited_number_of_sockets(leader: Process) -> None:
    """E7 connections of an address."""
    sockets = [connect(leader.url.replace("http", "ws")) for _ in range(MOST_SOCKETS_OF_ADDRESS + 1)]
    with pytest.raises(ConnectionClosed):
        sockets[-1].recv(10)
    for socket in sockets:
        socket.close()
    for _ in range(100):
        with socket_to(leader) as socket:
            try:
                assert spoken(socket, a_call("eth_chainId"))["result"] == "0xe8037"
                return
            except ConnectionClosed:  # the others are not all gone yet
                time.sleep(0.05)
    raise AssertionError("no socket came free")


def test_rate_and_origins(genesis: Path, tmp_path: Path) -> None:
    """E7 calls of an address, and pages that may call."""
    access = Access(per_minute=1, at_once=20, origins=["https://page.example"])
    with leading(tmp_path / "leader", genesis, access) as process:
        client = Client(process.url)
        with pytest.raises(InvalidStatus), socket_to(process, origin="https://other.example"):
            pass
        with socket_to(process, origin="https://page.example") as socket:
            assert spoken(socket, a_call("eth_chainId"))["result"] == "0xe8037"
        for origin, allowed in (("https://page.example", "https://page.example"), ("https://other.example", None)):
            headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            answer = requests.options(process.url, headers=headers, timeout=5)
            assert answer.headers.get("access-control-allow-origin") == allowed
        _, answers = client.post(json.dumps([a_call("eth_chainId")] * 30))
        refused = {"code": -32005, "message": "too many requests: wait some seconds"}
        assert ["result" in answer for answer in answers] == [True] * 19 + [False] * 11
        assert [answer["error"] for answer in answers[19:]] == [refused] * 11
        raw = f"0x{transfer(0, 0).hex()}"
        assert client.refusal("eth_sendRawTransaction", raw) == refused
        with socket_to(process) as socket:
            assert spoken(socket, a_call("eth_chainId"))["error"] == refused


def test_a_node_that_seals_by_itself_can_stand_behind_it(genesis: Path) -> None:
    """E6 E8 the same endpoint before another kind of node."""
    flags = ("--init", str(genesis), "--accounts", "0", "--block-time", "1")
    with started(ChainSpec("plasma", CHAIN_ID, 0), *flags) as chain:
        process = start_proxy(chain.url)
        try:
            client = Client(process.url)
            with socket_to(process) as socket:
                heads = spoken(socket, a_call("eth_subscribe", "newHeads"))["result"]
                receipt = client.receipt(client.send(transfer(0, 0)))
                assert receipt["status"] == "0x1"
                numbers = [0]
                while numbers[-1] < int(receipt["blockNumber"], 16):
                    message = json.loads(socket.recv(10))["params"]
                    assert message["subscription"] == heads
                    numbers.append(int(message["result"]["number"], 16))
                assert numbers[1:] == list(range(numbers[1], numbers[-1] + 1))
            assert client.refusal("anvil_setBalance", ACCOUNTS[0].address, "0x0")["code"] == -32601
        finally:
            process.end()
        assert process.wait() == 0


def test_a_client_that_does_not_read_is_let_go() -> None:
    """E7 who doesn't read takes no memory."""

    class Deaf:
        """A socket whose client takes nothing."""

        async def send_text(self, text: str) -> None:
            await asyncio.Event().wait()

        async def receive(self) -> dict[str, Any]:
            return await asyncio.Event().wait()  # type: ignore[return-value]

    class Node:
        subscriptions = Subscriptions(cast(Any, None))

    async def overwhelm() -> None:
        conversation = _Conversation(cast(Any, Deaf()), cast(Any, Node()), lambda: True)
        holding = asyncio.create_task(conversation.hold())
        for _ in range(3):
            conversation._subscriber.send(bytes(MOST_UNSENT // 3))
            await asyncio.sleep(0)
        assert not holding.done()
        conversation._subscriber.send(b"x" * 8)
        await asyncio.wait_for(holding, 5)

    asyncio.run(overwhelm())


def test_a_leader_ends_in_order(genesis: Path, tmp_path: Path) -> None:
    """E1 a stop is no crash."""
    with leading(tmp_path / "leader", genesis) as process, socket_to(process) as socket:
        spoken(socket, a_call("eth_subscribe", "newHeads"))
        sent = Client(process.url).send(transfer(0, 0))
        process.end()
        assert process.wait() == 0
        messages: list[str | bytes] = []
        with pytest.raises(ConnectionClosed, match="service restart"):
            messages.extend(iter(socket.recv, None))
        assert all(json.loads(message)["method"] == "eth_subscription" for message in messages)
    with leading(tmp_path / "leader", genesis) as again:
        assert Client(again.url).receipt(sent)["status"] == "0x1"
