"""Shamir's sharing of 32-byte secrets: any `threshold` shares give the secret, fewer tell nothing of it.

Secrets and shares are big-endian numbers modulo 2^256 - 189, the largest prime of 256 bits; the share at point x > 0 is
the value there of a polynomial whose value at 0 is the secret. Source: Shamir, How to share a secret (1979).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import prod

PRIME = (1 << 256) - 189
SECRET_BYTES = 32


def split(secret: bytes, coefficients: Sequence[int], points: Iterable[int]) -> list[bytes]:
    """The shares at these points, of 32 bytes each. `coefficients`: random numbers below the prime, one fewer than the
    threshold, from that of x on. Raises ValueError for a secret above the prime or a point that would give it away."""
    polynomial = [*reversed(coefficients), _number(secret)]
    shares = []
    for point in points:
        if not 0 < point < PRIME:
            raise ValueError(f"no share lies at {point}")
        value = 0
        for coefficient in polynomial:
            value = (value * point + coefficient) % PRIME
        shares.append(value.to_bytes(SECRET_BYTES, "big"))
    return shares


def join(shares: Mapping[int, bytes], at: int = 0) -> bytes:
    """The secret of as many shares as the threshold, by point; or the polynomial's value at another point. Raises
    ValueError for a share that is none, or none at all."""
    if not shares:
        raise ValueError("a secret has one share or more")
    points = tuple(sorted(shares))
    terms = zip(points, weights(points, at), strict=True)
    value = sum(_number(shares[point]) * weight for point, weight in terms) % PRIME
    return value.to_bytes(SECRET_BYTES, "big")


@lru_cache(maxsize=1024)
def weights(points: tuple[int, ...], at: int = 0) -> tuple[int, ...]:
    """By what the values at distinct points are multiplied to give that at another one (Lagrange); kept, since
    the shares of many secrets lie at the same points."""
    return tuple(
        prod(other - at for other in points if other != point)
        * pow(prod(other - point for other in points if other != point), -1, PRIME)
        % PRIME
        for point in points
    )


def _number(value: bytes) -> int:
    number = int.from_bytes(value, "big")
    if len(value) != SECRET_BYTES or number >= PRIME:
        raise ValueError(f"a secret or share has {SECRET_BYTES} bytes and is below the prime")
    return number
