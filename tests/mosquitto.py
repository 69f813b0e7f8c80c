"""A Mosquitto of the tests' own, with the rules that are shipped."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from offchain.environment import PROJECT
from offchain.process import free_port
from tests import programs

INTAKE = "intake"
PASSWORD = "correct horse"
RULES = (PROJECT / "deploy" / "mosquitto" / "rules").read_text()
CONFIGURATION = """listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/rules
user {account}
"""


def program(name: str) -> str:
    """Where a program of Mosquitto is; the test is skipped where it isn't installed."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        programs.missing("Mosquitto is not installed: `apt-get install mosquitto` runs this test too")
    return found


@contextmanager
def started(folder: Path, users: Sequence[str], port: int | None = None) -> Iterator[int]:
    """Runs a broker that knows the intake and some users, all with one password; yields its port."""
    port = port or free_port()
    passwords = folder / "passwords"
    passwords.touch(mode=0o600)
    for user in (INTAKE, *users):
        subprocess.run([program("mosquitto_passwd"), "-b", passwords, user, PASSWORD], check=True)
    (folder / "rules").write_text(RULES)
    (folder / "rules").chmod(0o600)
    account = pwd.getpwuid(os.geteuid()).pw_name
    (folder / "mosquitto.conf").write_text(CONFIGURATION.format(port=port, folder=folder, account=account))
    with (folder / "log").open("w") as log:
        broker = subprocess.Popen([program("mosquitto"), "-c", folder / "mosquitto.conf"], stdout=log, stderr=log)
    try:
        _wait(port, broker, folder / "log")
        yield port
    finally:
        broker.terminate()
        broker.wait(10)


def _wait(port: int, broker: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        assert broker.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError("the broker doesn't come up")
