"""Shamir's sharing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.ppdl.aggregation.shamir import PRIME, join, split

NUMBERS = st.integers(0, PRIME - 1)
SECRETS = NUMBERS.map(lambda number: number.to_bytes(32, "big"))


@st.composite
def sharings(draw: st.DrawFn) -> tuple[bytes, int, dict[int, bytes]]:
    """A secret, its threshold, and all its shares by point."""
    secret, coefficients = draw(SECRETS), draw(st.lists(NUMBERS, min_size=1, max_size=12))
    threshold = len(coefficients) + 1
    points = draw(st.lists(st.integers(1, 3000), min_size=threshold, max_size=threshold + 8, unique=True))
    return secret, threshold, dict(zip(points, split(secret, coefficients, points), strict=True))


@given(sharings(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_as_many_shares_as_the_threshold_give_the_secret(
    sharing: tuple[bytes, int, dict[int, bytes]], chance: random.Random
) -> None:
    secret, threshold, shares = sharing
    chosen = chance.sample(sorted(shares), threshold)
    assert join({point: shares[point] for point in chosen}) == secret


@given(sharings(), SECRETS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_fewer_shares_fit_every_secret(
    sharing: tuple[bytes, int, dict[int, bytes]], candidate: bytes, chance: random.Random
) -> None:
    """P8 with one share fewer, each other secret has a polynomial of the same degree through the same shares."""
    secret, threshold, shares = sharing
    seen = {point: shares[point] for point in chance.sample(sorted(shares), threshold - 1)}
    through = {**seen, 5000: join({0: candidate, **seen}, at=5000)}
    assert join(through) == candidate
    assert all(join(through, at=point) == share for point, share in seen.items())
    assert (join(through, at=6000) == join(shares_of(shares, threshold), at=6000)) == (candidate == secret)


def shares_of(shares: dict[int, bytes], count: int) -> dict[int, bytes]:
    """The first so many."""
    return dict(list(shares.items())[:count])


def passes(number: int) -> bool:
    """Miller and Rabin's test with the first bases."""
    if number % 2 == 0:
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        powers = [pow(base, odd << step, number) for step in range(twos)]
        if powers[0] != 1 and number - 1 not in powers:
            return False
    return True


def test_the_modulus_is_the_largest_prime_of_256_bits() -> None:
    """By Miller and Rabin's test; no larger number below 2^256 passes."""
    assert [number for number in range(PRIME, 1 << 256) if passes(number)] == [PRIME]


def test_what_is_no_secret_and_no_point_is_refused() -> None:
    """P9"""
    for secret in (bytes(31), PRIME.to_bytes(32, "big"), b"\xff" * 32):
        with pytest.raises(ValueError, match="below the prime"):
            split(secret, [1], [1])
    for point in (0, -1, PRIME):
        with pytest.raises(ValueError, match="no share lies at"):
            split(bytes(32), [1], [point])
    with pytest.raises(ValueError, match="one share or more"):
        join({})
