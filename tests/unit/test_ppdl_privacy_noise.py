"""The noise has the distribution that the accountant reckons with, number by number."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest

from offchain.ppdl.privacy.accountant import PrivacyError
from offchain.ppdl.privacy.discrete_gaussian import LARGEST_DEVIATION, Stream, discrete_gaussian

COUNT = 200_000


@pytest.mark.parametrize("deviation", [1, 2, 5])
def test_every_number_has_its_probability(deviation: int) -> None:
    """P8 how often each number comes up, against exp(-y^2 / 2 s^2), by chi squared."""
    drawn = discrete_gaussian(COUNT, deviation, Stream(b"small"))
    numbers = np.arange(-3 * deviation, 3 * deviation + 1)
    wide = np.arange(-40 * deviation, 40 * deviation + 1)
    total = np.exp(-(wide**2) / (2 * deviation**2)).sum()
    expected = COUNT * np.exp(-(numbers**2) / (2 * deviation**2)) / total
    counted = np.array([(drawn == number).sum() for number in numbers])
    chi_squared = float(((counted - expected) ** 2 / expected).sum())
    freedom = len(numbers)
    assert chi_squared < freedom + 4 * math.sqrt(2 * freedom)


@pytest.mark.parametrize("deviation", [1_000, 700_001, LARGEST_DEVIATION])
def test_wide_noise_is_normal(deviation: int) -> None:
    """P8 no part of a wide noise is more or less likely than in a normal one (Kolmogorov's distance), its lowest bits
    are even, and different draws are independent."""
    drawn = discrete_gaussian(COUNT, deviation, Stream(b"wide"))
    ordered = np.sort(drawn) / deviation
    share = np.array([math.erfc(-x / math.sqrt(2)) / 2 for x in ordered[::100]])
    assert np.abs(share - np.arange(0, COUNT, 100) / COUNT).max() < 1.7 / math.sqrt(COUNT)
    bits = (drawn[:, None] >> np.arange(6)) & 1
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 5 / (2 * math.sqrt(COUNT))
    assert abs(float((drawn[1:] / deviation * (drawn[:-1] / deviation)).mean())) < 5 / math.sqrt(COUNT)


def test_same_seed_same_noise() -> None:
    """P8 a simulation's noise is the same on every machine; without a seed it is never the same."""
    drawn = discrete_gaussian(642, 123_456, Stream(bytes(32)))
    assert (
        hashlib.sha256(drawn.astype("<i8").tobytes()).hexdigest()
        == "60b3e0641488a5d8a220d82fa7cd59a16ca68e00131d1e87d14fa52212a1ecc5"
    )
    assert len(drawn) == 642
    assert (discrete_gaussian(642, 123_456, Stream(b"\1" * 32)) != drawn).mean() > 0.99
    fresh = [discrete_gaussian(642, 123_456, Stream.fresh()) for _ in range(2)]
    assert (fresh[0] != fresh[1]).mean() > 0.99


@pytest.mark.parametrize("bound", [1, 3, 2**32 + 1, 2**63 + 2**62])
def test_bounded_words_are_even(bound: int) -> None:
    """P8 numbers below a bound are equally likely also where the bound doesn't divide 2^64."""
    numbers = Stream(b"even").below(np.full(COUNT, bound, np.uint64))
    assert (numbers < np.uint64(bound)).all()
    shares = np.array([(numbers < np.uint64(bound * part // 3)).mean() for part in (1, 2)])
    expected = np.array([bound * part // 3 / bound for part in (1, 2)])
    assert np.abs(shares - expected).max() < 5 / (2 * math.sqrt(COUNT))


def test_no_noise_of_no_width() -> None:
    """P9 a deviation that can't be drawn is refused, and none of nothing is nothing."""
    for deviation in (0, -1, LARGEST_DEVIATION + 1):
        with pytest.raises(PrivacyError, match="can't be drawn"):
            discrete_gaussian(1, deviation, Stream(b""))
    assert discrete_gaussian(0, 5, Stream(b"")).shape == (0,)
