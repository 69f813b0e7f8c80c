"""Flower's processes on this machine: one SuperLink, and SuperNodes each with its executor; all end with it."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.ppdl.flower.certificates import Certificates, make_node_key
from offchain.process import Starting, free_port, guarded

HOST = "127.0.0.1"
START_SECONDS = 120
COMMAND_SECONDS = 120
CONNECTION = "openmg"
APP = Path(__file__).with_name("app")
NO_FRAME = dict.fromkeys(map(ord, "─│╭╮╰╯"))
QUIET = {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
}


class FlowerError(UserError):
    """Says in one line what one of Flower's commands complains of."""


@dataclass(frozen=True)
class Superlink:
    """A SuperLink that runs, and the certificate of the authority by which it is known."""

    port: int
    authority: Path


def set_environment(home: Path) -> None:
    """Sets what all of Flower's processes inherit: it doesn't phone home nor install anything, its own files are below
    `home`, it finds its commands and this project, and one thread each computes."""
    commands, path = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    os.environ |= QUIET | {
        "FLWR_HOME": str(home),
        "PATH": os.pathsep.join([commands, path]),
        "PYTHONPATH": str(PROJECT),
        "OMP_NUM_THREADS": "1",
    }


@contextmanager
def superlink(folder: Path, certificates: Certificates) -> Iterator[Superlink]:
    """A SuperLink with TLS that knows nodes by their registered keys, and the CLI's connection to it. Raises
    ProcessError if it doesn't start."""
    port = free_port()
    command = _flower("flower-superlink", "--host", HOST, "--port", str(port), "--enable-supernode-auth")
    command += ["--ssl-ca-certfile", str(certificates.authority), "--ssl-certfile", str(certificates.server)]
    command += ["--ssl-keyfile", str(certificates.server_key), "--log-file", str(folder / "superlink.log")]
    home = Path(os.environ["FLWR_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(
        f'[superlink]\ndefault = "{CONNECTION}"\n\n[superlink.{CONNECTION}]\naddress = "{HOST}:{port}"\n'
        f'root-certificates = "{certificates.authority.absolute()}"\n'
    )
    with _process(command, port, "Flower's SuperLink", folder / "superlink"):
        yield Superlink(port, certificates.authority)


def new_node(folder: Path, register: bool = True) -> Path:
    """Makes the key of a node in its folder, and registers it. Raises FlowerError if it isn't accepted."""
    key = folder / "node.key"
    public = make_node_key(key)
    if register:
        flwr("supernode", "register", str(public), CONNECTION)
    return key


@contextmanager
def supernode(link: Superlink, folder: Path, options: Sequence[str]) -> Iterator[str]:
    """A SuperNode that executes nothing itself; gives its Runtime API's address. Raises ProcessError if it doesn't
    start. `options` are those by which it is known to the SuperLink."""
    port = free_port()
    command = _flower("flower-supernode", "--superlink", f"{HOST}:{link.port}", "--isolation", "process", *options)
    command += ["--host", HOST, "--port", str(port), "--superexec-auth-secret-file", str(_secret(folder))]
    command += ["--max-retries", "3"]
    with _process(command, port, "Flower's SuperNode", folder / "supernode"):
        yield f"{HOST}:{port}"


def known_by(link: Superlink, key: Path) -> list[str]:
    """The options of a SuperNode with TLS and a key."""
    return ["--root-certificates", str(link.authority), "--auth-supernode-private-key", str(key)]


@contextmanager
def executor(address: str, federation: Path, folder: Path) -> Iterator[None]:
    """The executor of a SuperNode, with `readings.csv` and `keys.json` in its folder."""
    command = [sys.executable, "-m", "offchain.ppdl.flower.executor", str(federation), "--runtime-api", address]
    command += ["--readings", str(folder / "readings.csv"), "--keys", str(folder / "keys.json")]
    command += ["--folder", str(folder / "rounds"), "--secret", str(_secret(folder))]
    with guarded(Starting(command, lambda: True, "a node's executor", folder / "executor")):
        yield


def run_app(config: Mapping[str, str | int]) -> None:
    """Starts the server's part. Raises FlowerError if Flower refuses it."""
    pairs = " ".join(f"{name}={_toml(value)}" for name, value in config.items())
    flwr("run", str(APP), CONNECTION, "--run-config", pairs)


def flwr(*arguments: str) -> str:
    """What Flower's own command prints. Raises FlowerError if it fails."""
    try:
        done = subprocess.run(
            _flower("flwr", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise FlowerError(f"flwr {arguments[0]} doesn't end within {COMMAND_SECONDS} s") from None
    if done.returncode:
        raise FlowerError(f"flwr {arguments[0]} failed: {' '.join(done.stdout.translate(NO_FRAME).split())[-300:]}")
    return done.stdout


def _flower(name: str, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name(name)), *arguments]


def _toml(value: str | int) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'


def _secret(folder: Path) -> Path:
    """What a SuperNode and its executor both know."""
    path = folder / "secret"
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
    return path


@contextmanager
def _process(command: Sequence[str], port: int, what: str, scratch: Path) -> Iterator[None]:
    """A process that listens on a port."""

    def ready() -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((HOST, port)) == 0

    with guarded(Starting(command, ready, what, scratch), seconds=START_SECONDS):
        yield
