"""The write-ahead log of a chain: every accepted transaction and every sealed block, on the disk before anyone is told.

One file, only ever appended to. After a head (what the file is, a random key, the genesis block's hash) come frames,
and a frame is what one `commit` wrote and synced:

    frame   index (8 bytes, from 0), length of the entries (4), keyed hash of both (8), entries
    entry   length of the body (4), CRC-32 of kind and body (4), kind (1), body
    bodies  transaction: its raw bytes; block: number, timestamp, hash, indices of its transactions (8 bytes each);
            dropped: indices of transactions that will never be in a block

A transaction's index is its place among all of the log, from 0. A frame is begun only after the one before is on the
disk. So the last frame alone can be torn by a crash, nothing of it was acknowledged, and it is cut off at the next
start. Anything else that is broken was once whole: that is an error. The key keeps a transaction's sender from writing
bytes into a torn frame that look like a frame.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

from offchain.errors import UserError

MAGIC = b"OMGPLOG1"
HEAD = struct.Struct("<8s16s32sI")
FRAME = struct.Struct("<QI8s")
ENTRY = struct.Struct("<IIB")
BLOCK = struct.Struct("<QQ32s")
TRANSACTION_KIND, BLOCK_KIND, DROPPED_KIND = b"T", b"B", b"D"
MOST_FRAME = 2**26
"""Bytes of the largest frame, 64 MiB."""

LIKE_FRAME = re.compile(rb"(?=.{5}\0\0\0...[\0-\4])", re.DOTALL)
"""An index below 2**40 and a length of at most `MOST_FRAME`."""


class LogError(UserError):
    """Says in one line why a log can't be used."""


@dataclass(frozen=True)
class SealedBlock:
    """A block as it was sealed: number, Unix time, hash, the parent's hash, raw transactions in their order."""

    number: int
    timestamp: int
    hash: bytes
    parent: bytes
    transactions: tuple[bytes, ...]


class Log:
    """The log in a folder, made if there is none. One process can have it open. `cut` is how many bytes of a torn
    frame were cut off. What was added counts, and can be read, once it is committed. For one thread, except
    `transaction`, `sealed` and `height`.

    Raises LogError if the log is open elsewhere, belongs to another chain, is damaged or can't be read.
    """

    def __init__(self, folder: Path, genesis: bytes) -> None:
        self.path, self.genesis, self.cut = folder / "plasma.log", genesis, 0
        self._transactions, self._blocks = array("Q"), array("Q")
        self._open_indices: dict[int, None] = {}
        self._added: list[tuple[bytes, bytes]] = []
        self._added_transactions = self._frames = 0
        self._broken = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise LogError(f"{folder} can't be used: {error}") from error
        try:
            self._take_lock(folder)
            self._create(folder)
            self._file = os.open(self.path, os.O_RDWR)
        except OSError as error:
            os.close(self._lock)
            raise LogError(f"{self.path} can't be used: {error}") from error
        except LogError:
            os.close(self._lock)
            raise
        try:
            self._load()
        except (OSError, LogError) as error:
            self.close()
            raise error if isinstance(error, LogError) else LogError(f"{self.path} can't be read: {error}") from error

    @property
    def height(self) -> int:
        """Number of the last sealed block, 0 if there is none beyond the genesis block."""
        return len(self._blocks)

    @property
    def head(self) -> bytes:
        """Hash of the last sealed block."""
        return self._hash(self.height)

    def waiting(self) -> Iterator[tuple[int, bytes]]:
        """The transactions that are in no block and not dropped, with their indices, in order."""
        for index in list(self._open_indices):
            yield index, self.transaction(index)

    def transaction(self, index: int) -> bytes:
        """A transaction's raw bytes. Raises LogError if they are damaged."""
        return self._entry(self._transactions[index], TRANSACTION_KIND)

    def sealed(self, number: int) -> SealedBlock:
        """A sealed block, from 1 to `height`. Raises LogError if there is none, or it is damaged."""
        if not 1 <= number <= self.height:
            raise LogError(f"the log has blocks 1 to {self.height}, not {number}")
        body = self._entry(self._blocks[number - 1], BLOCK_KIND)
        _, timestamp, digest = BLOCK.unpack_from(body)
        raws = tuple(self.transaction(index) for index in array("Q", body[BLOCK.size :]))
        return SealedBlock(number, timestamp, digest, self._hash(number - 1), raws)

    def blocks(self, first: int = 1) -> Iterator[SealedBlock]:
        """The sealed blocks from a number on, read one after the other."""
        return (self.sealed(number) for number in range(first, self.height + 1))

    def add_transactions(self, raws: Sequence[bytes]) -> range:
        """Adds transactions; returns their indices."""
        self._added += [(TRANSACTION_KIND, raw) for raw in raws]
        first = len(self._transactions) + self._added_transactions
        self._added_transactions += len(raws)
        return range(first, first + len(raws))

    def add_block(self, number: int, timestamp: int, digest: bytes, indices: Sequence[int]) -> None:
        """Adds a sealed block with the indices of its transactions in their order. Raises LogError if it isn't the
        next one."""
        expected = self.height + 1 + sum(kind == BLOCK_KIND for kind, _ in self._added)
        if number != expected:
            raise LogError(f"block {number} can't be logged where block {expected} belongs")
        self._added.append((BLOCK_KIND, BLOCK.pack(number, timestamp, digest) + array("Q", indices).tobytes()))

    def add_dropped(self, indices: Sequence[int]) -> None:
        """Adds that these transactions will be in no block."""
        self._added.append((DROPPED_KIND, array("Q", indices).tobytes()))

    def commit(self) -> None:
        """Brings all that was added to the disk, in one frame. Raises LogError if it can't; the log is of no more use
        then, and whoever opens it again finds what was committed before."""
        if self._broken:
            raise LogError(f"{self.path} can't be written any more: start again")
        if not self._added:
            return
        payload = b"".join(_encoded(kind, body) for kind, body in self._added)
        if len(payload) > MOST_FRAME:
            raise LogError(f"{len(payload):,} bytes are too many for one commit")
        self._broken = True
        try:
            self._write(self._frame_head(self._frames, len(payload)) + payload)
            self._sync()
        except OSError as error:
            raise LogError(f"{self.path} can't be written: {error}") from error
        self._broken = False
        self._take(self._end + FRAME.size, self._added)
        self._end += FRAME.size + len(payload)
        self._frames += 1
        self._added, self._added_transactions = [], 0

    def close(self) -> None:
        """Closes the log; what was added and not committed is lost."""
        os.close(self._file)
        os.close(self._lock)

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.pwrite(self._file, left, self._end + len(data) - len(left)) :]

    def _sync(self) -> None:
        os.fdatasync(self._file)

    def _take_lock(self, folder: Path) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LogError(f"{folder} is in use by another process") from None

    def _create(self, folder: Path) -> None:
        if self.path.exists():
            return
        start = MAGIC + secrets.token_bytes(16) + self.genesis
        draft = folder / "plasma.log.new"
        with draft.open("wb") as file:
            file.write(start + struct.pack("<I", crc32(start)))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self.path)
        for place in (folder, folder.parent):
            directory = os.open(place, os.O_RDONLY)
            os.fsync(directory)
            os.close(directory)

    def _load(self) -> None:
        head = os.pread(self._file, HEAD.size, 0)
        if len(head) < HEAD.size or head[:8] != MAGIC or crc32(head[:-4]) != HEAD.unpack(head)[3]:
            raise self._damage(0)
        _, self._key, genesis, _ = HEAD.unpack(head)
        if genesis != self.genesis:
            raise LogError(f"{self.path} belongs to a chain with genesis block 0x{genesis.hex()}")
        self._end, size = HEAD.size, os.fstat(self._file).st_size
        while self._end < size:
            entries = self._frame(self._end)
            if entries is None:
                self._cut_off(size)
                return
            place = self._end + FRAME.size
            self._take(place, entries)
            self._end = place + sum(ENTRY.size + len(body) for _, body in entries)
            self._frames += 1

    def _frame(self, place: int) -> list[tuple[bytes, bytes]] | None:
        head = os.pread(self._file, FRAME.size, place)
        if len(head) < FRAME.size:
            return None
        index, length, _ = FRAME.unpack(head)
        if index != self._frames or length > MOST_FRAME or head != self._frame_head(index, length):
            return None
        payload = os.pread(self._file, length, place + FRAME.size)
        return _decoded(payload) if len(payload) == length else None

    def _frame_head(self, index: int, length: int) -> bytes:
        digest = blake2b(struct.pack("<QI", index, length), digest_size=8, key=self._key).digest()
        return FRAME.pack(index, length, digest)

    def _cut_off(self, size: int) -> None:
        """Cuts the broken frame off. Raises LogError if one was begun after it, since then it had been whole."""
        if size - self._end > FRAME.size + MOST_FRAME:
            raise self._damage(self._end)
        tail = os.pread(self._file, size - self._end, self._end)
        for match in LIKE_FRAME.finditer(tail):
            head = tail[match.start() : match.start() + FRAME.size]
            if len(head) < FRAME.size:
                break
            index, length, _ = FRAME.unpack(head)
            if index > self._frames and head == self._frame_head(index, length):
                raise self._damage(self._end)
        self.cut = size - self._end
        os.ftruncate(self._file, self._end)
        os.fsync(self._file)

    def _take(self, place: int, entries: list[tuple[bytes, bytes]]) -> None:
        for kind, body in entries:
            if kind == TRANSACTION_KIND:
                self._open_indices[len(self._transactions)] = None
                self._transactions.append(place)
            elif kind == BLOCK_KIND:
                number = BLOCK.unpack_from(body)[0]
                if number != self.height + 1:
                    raise LogError(f"{self.path} has block {number} where block {self.height + 1} belongs")
                self._settle(body[BLOCK.size :])
                self._blocks.append(place)
            else:
                self._settle(body)
            place += ENTRY.size + len(body)

    def _settle(self, indices: bytes) -> None:
        for index in array("Q", indices):
            if self._open_indices.pop(index, index) is not None:
                raise LogError(f"{self.path} has transaction {index} in a second block, or nowhere")

    def _hash(self, number: int) -> bytes:
        if number == 0:
            return self.genesis
        digest: bytes = BLOCK.unpack_from(self._entry(self._blocks[number - 1], BLOCK_KIND))[2]
        return digest

    def _entry(self, place: int, kind: bytes) -> bytes:
        try:
            length, checksum, found = ENTRY.unpack(os.pread(self._file, ENTRY.size, place))
            body = os.pread(self._file, length, place + ENTRY.size)
        except (OSError, struct.error) as error:
            raise LogError(f"{self.path} can't be read: {error}") from error
        if bytes([found]) != kind or len(body) != length or crc32(kind + body) != checksum:
            raise self._damage(place)
        return body

    def _damage(self, place: int) -> LogError:
        return LogError(f"{self.path} is damaged at byte {place:,}: restore it from a copy")


def _encoded(kind: bytes, body: bytes) -> bytes:
    return ENTRY.pack(len(body), crc32(kind + body), kind[0]) + body


def _decoded(payload: bytes) -> list[tuple[bytes, bytes]] | None:
    """The entries of a frame, None if any is broken."""
    entries, place = [], 0
    while place < len(payload):
        if place + ENTRY.size > len(payload):
            return None
        length, checksum, kind = ENTRY.unpack_from(payload, place)
        place += ENTRY.size
        entry = payload[place - 1 : place + length]  # the kind and the body
        if len(entry) != length + 1 or crc32(entry) != checksum or entry[:1] not in b"TBD":
            return None
        entries.append((bytes([kind]), entry[1:]))
        place += length
    return entries
