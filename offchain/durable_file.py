"""Files that a crash leaves as they were or as they should be."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

READABLE = 0o644
DRAFT = ".draft"


def replace(path: Path, content: bytes, *, private: bool = False) -> None:
    """Writes a file as a whole or not at all; it is on the disk when this returns. Only the owner reads it if it is
    private. Folders that lack are made. Raises OSError: then it is the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=DRAFT)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if not private:
                os.fchmod(file.fileno(), READABLE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError:
        with suppress(OSError):
            os.unlink(draft)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def clear(folder: Path) -> None:
    """Removes what crashes left of files that were being written to a folder. Nobody else may be writing there."""
    for draft in folder.glob(f".*{DRAFT}"):
        draft.unlink(missing_ok=True)
