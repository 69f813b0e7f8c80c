"""What a participant has of rounds on its disk: by their numbers in one folder, and removed once a later one runs."""

from __future__ import annotations

import shutil
from pathlib import Path

from offchain.ppdl.model_chain.blobs import BlobError


def forget_before(folder: Path, round_: int) -> None:
    """Removes files and folders of earlier rounds. Raises BlobError if one stays: there may be secrets in it."""
    for path in folder.glob("[!.]*"):
        number = path.name.partition(".")[0]
        if not number.isdigit() or int(number) >= round_:
            continue
        try:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError as error:
            raise BlobError(f"{path} can't be removed, though its round is over: {error.strerror}") from error
