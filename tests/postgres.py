"""A PostgreSQL of the tests' own, where the server's programs are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCRATCH = tempfile.gettempdir()
UNPRIVILEGED = ("postgres", "nobody")


def programs() -> Path | None:
    """The folder with `initdb` and `postgres`, None if there is none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return next((path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[::-1]), None)


@contextmanager
def started(port: int | None = None, password: str = "") -> Iterator[str]:
    """Runs a server until the end; yields the folder of its socket. It listens on no network, or on a port of this
    machine for who knows the password."""
    account = _account()
    home = Path(tempfile.mkdtemp(prefix="openmg-pg-", dir=SCRATCH))  # short: a socket's path has 107 characters
    if account:
        os.chown(home, account["user"], account["group"])
    data = home / "data"
    try:
        (home / "password").write_text(password or "none")
        (home / "password").chmod(0o444)
        known = ["--username", "openmg", "--pwfile", home / "password", "--auth-host", "scram-sha-256"]
        _run(account, "initdb", "--pgdata", data, "--auth-local", "trust", *known, "--no-sync")
        listening = "listen_addresses=''" if port is None else f"listen_addresses=127.0.0.1 -c port={port}"
        (home / "options").write_text(f"-c {listening} -c unix_socket_directories={home} -c fsync=off")
        start(str(home))
        try:
            yield str(home)
        finally:
            stop(str(home), "immediate")
    finally:
        shutil.rmtree(home)


def start(home: str) -> None:
    """Starts the server of a folder."""
    options = (Path(home) / "options").read_text()
    _run(
        _account(),
        "pg_ctl",
        "start",
        "--wait",
        "--pgdata",
        f"{home}/data",
        "--log",
        f"{home}/log",
        "--options",
        options,
    )


def stop(home: str, mode: str = "fast") -> None:
    """Ends the server of a folder."""
    _run(_account(), "pg_ctl", "stop", "--wait", "--mode", mode, "--pgdata", f"{home}/data")


def _account() -> dict[str, Any]:
    """Whom to run the server as: it refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    there = {entry.pw_name: entry for entry in pwd.getpwall()}
    account = next(there[name] for name in UNPRIVILEGED if name in there)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _run(account: dict[str, Any], program: str, *arguments: Any) -> None:
    folder = programs()
    assert folder is not None
    command = [str(folder / program), *map(str, arguments)]
    done = subprocess.run(command, cwd=SCRATCH, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **account)
    assert done.returncode == 0, done.stderr
