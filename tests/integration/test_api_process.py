"""`openmg api serve --index` and `openmg api index` as processes, beside a real chain."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from offchain.environment import PROJECT
from offchain.process import free_port
from offchain.units import ETHER
from tests.integration.grid import Grid, grid
from tests.node_process import NodeProcess, until

NOBODY = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grid]:
    with grid(tmp_path_factory.mktemp("grid")) as found:
        yield found


class Service:
    """A process of the API, with its own database."""

    def __init__(self, town: Grid, folder: Path) -> None:
        self.port = free_port()
        self._folder, self._rpc = folder, str(town.web3.provider.endpoint_uri)  # type: ignore[attr-defined]
        self._environment = os.environ | {
            "PYTHONPATH": str(PROJECT),
            "OPENMG_DEPLOYMENTS": str(town.manifest.path.parent),
            "OPENMG_DATABASE": f"sqlite:///{folder}/history.db",
            "OPENMG_ROOT_PORT": str(free_port()),
        }

    def begin(self, *words: str, says: str) -> NodeProcess:
        """Runs `openmg api` with further words."""
        arguments = ("api", *words, "--rpc", self._rpc)
        return NodeProcess(arguments, self._folder / f"{words[0]}.log", says, self._environment)

    def serve(self, *words: str) -> NodeProcess:
        return self.begin("serve", "--port", str(self.port), *words, says="API at")

    def get(self, path: str) -> Any:
        answer = requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stream(self) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.port}/v1/live", stream=True, timeout=20)


def values(lines: Iterator[str]) -> Any:
    """The next values of a stream."""
    return json.loads(next(line for line in lines if line.startswith("data: ")).removeprefix("data: "))


def test_it_follows_and_tells_live(town: Grid, tmp_path: Path) -> None:
    """Q2 Q6 a trade comes out of every stream; the fifth stream is refused; the end is clean."""
    service = Service(town, tmp_path)
    process = service.serve("--index")
    until("the exchanges are there", lambda: len(service.get("/v1/exchanges")["exchanges"]) == 2)
    with closing(service.stream()) as stream:
        lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert values(lines)["exchanges"][0]["last"] is None
        bought = town.buy("MG1", ETHER)
        last = until("the trade is told", lambda: values(lines)["exchanges"][0]["last"])
        assert last["source"]["transaction"] == bought["transactionHash"].to_0x_hex()
        more = [service.stream() for _ in range(4)]
        assert [one.status_code for one in more] == [200, 200, 200, 429]
        for one in more:
            one.close()
        process.end()
        assert list(lines)[-1:] in ([], [""])
    assert "Traceback" not in process.text()


def test_a_client_that_never_reads(town: Grid, tmp_path: Path) -> None:
    """Q6 a connection left open and unread holds up nothing."""
    service = Service(town, tmp_path)
    process = service.serve("--index")
    until("the exchanges are there", lambda: len(service.get("/v1/exchanges")["exchanges"]) == 2)
    with socket.create_connection(("127.0.0.1", service.port)) as idle:
        idle.sendall(b"GET /v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for _ in range(3):
            town.buy("MG2", ETHER // 100)
        trades = until("the trades are there", lambda: service.get("/v1/exchanges/MG2/trades")["trades"][2:])
        assert trades
        process.end()
    assert "Traceback" not in process.text()


def test_an_index_of_its_own_process(town: Grid, tmp_path: Path) -> None:
    """P6 P9 Q2 killed and begun again it goes on; a second one is refused in one line; the API serves beside it."""
    service = Service(town, tmp_path)
    process = service.begin("index", says="Follows chain 950327")
    served = service.serve()
    until("the exchanges are there", lambda: len(service.get("/v1/exchanges")["exchanges"]) == 2)
    with pytest.raises(AssertionError, match="one is enough"):
        service.begin("index", says="never")
    process.kill()
    town.buy("MG1", ETHER // 10)
    known = len(service.get("/v1/exchanges/MG1/trades")["trades"])
    again = service.begin("index", says="Follows chain 950327")
    until("the trade is there", lambda: len(service.get("/v1/exchanges/MG1/trades")["trades"]) == known + 1)
    again.end()
    served.end()
