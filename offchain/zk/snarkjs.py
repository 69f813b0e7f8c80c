"""Runs snarkjs, which makes and checks the keys."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from offchain.environment import PROJECT
from offchain.errors import UserError

COMMAND = PROJECT / "node_modules" / "snarkjs" / "build" / "cli.cjs"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ERROR = re.compile(r"^\[ERROR\]\s+snarkJS: (.*)$|^(INVALID.*)$", re.MULTILINE)


class SnarkjsError(UserError):
    """What snarkjs complained about, in one line."""


def snarkjs(*words: str | Path, answer: str | None = None) -> str:
    """Runs a command of snarkjs to its end; returns what it said. Raises SnarkjsError if it failed.

    `answer` is typed in where the command asks, so that secrets stand on no command line. snarkjs ends with status 0
    after many of its errors, so what it says counts.
    """
    command = ["node", str(COMMAND), *map(str, words)]
    try:
        done = subprocess.run(
            command,
            cwd=PROJECT,
            input=None if answer is None else answer + "\n",
            stdin=subprocess.DEVNULL if answer is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except OSError as error:
        raise SnarkjsError(f"snarkjs can't be run: {error}") from error
    output = COLOUR.sub("", done.stdout)
    complaint = ERROR.search(output)
    if done.returncode != 0 or complaint:
        said = (complaint[1] or complaint[2]) if complaint else (output.strip().splitlines() or ["no word"])[-1]
        raise SnarkjsError(f"snarkjs {words[0]} {words[1]}: {said.removeprefix('Error: ')}")
    return output
