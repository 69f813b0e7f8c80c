"""Copies of a service's folder that can be put back: whole files, each with its hash, taken while the service runs.

SQLite files are copied by SQLite's own online backup, so that a copy is the state between two transactions. Logs that
are only appended to are copied as far as they reached, others are whole since they are replaced as a whole. What is in
a backup is listed in `backup-contents.json`, which is written last: without it a backup isn't one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offchain import durable_file
from offchain.errors import UserError
from offchain.plasma import signing_record

CONTENTS = "backup-contents.json"
SQLITE = b"SQLite format 3\x00"
BESIDE = ("-wal", "-shm", "-journal", ".lock")
"""Ends of the names of files that only the process beside which they lie has a use for."""

LATEST = 253_402_300_799
"""The last second of the year 9999."""
LOCKS = {"lock"}
LOOKS = 5
"""How often a folder is listed anew to find files that came meanwhile."""

Tell = Callable[[str], None]


class BackupError(UserError):
    """Says in one line why a backup can't be made, isn't whole, or can't be put back."""


@dataclass(frozen=True)
class Backup:
    """A backup that is whole: its folder, when it was taken (Unix time), and the SHA-256 of each file."""

    folder: Path
    taken: int
    files: dict[str, str]


def make(source: Path, target: Path, tell: Tell = lambda name: None) -> Backup:
    """Copies a folder into a new one, readable by its owner alone. Raises BackupError; what was copied until then
    stays, and is no backup."""
    _refuse_overlap(source, target)
    if CONTENTS in _names(source):
        raise BackupError(f"{source} is a backup already: copy it like any folder")
    try:
        target.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise BackupError(f"{target} exists: give another name") from None
    except OSError as error:
        raise BackupError(f"{target} can't be made: {error.strerror}") from error
    hashes: dict[str, str] = {}
    try:
        for _ in range(LOOKS):
            new = [name for name in _names(source) if name not in hashes]
            for name in new:
                tell(name)
                if _copy(source / name, target / name):
                    hashes[name] = _hash(target / name)
            if not new:
                break
        _copy_modes(source, target, hashes)
        content = {"taken": int(time.time()), "files": hashes}
        durable_file.replace(target / CONTENTS, json.dumps(content, indent=2).encode(), private=True)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{source} can't be copied: {error}") from error
    return verify(target)


def verify(folder: Path, tell: Tell = lambda name: None) -> Backup:
    """The backup in a folder. Raises BackupError if it isn't whole."""
    try:
        content = json.loads((folder / CONTENTS).read_bytes())
        backup = Backup(folder, _moment(content["taken"]), _checked(content["files"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise BackupError(f"{folder} is no backup: its {CONTENTS} can't be read ({type(error).__name__})") from error
    for name, told in backup.files.items():
        tell(name)
        try:
            found = _hash(folder / name)
        except OSError as error:
            raise BackupError(f"{folder / name} can't be read: {error.strerror}") from error
        if found != told:
            raise BackupError(f"{folder / name} is not what was backed up: its hash differs")
    return backup


def restore(folder: Path, target: Path, tell: Tell = lambda name: None) -> Backup:
    """Puts a backup into a folder that is empty or isn't there; an authority's record of signatures is marked as one
    that was restored. Raises BackupError; then what was put there is no service's folder yet, and can be removed."""
    backup = verify(folder)
    _refuse_overlap(folder, target)
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise BackupError(f"{target} isn't empty: move away what is there, nothing is overwritten")
        for name in backup.files:
            tell(name)
            _copy(folder / name, target / name)
            if Path(name).name == signing_record.NAME:
                content = signing_record.marked_as_restored((folder / name).read_bytes())
                durable_file.replace(target / name, content, private=True)
        _copy_modes(folder, target, backup.files)
        os.sync()
    except OSError as error:
        raise BackupError(f"{target} can't be written: {error}") from error
    return backup


def _names(source: Path) -> list[str]:
    """The files to copy, by their paths below the folder. Raises BackupError if it has none."""
    found = [path for path in _files(source) if path.name not in LOCKS and not path.name.endswith(BESIDE)]
    names = [str(path.relative_to(source)) for path in found if not path.name.endswith(durable_file.DRAFT)]
    if not names:
        raise BackupError(f"{source} is no folder with files: there is nothing to copy")
    return sorted(names)


def _files(source: Path) -> Iterator[Path]:
    for path in source.rglob("*"):
        if path.is_symlink():
            raise BackupError(f"{path} is a link: what it leads to wouldn't be in the backup")
        if path.is_file():
            yield path


def _copy(source: Path, target: Path) -> bool:
    """Copies a file; whether it was still there."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with source.open("rb") as file:
            head = file.read(len(SQLITE))
            if head == SQLITE:
                _copy_database(source, target)
            else:
                file.seek(0)
                target.touch(mode=0o600)
                with target.open("wb") as copy:
                    shutil.copyfileobj(file, copy)
        shutil.copymode(source, target)
    except FileNotFoundError:
        return False
    return True


def _copy_modes(source: Path, target: Path, names: Iterable[str]) -> None:
    """Gives the folders below a copy the modes of the original's: a gateway may have to read them."""
    for folder in {parent for name in names for parent in Path(name).parents} - {Path()}:
        shutil.copymode(source / folder, target / folder)


def _copy_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source.absolute().as_uri() + "?mode=ro", uri=True)) as database:
        target.touch(mode=0o600)
        with closing(sqlite3.connect(target)) as copy:
            database.backup(copy)
            (found,) = copy.execute("PRAGMA integrity_check").fetchone()
            copy.execute("PRAGMA journal_mode = DELETE")
    if found != "ok":
        raise BackupError(f"{source} is damaged: {found}")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _moment(taken: Any) -> int:
    """A Unix time. Raises ValueError for what is none."""
    if not isinstance(taken, int) or not 0 <= taken <= LATEST:
        raise ValueError("this is no time")
    return taken


def _checked(files: Any) -> dict[str, str]:
    """Hashes by path. Raises ValueError for a path that leads out of the backup, or names no file."""
    found = {str(name): str(told) for name, told in dict(files).items()}
    if not found:
        raise ValueError("it lists no file")
    if any(Path(name).is_absolute() or ".." in Path(name).parts for name in found):
        raise ValueError("a path leads out of the backup")
    if any("\0" in name for name in found):
        raise ValueError("a path can't be one")
    return found


def _refuse_overlap(source: Path, target: Path) -> None:
    first, second = source.resolve(), target.resolve()
    if first.is_relative_to(second) or second.is_relative_to(first):
        raise BackupError(f"{target} and {source} must not lie within each other")
