"""Processes that must not outlive their owner, however that ends (see guard.py)."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from offchain.errors import UserError

START_SECONDS = 20
PORTS = range(15_000, 30_000)
"""Below those that systems give to outgoing connections (Linux: from 32,768 on; IANA: from 49,152)."""


class ProcessError(UserError):
    """Says in one line why a process didn't start; `output` is all that it printed."""

    def __init__(self, reason: str, output: str) -> None:
        super().__init__(reason)
        self.output = output


@dataclass(frozen=True)
class Starting:
    """A command that is ready when `ready` says so, its name, and its folder, which is removed when it ends."""

    command: Sequence[str]
    ready: Callable[[], bool]
    what: str
    scratch: Path


@contextmanager
def guarded(*starting: Starting, seconds: float = START_SECONDS) -> Iterator[None]:
    """Starts commands at the same time and waits until all are ready; ends them, at the same time, with the block or
    with this process.

    Raises ProcessError if one ends before it is ready, or isn't in time.
    """
    with ExitStack() as stack:
        deadline = time.monotonic() + seconds
        running = [stack.enter_context(_guard(one)) for one in starting]
        stack.callback(lambda: [guard.stdin.close() for guard, _ in running if guard.stdin])
        for one, (guard, log) in zip(starting, running, strict=True):
            while not one.ready():
                if guard.poll() is not None:
                    log.seek(0)
                    output = log.read()
                    raise ProcessError(f"{one.what} did not start: {' '.join(output.split())[-200:]}", output)
                if time.monotonic() > deadline:
                    raise ProcessError(f"{one.what} did not start within {seconds:g} s", "")
                time.sleep(0.02)
        yield


@contextmanager
def _guard(starting: Starting) -> Iterator[tuple[subprocess.Popen[bytes], IO[str]]]:
    """A command's guard and all that it prints."""
    guard_path = str(Path(__file__).with_name("guard.py"))
    with tempfile.TemporaryFile("w+") as log:
        guard = subprocess.Popen(
            [sys.executable, "-S", guard_path, str(starting.scratch), *starting.command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the owner, which then ends the process in order
        )
        assert guard.stdin is not None
        try:
            yield guard, log
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
