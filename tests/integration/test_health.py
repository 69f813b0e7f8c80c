"""Services as processes, and what they need: green while it is there, red when it is killed, green when it is back."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from offchain.environment import PROJECT
from offchain.process import free_port
from tests import mosquitto
from tests.mosquitto import INTAKE, PASSWORD
from tests.node_process import NodeProcess, until


def health(port: int) -> Any:
    """What a service tells, None while nothing listens."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).json()
    except requests.ConnectionError:
        return None


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a service with a database, a port for its health and its broker's URL by file."""
    secret = tmp_path / "mqtt"
    secret.touch(0o600)
    return os.environ | {
        "PYTHONPATH": str(PROJECT),
        "OPENMG_DATABASE": f"sqlite:///{tmp_path}/history.db",
        "OPENMG_HEALTH_PORT": str(free_port()),
        "OPENMG_MQTT_FILE": str(secret),
    }


def test_an_intake(tmp_path: Path, environment: dict[str, str]) -> None:
    """G2 the broker ends and comes back, with the same intake."""
    port, broker_port = int(environment["OPENMG_HEALTH_PORT"]), free_port()
    (tmp_path / "mqtt").write_text(f"mqtt://{INTAKE}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{broker_port}\n")
    with ExitStack() as stack:
        broker = stack.enter_context(ExitStack())
        broker.enter_context(mosquitto.started(tmp_path, [], broker_port))
        words = ["api", "intake", "--name", "watched"]
        intake = NodeProcess(words, tmp_path / "intake.log", "Takes readings", environment)
        stack.callback(intake.end)
        until("health", lambda: health(port) == {"status": "ok"}, 30)
        counters = requests.get(f"http://127.0.0.1:{port}/metrics").text
        assert 'openmg_part_works{part="broker"} 1.0' in counters
        assert "openmg_readings_total" in counters
        broker.close()
        until("red", lambda: "isn't there" in health(port).get("problems", {}).get("broker", ""), 30)
        broker.enter_context(mosquitto.started(tmp_path, [], broker_port))
        until("green again", lambda: health(port) == {"status": "ok"}, 60)
        assert intake.is_alive()


def test_a_taken_port(tmp_path: Path, environment: dict[str, str]) -> None:
    """G2 one line, and the service doesn't run without its health."""
    (tmp_path / "mqtt").write_text("mqtt://127.0.0.1\n")
    taken = socket.create_server(("127.0.0.1", int(environment["OPENMG_HEALTH_PORT"])))
    with taken, pytest.raises(AssertionError, match="Error: can't listen on 127"):
        NodeProcess(["api", "serve", "--port", str(free_port())], tmp_path / "log", "never", environment)
