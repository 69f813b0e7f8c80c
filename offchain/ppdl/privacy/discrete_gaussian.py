"""Whole-numbered Gaussian noise, drawn exactly: nothing here rounds, so nothing leaks by rounding.

A number y is drawn with probability proportional to exp(-y^2 / 2 s^2). Floating-point noise isn't that: which numbers
it can hit tells of what it was added to (Mironov, CCS 2012). All decisions compare whole numbers drawn from one stream,
so the same seed gives the same noise on every machine.

Sources: Karney, "Sampling exactly from the normal distribution" (ACM TOMS 2016), algorithm D, with a whole deviation;
Canonne, Kamath and Steinke, "The discrete Gaussian for differential privacy" (NeurIPS 2020), algorithm 1.
"""

from __future__ import annotations

import hashlib
import secrets

import numpy as np
from numpy.typing import NDArray

from offchain.ppdl.privacy.accountant import PrivacyError

Numbers = NDArray[np.int64]
Words = NDArray[np.uint64]

LARGEST_DEVIATION = 1 << 26
STEPS = 16  # whole deviations from the middle; what lies beyond is drawn again: 1e-55 of all
EXPECTED = 0.5  # of the candidates are kept
SEED_BYTES = 32


class Stream:
    """Endless uniform words: SHAKE-256 of a seed and a counter. The seed is a secret of the participant's: who knows it
    can take the noise off."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._counter = 0

    @classmethod
    def fresh(cls) -> Stream:
        """From the operating system's generator; its seed is kept nowhere."""
        return cls(secrets.token_bytes(SEED_BYTES))

    def words(self, count: int) -> Words:
        """The next words, each of 64 bits."""
        block = self._seed + self._counter.to_bytes(8, "big")
        self._counter += 1
        return np.frombuffer(hashlib.shake_256(block).digest(8 * count), dtype="<u8").astype(np.uint64)

    def below(self, bounds: Words) -> Words:
        """A number from 0 to just below each bound, all equally likely: words that would favour some are redrawn."""
        numbers = self.words(len(bounds))
        again = np.flatnonzero(numbers < bounds)
        while len(again):
            again = again[numbers[again] < -bounds[again] % bounds[again]]
            numbers[again] = self.words(len(again))
        return numbers % bounds


def discrete_gaussian(count: int, deviation: int, stream: Stream) -> Numbers:
    """That many independent numbers of a whole deviation, up to 2^26. Raises PrivacyError for another deviation."""
    if not 1 <= deviation <= LARGEST_DEVIATION:
        raise PrivacyError(f"noise of {deviation} units can't be drawn: take 1 to {LARGEST_DEVIATION}")
    parts: list[Numbers] = [np.empty(0, np.int64)]
    missing = count
    while missing > 0:
        drawn = _candidates(int(missing / EXPECTED * 1.05) + 16, deviation, stream)[:missing]
        parts.append(drawn)
        missing -= len(drawn)
    return np.concatenate(parts)


def _candidates(count: int, deviation: int, stream: Stream) -> Numbers:
    """Those of a number of candidates that are kept: a whole step k of the deviation, a place j in the step, a sign.
    exp(-(k s + j)^2 / 2 s^2) is exp(-k^2 / 2) for the step times exp(-j (2 k s + j) / 2 s^2) for the place."""
    steps = _steps(count, stream)
    places = stream.below(np.full(len(steps), deviation, np.uint64))
    negative = stream.words(len(steps)) >> np.uint64(63) == 1
    kept = ~(negative & (steps == 0) & (places == 0))  # zero has one sign
    unit = np.uint64(deviation)
    exponents = places * (np.uint64(2) * steps * unit + places)
    # the exponent is below k + 1: as many trials, each of an exponent below 1
    whole = np.uint64(2) * unit * unit * (steps + np.uint64(1))
    for trial in range(STEPS):
        open_ = np.flatnonzero(kept & (steps >= trial))
        if not len(open_):
            break
        kept[open_] = _bernoulli_exp(exponents[open_], whole[open_], stream)
    sizes = (steps * unit + places).astype(np.int64)
    numbers: Numbers = np.where(negative, -sizes, sizes)[kept]
    return numbers


def _steps(count: int, stream: Stream) -> Words:
    """Steps k from 0 on, each with a probability proportional to exp(-k^2 / 2): geometric ones, of which a share of
    exp(-k (k - 1) / 2) is kept."""
    steps: Words = np.zeros(count, np.uint64)
    going = np.arange(count)
    while len(going):
        going = going[_halves(len(going), stream)]
        steps[going] += np.uint64(1)
    steps = steps[steps < STEPS]
    kept = np.ones(len(steps), bool)
    trials = steps * (np.maximum(steps, np.uint64(1)) - np.uint64(1))
    for trial in range(STEPS * STEPS):
        open_ = np.flatnonzero(kept & (trials > trial))
        if not len(open_):
            break
        kept[open_] = _halves(len(open_), stream)
    chosen: Words = steps[kept]
    return chosen


def _halves(count: int, stream: Stream) -> NDArray[np.bool_]:
    """Each true with probability exp(-1/2)."""
    return _bernoulli_exp(np.ones(count, np.uint64), np.full(count, 2, np.uint64), stream)


def _bernoulli_exp(numerators: Words, denominators: Words, stream: Stream) -> NDArray[np.bool_]:
    """Each true with probability exp(-numerator / denominator), a quotient of at most 1: the first round k that a draw
    of quotient / k misses is odd."""
    result = np.zeros(len(numerators), bool)
    open_ = np.arange(len(numerators))
    turn = 1
    while len(open_):
        hit = stream.below(denominators[open_] * np.uint64(turn)) < numerators[open_]
        result[open_[~hit]] = turn % 2 == 1
        open_ = open_[hit]
        turn += 1
    return result
