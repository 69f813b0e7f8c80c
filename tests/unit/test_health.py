"""What a process tells of its parts."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.health import Health, health, probing
from offchain.health_service import service
from offchain.http_service import serving
from offchain.process import free_port
from tests.node_process import until

PROBE = PROJECT / "deploy" / "health.py"


class Clock:
    """A clock that stands until it is moved."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told(clock: Clock) -> Health:
    return Health(clock)


@pytest.fixture
def url(told: Health) -> Iterator[str]:
    """The service of a process's health."""
    with serving(service(told), socket.create_server(("127.0.0.1", 0))) as url:
        yield url


def test_a_step_tells_how_it_ended(told: Health, clock: Clock) -> None:
    """G2 that it was done, or why not; one that hangs is missed after a while."""
    steps = iter([None, None])
    beat = told.beating("outlet", lambda: next(steps))
    beat()
    clock.now += 200
    beat()
    clock.now += 200
    assert told.problems() == {}
    clock.now += 101
    assert told.problems() == {"outlet": "silent for 301 s"}
    with pytest.raises(StopIteration):
        beat()
    assert told.problems() == {"outlet": "StopIteration()"}


def test_every_part_must_work(told: Health, clock: Clock) -> None:
    """G2 nothing told yet, a failure, and a silence that lasts too long: each is a problem, with its reason."""
    assert told.problems() == {"process": "it is starting"}
    told.works("node")
    told.works("broker", lasts=float("inf"))
    assert told.problems() == {}
    told.fails("node", "it is away")
    assert told.problems() == {"node": "it is away"}
    told.works("node")
    clock.now += 299
    assert told.problems() == {}
    clock.now += 2
    assert told.problems() == {"node": "silent for 301 s"}


def test_what_is_served(told: Health, clock: Clock, url: str) -> None:
    """G2 503 with the reasons until all works; metrics that Prometheus reads."""
    assert requests.get(f"{url}/healthz").status_code == 503
    told.works("node")
    assert requests.get(f"{url}/healthz").json() == {"status": "ok"}
    told.fails("node", "it is away")
    answer = requests.get(f"{url}/healthz")
    assert (answer.status_code, answer.json()["problems"]) == (503, {"node": "it is away"})
    clock.now += 7
    text = requests.get(f"{url}/metrics").text
    assert 'openmg_part_works{part="node"} 0.0' in text
    assert 'openmg_part_rounds_total{outcome="failed",part="node"} 1.0' in text
    assert 'openmg_part_silent_seconds{part="node"} 7.0' in text
    assert "process_resident_memory_bytes" in text
    assert requests.get(f"{url}/openapi.json").status_code == 404


def test_the_probe_of_a_container(told: Health, url: str) -> None:
    """G2 exit status and reason, also where nothing listens or the URL is none."""

    def probe(*arguments: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, PROBE, *arguments], capture_output=True, text=True, timeout=20)
        assert done.stderr == ""
        return done.returncode, done.stdout

    told.works("node")
    assert probe(f"{url}/healthz")[0] == 0
    told.fails("node", "it is away")
    status, said = probe(f"{url}/healthz")
    assert status == 1
    assert "it is away" in said
    status, said = probe(f"http://127.0.0.1:{free_port()}/healthz")
    assert status == 1
    assert "refused" in said
    assert probe("nowhere")[0] == 1


def test_probing(monkeypatch: pytest.MonkeyPatch) -> None:
    """G2 a check that raises is the part's problem, until it doesn't."""
    monkeypatch.setattr("offchain.health.PROBE_SECONDS", 0.02)
    away = True

    def check() -> None:
        if away:
            raise UserError("it is away")

    with probing("probed", check):
        until("the problem", lambda: health.problems().get("probed") == "it is away", 5)
        away = False
        until("that it works", lambda: "probed" not in health.problems(), 5)
    rounds = health._parts["probed"].worked
    time.sleep(0.1)
    assert health._parts["probed"].worked <= rounds + 1
