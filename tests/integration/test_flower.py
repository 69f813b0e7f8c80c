"""Rounds over Flower on this machine, with TLS, registered nodes and real processes, in Flower's own environment.

They take some minutes, so they run only if asked for: `make flower-demo` sets up the environment, then
`OPENMG_FLOWER=1 ape test tests/integration/test_flower.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from offchain.environment import PROJECT
from offchain.ppdl.flower.installation import PYTHON

DEMO = [str(PYTHON), "-m", "offchain.ppdl.flower.demo"]
SECONDS = 600


@pytest.fixture(scope="module", autouse=True)
def flower_environment() -> None:
    """Skips all unless they are asked for; fails if they are and the environment is missing."""
    if os.environ.get("OPENMG_FLOWER") != "1":
        warnings.warn("Flower was not tested: OPENMG_FLOWER=1 does it, after `make flower-demo`", stacklevel=1)
        pytest.skip("OPENMG_FLOWER=1 tests Flower, after `make flower-demo` set up its environment")
    assert PYTHON.exists(), "run `make flower-demo` first: it sets up Flower's environment"


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What became of those who don't belong there."""
    command = [str(PYTHON), "-m", "tests.integration.flower_strangers", str(tmp_path_factory.mktemp("strangers"))]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def processes_of(word: str) -> list[str]:
    """Command lines of processes that have a word in them."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended meanwhile
    return [line for line in lines if word in line]


def demo_folders() -> set[Path]:
    """Folders of demos that run or left theirs behind."""
    return set((PROJECT / ".cache").glob("flower-demo-*"))


def test_flower_finds_what_one_process_finds() -> None:
    """P8 nine homes on three nodes find the same integers as one process, and nothing is left behind."""
    before = demo_folders()
    done = subprocess.run([*DEMO, "--rounds", "2"], cwd=PROJECT, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("641 weights over Flower and in process are the same") == 2
    assert done.stdout.count("9 homes") == 2
    assert done.stdout.rstrip().endswith("same: the largest difference is 0")
    assert demo_folders() == before


@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 1), (signal.SIGKILL, -signal.SIGKILL)])
def test_flower_ends_with_the_demo(how: signal.Signals, status: int) -> None:
    """P9 Ctrl-C in the midst of a round ends all processes, in one line; so does kill -9, without a line."""
    before = demo_folders()
    demo = subprocess.Popen(
        DEMO, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert demo.stdout is not None
    for line in demo.stdout:
        if "round 1: seeds" in line:
            break
    (folder,) = demo_folders() - before
    assert len(processes_of(folder.name)) >= 7
    demo.send_signal(how)
    _, complaint = demo.communicate(timeout=60)
    assert demo.returncode == status
    if how == signal.SIGINT:
        assert complaint == "Error: stopped\n"
        assert not folder.exists()
    deadline = time.monotonic() + 30
    while processes_of(folder.name) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert processes_of(folder.name) == []
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ("an unregistered key", "Failed to activate SuperNode"),
        ("no key", "All SuperNodes must be registered via the CLI"),
        ("another authority", "CERTIFICATE_VERIFY_FAILED"),
        ("no TLS, a key", "TLS is not enabled"),
        ("no TLS, no key", "Server disconnected without sending a response"),
    ],
)
def test_nodes_that_are_not_known_are_refused(strangers: dict[str, Any], who: str, reason: str) -> None:
    """P9 a node needs TLS, the right authority and a registered key."""
    status, output = strangers["nodes"][who]
    assert status != 0
    assert reason in output


def test_commands_without_tls_are_refused(strangers: dict[str, Any]) -> None:
    """P9 the SuperLink speaks with nobody in the clear."""
    assert "Connection to the SuperLink is unavailable" in strangers["command"]


def test_a_node_executes_nothing_that_the_server_sends(strangers: dict[str, Any]) -> None:
    """P8 somebody else's app gets refusals from our nodes, which don't even load it; Flower by itself executes it."""
    assert strangers["our replies"] == [
        "Flower's message has not one record of bytes",
        "that is no message: Expected `object`, got `int`",
    ]
    assert not strangers["ours executed it"]
    assert strangers["its replies"] == ["it answered", "it answered"]
    assert strangers["Flower's executed it"]


def test_an_executor_needs_its_supernodes_secret(strangers: dict[str, Any]) -> None:
    """P8 P9 nobody else on the machine gets the node's messages."""
    status, output = strangers["another secret"]
    assert status == 1
    assert "refuses (401): is the secret its own?" in output
    assert "Traceback" not in output
