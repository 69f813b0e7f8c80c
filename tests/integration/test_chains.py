"""The local chains: found, started, refused, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from offchain.chains import ChainError, ChainSpec, find, running, started

SPEC = ChainSpec("spare", 424242, 0)
OWNER = """
import sys, time
from offchain.chains import ChainSpec, started
with started(ChainSpec("spare", 424242, 0)) as chain:
    print(chain.url, flush=True)
    time.sleep(600)
"""


def at(url: str, chain_id: int = SPEC.chain_id) -> ChainSpec:
    return ChainSpec("spare", chain_id, int(url.rsplit(":", 1)[1]))


def wait_until_gone(spec: ChainSpec) -> bool:
    for _ in range(100):
        if find(spec) is None:
            return True
        time.sleep(0.05)
    return False


@contextmanager
def stranger_listening() -> Iterator[int]:
    """A web server that is no chain."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, format: str, *args: object) -> None:
            """Keeps the test output clean."""

    server = HTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def test_a_started_chain_has_its_id_and_ends_with_the_block() -> None:
    with started(SPEC) as chain:
        assert chain.started
        assert chain.web3.eth.chain_id == SPEC.chain_id
        spec = at(chain.url)
    assert find(spec) is None


def test_a_chain_ends_when_the_block_raises() -> None:
    urls: list[str] = []

    def use(url: str) -> None:
        urls.append(url)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), started(SPEC) as chain:
        use(chain.url)
    assert find(at(urls[0])) is None


def test_a_running_chain_is_used_and_left_running() -> None:
    with started(SPEC) as chain:
        with running(at(chain.url)) as [found]:
            assert not found.started
            assert found.url == chain.url
        assert find(at(chain.url)) is not None


def test_two_chains_at_once() -> None:
    other = ChainSpec("other", 99, 0)
    with running(SPEC, other) as chains:
        assert [chain.web3.eth.chain_id for chain in chains] == [424242, 99]
        specs = [at(chains[0].url), at(chains[1].url, 99)]
    assert [find(spec) for spec in specs] == [None, None]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_chain_outlives_its_owner(how: signal.Signals) -> None:
    """However the command ends, kill -9 included, its chain ends."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert owner.stdout is not None
    spec = at(owner.stdout.readline().strip())
    assert find(spec) is not None
    os.kill(owner.pid, how)
    owner.wait(30)
    owner.stdout.close()
    assert wait_until_gone(spec)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is asked for on Linux")
def test_no_chain_outlives_its_guard() -> None:
    with started(SPEC) as chain:
        guards = subprocess.run(
            ["pgrep", "-f", f"guard.py.*--port {at(chain.url).port}"], capture_output=True, text=True
        )
        for guard in guards.stdout.split():
            os.kill(int(guard), signal.SIGKILL)
        assert guards.stdout
        assert wait_until_gone(at(chain.url))


def test_a_port_used_by_something_else_is_named() -> None:
    """P9: one clear line."""
    with stranger_listening() as port, pytest.raises(ChainError) as refused, running(ChainSpec("root", 31337, port)):
        pass
    assert str(port) in str(refused.value)
    assert "OPENMG_ROOT_PORT" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_port_used_by_another_chain_is_named() -> None:
    """P9: the other chain's id is told, and it is left alone."""
    with started(SPEC) as chain:
        wrong = ChainSpec("plasma", 950327, at(chain.url).port)
        with pytest.raises(ChainError, match="in use by chain 424242, not the plasma chain 950327"), running(wrong):
            pass
        assert find(at(chain.url)) is not None


def test_starting_on_a_used_port_is_refused() -> None:
    """P9: Anvil's own complaint becomes our line."""
    with (
        stranger_listening() as port,
        pytest.raises(ChainError, match="in use"),
        started(ChainSpec("root", 31337, port)),
    ):
        pass


def test_a_wrong_flag_is_reported() -> None:
    """P9: what Anvil says is passed on."""
    with pytest.raises(ChainError, match="did not start"), started(SPEC, "--no-such-flag"):
        pass


def test_missing_anvil_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """P9: what to run is told."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ChainError, match="anvil is missing: set up again"), started(SPEC):
        pass
