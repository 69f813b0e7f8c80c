"""Processes that must not outlive their owner, however that ends (see guard.py)."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from offchain.errors import UserError

START_SECONDS = 20
PORTS = range(15_000, 30_000)
"""Below those that systems give to outgoing connections (Linux: from 32,768 on; IANA: from 49,152)."""


class ProcessError(UserError):
    """Says in one line why a process didn't start; `output` is all that it printed."""

    def __init__(self, reason: str, output: str) -> None:
        super().__init__(reason)
        self.output = output


@contextmanager
def guarded(
    command: Sequence[str], ready: Callable[[], bool], what: str, scratch: Path, seconds: float = START_SECONDS
) -> Iterator[None]:
    """Starts a command and waits until `ready` says so; ends it with the block or with this process, and removes its
    folder `scratch`. `what` names it.

    Raises ProcessError if it ends before it is ready, or isn't in time.
    """
    guard_command = [sys.executable, "-S", str(Path(__file__).with_name("guard.py")), str(scratch), *command]
    with tempfile.TemporaryFile("w+") as log:
        guard = subprocess.Popen(
            guard_command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the owner, which then ends the process in order
        )
        assert guard.stdin is not None
        try:
            deadline = time.monotonic() + seconds
            while not ready():
                if guard.poll() is not None:
                    log.seek(0)
                    output = log.read()
                    raise ProcessError(f"{what} did not start: {' '.join(output.split())[-200:]}", output)
                if time.monotonic() > deadline:
                    raise ProcessError(f"{what} did not start within {seconds:g} s", "")
                time.sleep(0.02)
            yield
        finally:
            guard.stdin.close()
            guard.wait()


def free_port() -> int:
    """A port on which nothing listens, and which no outgoing connection is given either.

    Raises OSError if there is none.
    """
    for port in random.SystemRandom().sample(PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")
