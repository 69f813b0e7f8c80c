"""What a proving key (.zkey) and a verification key (.vkey.json) say: the curve points that a verifier has, and who
contributed to the key. Source: snarkjs, zkey_utils.js.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from offchain.zk.field import MODULUS
from offchain.zk.sections import BASE_MODULUS, FileError, Reader, SectionedFile

G1 = tuple[int, int]
"""A point's x and y."""
G2 = tuple[tuple[int, int], tuple[int, int]]
"""A point's x and y, each as c0, c1 of c0 + c1 * u."""

GROTH16 = 1
MOST_ITERATIONS = 24
"""A beacon is hashed 2^iterations times, by everybody who checks a key: more would let a file block its reader."""
MOST_CONTRIBUTIONS = 10_000
DECIMAL = re.compile(r"0|[1-9]\d{0,77}")


@dataclass(frozen=True)
class VerificationKey:
    """The points that a verifier has as constants."""

    alpha_1: G1
    beta_2: G2
    gamma_2: G2
    delta_2: G2
    ic: tuple[G1, ...]
    """One point, and one more for each public signal."""

    @classmethod
    def read(cls, path: Path) -> VerificationKey:
        """From a .vkey.json file. Raises FileError if it is none."""
        try:
            content = json.loads(path.read_text())
            if (content["protocol"], content["curve"]) != ("groth16", "bn128"):
                raise ValueError("not Groth16 over BN254")
            ic = tuple(_g1_of(point) for point in content["IC"])
            if len(ic) != content["nPublic"] + 1:
                raise ValueError("nPublic doesn't agree with IC")
            beta, gamma, delta = (_g2_of(content[f"vk_{name}_2"]) for name in ("beta", "gamma", "delta"))
            return cls(_g1_of(content["vk_alpha_1"]), beta, gamma, delta, ic)
        except OSError as error:
            raise FileError(f"{path} can't be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise FileError(f"{path} is no verification key ({error})") from error

    @property
    def constants(self) -> dict[str, int]:
        """The constants of the Solidity verifier by the names they have there."""
        found = {"alphax": self.alpha_1[0], "alphay": self.alpha_1[1]}
        for name, point in (("beta", self.beta_2), ("gamma", self.gamma_2), ("delta", self.delta_2)):
            for axis, (c0, c1) in zip("xy", point, strict=True):
                found |= {f"{name}{axis}1": c1, f"{name}{axis}2": c0}
        for index, (x, y) in enumerate(self.ic):
            found |= {f"IC{index}x": x, f"IC{index}y": y}
        return found


@dataclass(frozen=True)
class Contribution:
    """A step of a key's phase 2. Name and kind are what the contributor claims; the hash binds the rest."""

    name: str
    hash: str
    """BLAKE2b-512 in hex, as the contributor saw it."""
    beacon: str | None = None
    """In hex, for a contribution that anyone can make again."""
    iterations: int | None = None
    """The beacon was hashed 2^iterations times."""


@dataclass(frozen=True)
class ProvingKey:
    """The part of a .zkey file that is not for proving."""

    key: VerificationKey
    circuit_hash: str
    """BLAKE2b-512 of the circuit and phase 1, in hex."""
    contributions: tuple[Contribution, ...]

    @classmethod
    def read(cls, path: Path) -> ProvingKey:
        """Raises FileError if the file is no Groth16 key over BN254, or damaged in these parts."""
        file = SectionedFile.open(path, b"zkey")
        if file.read(1).number() != GROTH16:
            raise FileError(f"{path} is no Groth16 key")
        header = file.read(2)
        if header.number(header.number()) != BASE_MODULUS or header.number(header.number()) != MODULUS:
            raise FileError(f"{path} is not over BN254")
        header.number()
        public = header.number()
        header.number()
        alpha_1 = _g1(header)
        _g1(header)
        beta_2, gamma_2 = _g2(header), _g2(header)
        _g1(header)
        delta_2 = _g2(header)
        points = file.read(3)
        if len(points.content) != 64 * (public + 1):
            raise FileError(f"{path} has a damaged section 3")
        ic = tuple(_g1(points) for _ in range(public + 1))
        history = file.read(10)
        circuit_hash = history.take(64).hex()
        contributions = tuple(_contributions(history))
        return cls(VerificationKey(alpha_1, beta_2, gamma_2, delta_2, ic), circuit_hash, contributions)


def _contributions(history: Reader) -> Iterator[Contribution]:
    count = history.number()
    if count > MOST_CONTRIBUTIONS:
        raise FileError(f"{history.path} claims {count} contributions")
    for _ in range(count):
        hasher = blake2b(digest_size=64)
        for _ in range(3):
            hasher.update(b"".join(value.to_bytes(32) for value in _g1(history)))
        (x0, x1), (y0, y1) = _g2(history)
        hasher.update(b"".join(value.to_bytes(32) for value in (x1, x0, y1, y0)))
        hasher.update(history.take(64))
        kind = history.number()
        yield described(hasher.hexdigest(), kind, Reader(history.take(history.number()), history.path))
    if not history.ended:
        raise FileError(f"{history.path} has a damaged section 10")


def described(hashed: str, kind: int, details: Reader) -> Contribution:
    """A contribution with the name and beacon that a file gives it. Raises FileError if they make no sense."""
    name, iterations, beacon, last = "", None, None, 0
    while not details.ended:
        tag = details.byte()
        if tag <= last or tag > 3:
            raise FileError(f"{details.path} has a damaged contribution")
        last = tag
        if tag == 1:
            name = details.take(details.byte()).decode(errors="replace")
        elif tag == 2:
            iterations = details.byte()
        else:
            beacon = details.take(details.byte()).hex()
    is_beacon = beacon is not None and iterations is not None
    if kind not in (0, 1) or is_beacon != (kind == 1) or (beacon is None) != (iterations is None):
        raise FileError(f"{details.path} has a contribution of an unknown kind")
    if iterations is not None and iterations > MOST_ITERATIONS:
        raise FileError(
            f"{details.path} has a beacon of 2^{iterations} iterations; at most 2^{MOST_ITERATIONS} are read"
        )
    return Contribution("".join(char if char.isprintable() else "?" for char in name), hashed, beacon, iterations)


def _g1(reader: Reader) -> G1:
    return reader.field_element(), reader.field_element()


def _g2(reader: Reader) -> G2:
    return _g1(reader), _g1(reader)


def _coordinate(text: Any) -> int:
    if not isinstance(text, str) or not DECIMAL.fullmatch(text) or int(text) >= BASE_MODULUS:
        raise ValueError(f"{text!r} is no coordinate")
    return int(text)


def _g1_of(point: Any) -> G1:
    x, y, one = point
    if one != "1":
        raise ValueError("a point at infinity")
    return _coordinate(x), _coordinate(y)


def _g2_of(point: Any) -> G2:
    (x0, x1), (y0, y1), one = point
    if one != ["1", "0"]:
        raise ValueError("a point at infinity")
    return (_coordinate(x0), _coordinate(x1)), (_coordinate(y0), _coordinate(y1))
