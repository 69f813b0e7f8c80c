"""The one file of a key ceremony that goes from contributor to contributor: all circuits' keys and the transcript."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.zk.transcript import Transcript
from offchain.zk.zkey import ProvingKey

SCRATCH = PROJECT / ".build" / "ceremony"
TRANSCRIPT = "transcript.json"
MOST_BYTES = 2 << 30
"""Of one key; a file that claims more is not unpacked."""


class BundleError(UserError):
    """Says in one line why a ceremony's file can't be read or written."""


@dataclass(frozen=True)
class Bundle:
    """A ceremony's file, unpacked: its transcript, and the files of the keys by circuit."""

    transcript: Transcript
    zkeys: dict[str, Path]

    def keys(self) -> dict[str, ProvingKey]:
        """What the keys say. Raises FileError if one is damaged."""
        return {name: ProvingKey.read(path) for name, path in self.zkeys.items()}


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder inside the project for the time of a step: keys are large."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        yield Path(folder)


@contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """A ceremony's file, unpacked for a while, its transcript held against its keys.

    Raises BundleError if it is no such file, TranscriptError or FileError if the parts don't agree.
    """
    with scratch() as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                entries = {entry.filename: entry for entry in archive.infolist()}
                if any(entry.file_size > MOST_BYTES for entry in entries.values()):
                    raise BundleError(f"{path} holds more than a ceremony's file can")
                transcript = Transcript.parse(archive.read(TRANSCRIPT).decode())
                if len(entries) != len(archive.infolist()) or set(entries) != {
                    TRANSCRIPT,
                    *(f"{name}.zkey" for name in transcript.r1cs),
                }:
                    raise BundleError(f"{path} doesn't hold what its transcript says")
                zkeys = {}
                for number, name in enumerate(transcript.r1cs):
                    zkeys[name] = folder / f"{number}.zkey"  # a name from outside is no path here
                    with archive.open(f"{name}.zkey") as source, zkeys[name].open("wb") as target:
                        shutil.copyfileobj(source, target)
        except OSError as error:
            raise BundleError(f"{path} can't be read: {error.strerror or error}") from error
        except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, NotImplementedError, EOFError) as error:
            raise BundleError(f"{path} is no ceremony's file, or damaged") from error
        bundle = Bundle(transcript, zkeys)
        transcript.check(bundle.keys())
        yield bundle


def check_free(path: Path) -> None:
    """Raises BundleError if a file of that name is there: no step overwrites anything."""
    if path.exists():
        raise BundleError(f"{path} is there already: name another file")
    if not path.parent.is_dir():
        raise BundleError(f"{path.parent} is no folder")


def write(path: Path, bundle: Bundle) -> None:
    """Writes a ceremony's file in one step. Raises BundleError if it can't."""
    check_free(path)
    draft = path.with_name(path.name + ".draft")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(TRANSCRIPT, bundle.transcript.dump())
            for name, zkey in bundle.zkeys.items():
                archive.write(zkey, f"{name}.zkey")
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BundleError(f"{path} can't be written: {error.strerror}") from error
