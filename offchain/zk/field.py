"""The scalar field of BN254, which circuits compute in, and its elements as arrays of 64-bit limbs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

MODULUS = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""Order of BN254's groups. Source: EIP-197."""

ELEMENT_BYTES = 32
LIMBS = 4
"""64-bit limbs of an element, lowest first."""

Elements = NDArray[np.uint64]
"""Field elements as limbs: an array whose last axis has length 4, lowest limb first."""


def checked(value: int) -> int:
    """The value itself. Raises ValueError unless 0 <= value < MODULUS: two numbers may stand for one element, but
    only one of them is its canonical form."""
    if not 0 <= value < MODULUS:
        raise ValueError(
            f"{value} is not a field element: it must be at least 0 and below the BN254 scalar field's order"
        )
    return value


def to_bytes(value: int) -> bytes:
    """The 32 bytes of an element, lowest first. Raises ValueError if it isn't canonical."""
    return checked(value).to_bytes(ELEMENT_BYTES, "little")


def from_bytes(data: bytes | memoryview) -> int:
    """The element of 32 bytes, lowest first. Raises ValueError if the length is wrong or it isn't canonical."""
    if len(data) != ELEMENT_BYTES:
        raise ValueError(f"a field element has {ELEMENT_BYTES} bytes, not {len(data)}")
    return checked(int.from_bytes(data, "little"))


def to_limbs(values: Iterable[int]) -> Elements:
    """Elements as limbs, shape (n, 4). Raises ValueError if one isn't canonical."""
    data = bytearray().join(map(to_bytes, values))
    return np.frombuffer(data, dtype="<u8").astype(np.uint64, copy=False).reshape(-1, LIMBS)


def from_limbs(elements: Elements) -> list[int]:
    """The elements of an array of shape (n, 4) as numbers. Not checked: what a batch returns is canonical."""
    data = elements.astype("<u8", copy=False).tobytes()
    return [int.from_bytes(data[at : at + ELEMENT_BYTES], "little") for at in range(0, len(data), ELEMENT_BYTES)]
