"""What an authority has signed, on the disk before anybody gets a signature: one checkpoint an epoch, for ever.

One line of JSON for each signature, appended and synced. A line that a crash cut short was given to nobody and is cut
off; anything else that isn't a line of a record is an error.

A record that comes from a backup may lack what was signed after it. Restoring adds a line that says so, and the
authority then adds one with the newest epoch that it may have signed: of that one and those before it signs nothing
anew.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from offchain.errors import UserError
from offchain.plasma.checkpoint import Checkpoint, Domain
from offchain.plasma.records import RecordError, to_bytes, to_hex
from offchain.signature import SignatureError, signer_of

NAME = "signed.jsonl"
RESTORED = {"restored": True}


class SigningRecordError(UserError):
    """Says in one line why a record can't be used."""


class Equivocation(UserError):
    """Says that another checkpoint of the epoch was signed before."""


class SigningRecord:
    """The record in a file, made if there is none; one process can have it open.

    Raises SigningRecordError if it is open elsewhere, is damaged or can't be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._signed: dict[tuple[Domain, int], tuple[Checkpoint, bytes]] = {}
        self._withheld: dict[Domain, int] = {}
        self._failed = False
        self.restored = False
        """Whether it comes from a backup, and nothing was withheld since."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SigningRecordError(f"{path} can't be used: {error}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for folder in (path.parent, path.parent.parent):  # either may be new
                _sync_folder(folder)
            self._load()
        except BlockingIOError as error:
            self.close()
            raise SigningRecordError(f"{path} is in use: an authority must run once only") from error
        except OSError as error:
            self.close()
            raise SigningRecordError(f"{path} can't be used: {error}") from error
        except SigningRecordError:
            self.close()
            raise

    def signature(self, domain: Domain, checkpoint: Checkpoint) -> bytes | None:
        """The signature given to this checkpoint, None if none was given yet. Raises Equivocation if another one of
        its epoch was signed. A new set of authorities may sign the same contents."""
        known = self._signed.get((domain, checkpoint.epoch))
        if known is None:
            return None
        signed, signature = known
        if signed == checkpoint:
            return signature
        if signed.set_id < checkpoint.set_id and replace(signed, set_id=checkpoint.set_id) == checkpoint:
            return None
        raise Equivocation(
            f"checkpoint {checkpoint.epoch} was signed as 0x{signed.hash.hex()}, not as 0x{checkpoint.hash.hex()}"
        )

    def signed(self, domain: Domain, epoch: int) -> Checkpoint | None:
        """The checkpoint of an epoch that a signature was given to."""
        known = self._signed.get((domain, epoch))
        return known and known[0]

    def add(self, domain: Domain, checkpoint: Checkpoint, signature: bytes) -> None:
        """Keeps a signature; when this returns it is on the disk, and may be given away. Raises Equivocation, and
        SigningRecordError if it can't be written: what is on the disk then is known only after a restart."""
        if self.signature(domain, checkpoint) == signature:
            return
        self._append({"domain": domain.to_json(), "checkpoint": checkpoint.to_json(), "signature": to_hex(signature)})
        self._signed[domain, checkpoint.epoch] = (checkpoint, signature)

    def withheld(self, domain: Domain) -> int:
        """The newest epoch that nothing is signed of anew; 0: none."""
        return self._withheld.get(domain, 0)

    def withhold(self, domain: Domain, epoch: int) -> None:
        """Has nothing be signed anew up to an epoch, for ever. Raises SigningRecordError."""
        self._append({"domain": domain.to_json(), "withheld": epoch})
        self._withheld[domain], self.restored = epoch, False

    def _append(self, entry: dict[str, Any]) -> None:
        """Puts a line on the disk. Raises SigningRecordError."""
        if self._failed:
            raise SigningRecordError(f"{self.path} couldn't be written before: start the authority again")
        try:
            os.lseek(self._file, 0, os.SEEK_END)
            line = json.dumps(entry).encode() + b"\n"
            while line:
                line = line[os.write(self._file, line) :]
            os.fsync(self._file)
        except OSError as error:
            self._failed = True
            raise SigningRecordError(f"{self.path} can't be written: {error}") from error

    def close(self) -> None:
        """Lets another process open it."""
        os.close(self._file)

    def _load(self) -> None:
        content = self.path.read_bytes()
        whole = whole_lines(content)
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                self._take(json.loads(line))
            except (ValueError, RecursionError, RecordError, SignatureError, Equivocation) as error:
                raise SigningRecordError(f"{self.path} is damaged in line {number} ({error}): sign nothing") from error
        if len(whole) < len(content):
            os.ftruncate(self._file, len(whole))
            os.fsync(self._file)

    def _take(self, entry: Any) -> None:
        if entry == RESTORED:
            self.restored = True
            return
        if isinstance(entry, dict) and entry.keys() == {"domain", "withheld"} and isinstance(entry["withheld"], int):
            self._withheld[Domain.from_json(entry["domain"])], self.restored = entry["withheld"], False
            return
        if not isinstance(entry, dict) or entry.keys() != {"domain", "checkpoint", "signature"}:
            raise RecordError("it has other fields than domain, checkpoint, signature")
        domain, checkpoint = Domain.from_json(entry["domain"]), Checkpoint.from_json(entry["checkpoint"])
        signature = to_bytes(entry["signature"], 65)
        signer_of(domain.checkpoint_digest(checkpoint), signature)
        self.signature(domain, checkpoint)  # not another one of an epoch
        self._signed[domain, checkpoint.epoch] = (checkpoint, signature)


def whole_lines(content: bytes) -> bytes:
    """A record without an end that was given to nobody."""
    return content[: content.rfind(b"\n") + 1]


def marked_as_restored(content: bytes) -> bytes:
    """A record's file as it may be put in place from a backup."""
    return whole_lines(content) + json.dumps(RESTORED).encode() + b"\n"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
