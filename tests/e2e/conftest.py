"""Commands as a user runs them: in a shell of their own, with free ports and folders of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from offchain.environment import PROJECT
from offchain.process import free_port

BIN = Path(sys.prefix) / "bin"


@dataclass
class Shell:
    """An activated environment with a home folder that is empty, and must stay so."""

    home: Path
    folder: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{BIN}:/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "COLUMNS": "80",
            **self.extra,
        }

    def run(self, *command: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )

    def refused(self, *command: str) -> str:
        """Runs a command that must fail with one error line; returns the line."""
        done = self.run(*command)
        assert done.returncode != 0
        output = done.stdout + done.stderr
        assert "Traceback" not in output
        errors = [line for line in output.splitlines() if line.lower().startswith("error")]
        assert len(errors) == 1, output
        return errors[0]

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, cwd=PROJECT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


@contextmanager
def separate_shell(folder: Path) -> Iterator[Shell]:
    """Ports and folders that nothing else uses."""
    home = folder / "home"
    home.mkdir()
    extra = {
        "OPENMG_ROOT_PORT": str(free_port()),
        "OPENMG_PLASMA_PORT": str(free_port()),
        "OPENMG_DEPLOYMENTS": str(folder / "deployments"),
        "OPENMG_REPORTS": str(folder / "reports"),
    }
    yield Shell(home, folder, extra)
    assert os.listdir(home) == [], "a command wrote outside the project folder"


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell of the test's own."""
    with separate_shell(tmp_path) as shell:
        yield shell


@contextmanager
def running_chains(shell: Shell) -> Iterator[subprocess.Popen[str]]:
    """Both chains, kept by `ape run chains`."""
    keeper = shell.start("ape", "run", "chains")
    assert keeper.stdout is not None
    for line in keeper.stdout:
        if "Ctrl-C" in line:
            break
    yield keeper
    keeper.terminate()
    keeper.wait(30)
    keeper.stdout.close()


@pytest.fixture
def refused(shell: Shell) -> Callable[..., str]:
    """Runs a command that must fail with one error line; returns the line."""
    return shell.refused
