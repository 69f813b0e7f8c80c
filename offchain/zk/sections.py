"""Files of circom and snarkjs: constraints (.r1cs), keys (.zkey), powers of tau (.ptau).

All have a magic word, a version, and numbered sections, each with its length. Source: iden3/binfileutils.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from offchain.errors import UserError
from offchain.zk.field import MODULUS

BASE_MODULUS = 21888242871839275222246405745257275088696311157297823662689037894645226208583
"""Of the field of the curve's coordinates. Source: EIP-196."""
CHUNK = 1 << 20


class FileError(UserError):
    """Says in one line why a file is not what it should be."""


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex. Raises FileError if it can't be read."""
    hasher = sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                hasher.update(chunk)
    except OSError as error:
        raise FileError(f"{path} can't be read: {error.strerror}") from error
    return hasher.hexdigest()


@dataclass(frozen=True)
class SectionedFile:
    """A file's sections by number: where each begins, and its bytes."""

    path: Path
    sections: dict[int, tuple[int, int]]

    @classmethod
    def open(cls, path: Path, magic: bytes) -> SectionedFile:
        """Reads the table of sections. Raises FileError if the file is missing, cut off or of another kind."""
        sections: dict[int, tuple[int, int]] = {}
        kind = magic.decode()
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                head = file.read(12)
                if head[:4] != magic or len(head) < 12:
                    raise FileError(f"{path} is no .{kind} file")
                place = 12
                for _ in range(struct.unpack("<I", head[8:])[0]):
                    file.seek(place)
                    entry = file.read(12)
                    if len(entry) < 12:
                        raise FileError(f"{path} is cut off")
                    number, length = struct.unpack("<IQ", entry)
                    if number in sections:
                        raise FileError(f"{path} has section {number} twice")
                    sections[number] = (place + 12, length)
                    place += 12 + length
                    if place > size:
                        raise FileError(f"{path} is cut off")
        except OSError as error:
            raise FileError(f"{path} can't be read: {error.strerror}") from error
        return cls(path, sections)

    def read(self, number: int) -> Reader:
        """A whole section. Raises FileError if there is none of that number."""
        if number not in self.sections:
            raise FileError(f"{self.path} lacks section {number}")
        start, length = self.sections[number]
        with self.path.open("rb") as file:
            file.seek(start)
            return Reader(file.read(length), self.path)


@dataclass
class Reader:
    """Reads one value after the other from a section. Raises FileError where the section ends too early."""

    content: bytes
    path: Path
    place: int = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        taken = self.content[self.place : self.place + count]
        if len(taken) < count:
            raise FileError(f"{self.path} has a section that ends too early")
        self.place += count
        return taken

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def number(self, width: int = 4) -> int:
        """The next whole number of so many bytes."""
        return int.from_bytes(self.take(width), "little")

    def field_element(self) -> int:
        """The next coordinate, which is kept as a multiple of 2^256 (Montgomery's form)."""
        return self.number(32) * pow(2, -256, BASE_MODULUS) % BASE_MODULUS

    @property
    def ended(self) -> bool:
        """Whether all was read."""
        return self.place == len(self.content)


@dataclass(frozen=True)
class ConstraintSystem:
    """What a .r1cs file says of its circuit."""

    constraints: int
    public: int
    """Numbers of outputs and public inputs together."""
    private: int

    @classmethod
    def read(cls, path: Path) -> ConstraintSystem:
        """Raises FileError if the file is no .r1cs file over BN254."""
        header = SectionedFile.open(path, b"r1cs").read(1)
        if header.number(header.number()) != MODULUS:
            raise FileError(f"{path} is not over BN254")
        header.number()
        outputs, inputs, private = (header.number() for _ in range(3))
        header.number(8)
        return cls(header.number(), outputs + inputs, private)

    @property
    def power(self) -> int:
        """The least power of two of a phase 1 for a key of this circuit."""
        return (self.constraints + self.public).bit_length()
