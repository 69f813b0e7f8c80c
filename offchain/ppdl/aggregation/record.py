"""What a participant must not forget of a round: on the disk before anybody hears of what follows from it.

One line of JSON a step, appended and synced; each step is taken once. A line that a crash cut short led to nothing and
is cut off; anything else that isn't a line of a record is an error.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from offchain.errors import UserError

STEPS = ("secret", "graph", "seeds", "upload", "alive")


class RecordError(UserError):
    """Says in one line why a record can't be used."""


class Conflict(UserError):
    """Says that a step was taken before, in another way."""


class RoundRecord:
    """The steps of a participant in a round, each some bytes.

    In a file one process has it open, and whoever reads it could read the participant's update: it is its owner's alone
    and removed after the round. Without one it is lost with the process. Raises RecordError if the file is open
    elsewhere, is damaged, can't be used, or is of another round or participant.
    """

    def __init__(self, round_: int, participant: bytes, path: Path | None = None) -> None:
        self.path = path
        self._identity = {"round": round_, "participant": "0x" + participant.hex()}
        self._steps: dict[str, bytes] = {}
        self._file: int | None = None
        if path is not None:
            self._open(path)

    def __getitem__(self, step: str) -> bytes | None:
        """What was kept of a step, None if it wasn't taken."""
        return self._steps.get(step)

    def keep(self, step: str, value: bytes) -> None:
        """Keeps a step; when this returns it is on the disk. Raises Conflict if it was taken in another way, and
        RecordError if it can't be written: then nothing may follow from it."""
        self.check(step, value)
        if step not in self._steps:
            if self._file is not None:
                self._append(self._file, {"step": step, "value": value.hex()})
            self._steps[step] = value

    def check(self, step: str, value: bytes) -> None:
        """Raises Conflict if a step was taken in another way."""
        if self._steps.get(step, value) != value:
            raise Conflict(f"the step {step!r} of round {self._identity['round']} was taken before, in another way")

    def close(self) -> None:
        """Lets another process open it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def forget(self) -> None:
        """Removes it: what was secret in the round stays so, whoever reads the disk later."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self.close()
        self._steps.clear()

    def _open(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            self._load(path, self._file)
        except BlockingIOError as error:
            self.close()
            raise RecordError(f"{path} is in use: a participant must run once only") from error
        except OSError as error:
            self.close()
            raise RecordError(f"{path} can't be used: {error}") from error
        except RecordError:
            self.close()
            raise

    def _load(self, path: Path, file: int) -> None:
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.ftruncate(file, len(whole))
            os.fsync(file)
        lines = whole.splitlines()
        if not lines:
            self._append(file, self._identity)
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
                self._take(entry) if number > 1 else self._check_identity(entry)
            except (ValueError, RecursionError) as error:
                raise RecordError(f"{path} is damaged in line {number} ({error}): leave this round out") from error

    def _check_identity(self, entry: Any) -> None:
        if entry != self._identity:
            raise RecordError(f"{self.path} is not of round {self._identity['round']} and this participant")

    def _take(self, entry: Any) -> None:
        if not isinstance(entry, dict) or entry.keys() != {"step", "value"} or entry["step"] not in STEPS:
            raise ValueError("it is no step")
        if not isinstance(entry["value"], str) or entry["step"] in self._steps:
            raise ValueError("a step is taken once")
        self._steps[entry["step"]] = bytes.fromhex(entry["value"])

    def _append(self, file: int, entry: Mapping[str, Any]) -> None:
        line = json.dumps(entry).encode() + b"\n"
        try:
            os.lseek(file, 0, os.SEEK_END)
            while line:
                line = line[os.write(file, line) :]
            os.fsync(file)
        except OSError as error:
            self.close()
            raise RecordError(f"{self.path} can't be written: {error}") from error
