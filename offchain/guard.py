"""Runs a command that must not outlive its owner: `python guard.py SCRATCH COMMAND ARGUMENT ...`.

The owner holds the other end of this process's standard input. When it closes, for whatever reason (a clean stop, an
exception, kill -9), the command is ended and its scratch folder removed. On Linux the kernel ends the command as well
if this guard is killed.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 5
PR_SET_PDEATHSIG = 1


def die_with_guard() -> None:
    """Asks Linux to end this process when its parent ends."""
    ctypes.CDLL("libc.so.6").prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main(scratch: str, command: list[str]) -> int:
    """Runs the command until it ends or standard input closes; returns its exit status."""
    prepare = die_with_guard if sys.platform == "linux" else None
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=prepare)
    except OSError as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201  # the owner reads it
        return 127

    def stop(*_: object) -> None:
        child.terminate()
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()

    def watch_owner() -> None:
        sys.stdin.buffer.read()
        stop()

    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=watch_owner, daemon=True).start()
    status = child.wait()
    shutil.rmtree(scratch, ignore_errors=True)
    return status


if __name__ == "__main__":
    # Not sys.exit: the thread that waits for the owner still holds standard input.
    os._exit(main(sys.argv[1], sys.argv[2:]))
