"""Secrets by file: what `<NAME>` would hold in the environment can stand in the file that `<NAME>_FILE` names, as
secrets of containers and service managers come."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from offchain.environment import PROJECT
from offchain.errors import UserError

SUFFIX = "_FILE"
LARGEST = 65_536
"""Bytes of a secret."""


class SecretFileError(UserError):
    """Says in one line why a secret can't be had; never shows it."""


def secret(name: str) -> str | None:
    """The secret that the environment gives as `name` or by file, None if neither is set. Raises SecretFileError."""
    return chosen(name, os.environ.get(name), os.environ.get(name + SUFFIX))


def chosen(name: str, value: str | None, file: str | None) -> str | None:
    """A secret that was given itself, or else that of its file; None if neither was given. Raises SecretFileError if
    both were, or the file doesn't hold one."""
    if file is None:
        return value
    if value is not None:
        raise SecretFileError(f"{name} and {name}{SUFFIX} are both set: give one of them")
    if not file:
        raise SecretFileError(f"{name}{SUFFIX} names no file")
    path = PROJECT / file
    try:
        return _content(path)
    except OSError as error:
        raise SecretFileError(f"{name}{SUFFIX}: {path} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise SecretFileError(f"{name}{SUFFIX}: {path} {error}") from None


def _content(path: Path) -> str:
    """The one line of a file. Raises ValueError with what is wrong with it, OSError if it can't be read."""
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if mode & (stat.S_IROTH | stat.S_IWOTH):
            raise ValueError("is open to every account of this machine: take that away with `chmod o-rwx`")
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"has more than {LARGEST:,} bytes")
    try:
        text = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ValueError("is no text") from None
    if not text.strip():
        raise ValueError("is empty")
    if "\n" in text or "\0" in text:
        raise ValueError("has more than one line")
    return text
