"""A proof on two cores: groth16py uses one, so a key is cut into two whose proofs add up to one of the whole key.

Of a witness w, and r and s drawn by the prover, a Groth16 proof is

    A = alpha + sum(w_i a_i) + r delta    B = beta + sum(w_i b_i) + s delta    C = K + sA + rB - rs delta

where K needs the constraints and the points of the private wires, but neither r nor s. A key without those gives A, B
and C - K, blinded as ever; a key with nothing else gives K, whatever it draws. Source: Groth 2016, section 3.2;
snarkjs, zkey_utils.js for the sections of a key.
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import groth16py

from offchain.zk.sections import BASE_MODULUS, FileError, SectionedFile
from offchain.zk.zkey import G1

HEADER, CONSTRAINTS, A, B_IN_G1, B, PRIVATE, QUOTIENT = 2, 4, 5, 6, 7, 8, 9
"""Sections of a .zkey."""
HEADER_POINTS = 84
"""Where the header's points begin: alpha, beta, beta, gamma, delta, delta; before them its numbers."""
G1_BYTES, G2_BYTES = 64, 128
C_OF_PROOF = 192
"""Where the last of a proof's points begins."""


@dataclass(frozen=True)
class SplitKey:
    """A proving key in two parts, as groth16py holds them."""

    blinded: Any
    """Makes A, B, and C without K."""
    constrained: Any
    """Makes K."""

    @classmethod
    def read(cls, path: Path) -> SplitKey:
        """From a .zkey. Raises FileError, or an error of groth16py's, if it is none or damaged."""
        sections = SectionedFile.open(path, b"zkey").sections
        if missing := {HEADER, CONSTRAINTS, A, B_IN_G1, B, PRIVATE, QUOTIENT} - set(sections):
            raise FileError(f"{path} lacks section {min(missing)}")
        content = path.read_bytes()
        points = sections[HEADER][0] + HEADER_POINTS
        deltas = points + 2 * G1_BYTES + 2 * G2_BYTES

        blinded = _without(content, sections[PRIVATE], sections[QUOTIENT])
        public = struct.unpack_from("<I", content, points - 8)[0]
        # One constraint is left, so that there is nothing to divide: its quotient would meet no points anyway.
        struct.pack_into("<I", blinded, points - 4, 1 << (2 * public + 2).bit_length())
        struct.pack_into("<I", blinded, sections[CONSTRAINTS][0], 1)
        struct.pack_into("<I", blinded, sections[CONSTRAINTS][0] + 8, 2 * public)

        alpha_and_beta = (points, 2 * G1_BYTES + G2_BYTES)
        delta = (deltas, G1_BYTES + G2_BYTES)
        constrained = _without(content, alpha_and_beta, delta, sections[A], sections[B_IN_G1], sections[B])
        return cls(_imported(blinded), _imported(constrained))

    def prove(self, witness: bytes) -> bytes:
        """A proof, in the encoding of groth16py, of a witness in the format `.wtns`. Raises groth16py.WitnessError."""
        with _named(witness) as path, ThreadPoolExecutor(1) as other:
            pending = other.submit(groth16py.prove_wtns, self.constrained, path)
            proof: bytes = groth16py.prove_wtns(self.blinded, path)
            c = add(_point(proof), _point(pending.result()))
        return proof[:C_OF_PROOF] + b"".join(coordinate.to_bytes(32) for coordinate in c)


def add(one: G1, other: G1) -> G1:
    """The sum of two points of the curve; (0, 0) is the point at infinity. Source: EIP-196."""
    (x, y), (x2, y2) = one, other
    if one == (0, 0):
        return other
    if other == (0, 0):
        return one
    if x == x2 and (y + y2) % BASE_MODULUS == 0:
        return 0, 0
    over, under = (3 * x * x, 2 * y) if x == x2 else (y2 - y, x2 - x)
    slope = over * pow(under, -1, BASE_MODULUS) % BASE_MODULUS
    sum_x = (slope * slope - x - x2) % BASE_MODULUS
    return sum_x, (slope * (x - sum_x) - y) % BASE_MODULUS


def _point(proof: bytes) -> G1:
    return int.from_bytes(proof[C_OF_PROOF : C_OF_PROOF + 32]), int.from_bytes(proof[C_OF_PROOF + 32 :])


def _without(content: bytes, *places: tuple[int, int]) -> bytearray:
    """A key with zeros, which are points at infinity, in these places (start and length)."""
    changed = bytearray(content)
    for start, length in places:
        changed[start : start + length] = bytes(length)
    return changed


def _imported(content: bytearray) -> Any:
    with _named(content) as path:
        return groth16py.import_zkey(path)[0]


@contextmanager
def _named(content: bytes | bytearray) -> Iterator[str]:
    """A path to read from. A witness holds the spending key, so it stays in memory where the system allows."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("proof"), "wb") as file:
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as named:  # readable by its owner alone
            named.write(content)
            named.flush()
            yield named.name
