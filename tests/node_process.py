"""Commands that run until they are told to end, as the tests start and kill them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from offchain.environment import PROJECT

PATIENCE = 120.0


def until(what: str, ready: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Waits for something that must come; returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = ready()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds:g} s")


class NodeProcess:
    """An `openmg` command that runs until it is told to end; all it prints goes to a file."""

    def __init__(
        self, words: Sequence[str], output: Path, says: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.output = output
        command = [str(Path(sys.executable).with_name("openmg")), *words]
        environment = os.environ | {"PYTHONPATH": str(PROJECT)} if environment is None else environment
        begin = len(self.text())
        with output.open("a") as file:
            self._process = subprocess.Popen(
                command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
            )
        until(says, lambda: says in self.text()[begin:] or self._process.poll() is not None)
        if self._process.poll() is not None:
            raise AssertionError(self.text()[begin:])

    def text(self) -> str:
        """What it has printed."""
        return self.output.read_text() if self.output.exists() else ""

    def kill(self) -> None:
        """Kill -9."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(30)

    def end(self) -> None:
        """Ends it as a service manager does."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(30)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> int:
        """Its exit status, once it has ended."""
        return self._process.wait(60)
