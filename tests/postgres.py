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
def started() -> Iterator[str]:
    """Runs a server until the end; yields the folder of its socket. It listens on no network."""
    account = _account()
    home = Path(tempfile.mkdtemp(prefix="openmg-pg-", dir=SCRATCH))  # short: a socket's path has 107 characters
    if account:
        os.chown(home, account["user"], account["group"])
    data = home / "data"
    try:
        _run(account, "initdb", "--pgdata", data, "--auth", "trust", "--username", "openmg", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off"
        _run(account, "pg_ctl", "start", "--wait", "--pgdata", data, "--log", home / "log", "--options", options)
        try:
            yield str(home)
        finally:
            _run(account, "pg_ctl", "stop", "--wait", "--mode", "immediate", "--pgdata", data)
    finally:
        shutil.rmtree(home)


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
