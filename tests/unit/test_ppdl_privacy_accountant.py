"""The accountant against published figures, exact values and divergences computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.ppdl.privacy.accountant import (
    WHOLE_ORDERS,
    Budget,
    Cost,
    PrivacyError,
    calibrated,
    convolution_gap,
    epsilon,
    noise_multiplier,
)


def exact_delta(ratio: float, eps: float) -> float:
    """Of a Gaussian sum whose bound is `ratio` deviations (Balle and Wang, ICML 2018, theorem 8)."""

    def below(x: float) -> float:
        return math.erfc(-x / math.sqrt(2)) / 2

    return below(ratio / 2 - eps / ratio) - math.exp(eps) * below(-ratio / 2 - eps / ratio)


def test_published_figure() -> None:
    """P8 the example of TensorFlow Privacy's tutorial: noise 1.3, 250 of 60,000 drawn, 3,600 steps, delta 1e-5: 1.18 at
    order 17 by the conversion of Mironov 2017; ours is tighter."""
    cost = Cost(1.3, 250 / 60_000)
    simple = {order: 3_600 * cost.loss(order) + math.log(1e5) / (order - 1) for order in WHOLE_ORDERS}
    best = min(simple, key=simple.__getitem__)
    assert (best, round(simple[best], 2)) == (17, 1.18)
    assert 0.85 < epsilon([cost] * 3_600, 1e-5) < simple[best]


@pytest.mark.parametrize(("delta", "rounds"), [(1e-5, 60), (1e-3, 60), (1e-3, 1), (1e-9, 7)])
@pytest.mark.parametrize("eps", [0.3, 1.0, 8.0])
def test_never_below_the_exact_loss(delta: float, rounds: int, eps: float) -> None:
    """P8 what is calibrated keeps its budget by the exact formula, with at most a quarter more noise than needed."""
    cost = calibrated(Budget(eps, delta), rounds)
    ratio = math.sqrt(rounds) / cost.multiplier
    assert exact_delta(ratio, eps) <= delta
    assert exact_delta(1.25 * ratio, eps) > delta
    assert eps * 0.999 <= epsilon([cost] * rounds, delta) <= eps


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.9])
@pytest.mark.parametrize("multiplier", [0.8, 2.0])
def test_drawn_participants_by_integration(rate: float, multiplier: float) -> None:
    """P8 the loss with participants drawn at random is the integral that defines it."""
    x = np.linspace(-25, 25, 250_001)
    density = np.exp(-(x**2) / (2 * multiplier**2)) / (multiplier * math.sqrt(2 * math.pi))
    quotient = 1 - rate + rate * np.exp((2 * x - 1) / (2 * multiplier**2))
    for order in (2, 3, 8):
        loss = math.log(float((density * quotient**order).sum() * (x[1] - x[0]))) / (order - 1)
        assert Cost(multiplier, rate).loss(order) == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize(("deviation", "shares"), [(0.5, 2), (0.6, 5), (0.8, 3), (1.5, 8)])
@pytest.mark.parametrize("shift", [1, 2])
def test_sum_of_small_shares(deviation: float, shares: int, shift: int) -> None:
    """P8 coarse noise: the real divergence of a sum of shares from itself moved is at most what is accounted."""
    width = 40 * shares
    numbers = np.arange(-width, width + 1)
    one = np.exp(-(numbers**2) / (2 * deviation**2))
    total = np.array([1.0])
    for _ in range(shares):
        total = np.convolve(total, one / one.sum())
    middle = len(total) // 2
    near = np.arange(middle - 12, middle + 13)
    for order in (2, 4):
        terms = total[near] ** order * total[near - shift] ** (1 - order)
        real = math.log(terms.sum()) / (order - 1)
        assert real <= Cost(noise_multiplier(shift, deviation, shares, 1)).loss(order)


def test_fine_shares_are_worth_their_sum() -> None:
    """P8 in units of 2^-20 a sum of shares can't be told from one noise."""
    assert convolution_gap(10, 1_008) == 0
    assert noise_multiplier(1_000, 400, 25, 641) == pytest.approx(2.0, rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    multiplier=st.floats(0.3, 50),
    rate=st.sampled_from([0.05, 0.5, 1.0]),
    rounds=st.integers(1, 200),
    delta=st.sampled_from([1e-3, 1e-6]),
)
def test_more_costs_more(multiplier: float, rate: float, rounds: int, delta: float) -> None:
    """P8 more rounds, less noise, a smaller delta and a larger share of drawn participants never cost less."""
    spent = epsilon([Cost(multiplier, rate)] * rounds, delta)
    assert spent <= epsilon([Cost(multiplier, rate)] * (rounds + 1), delta)
    assert spent <= epsilon([Cost(multiplier * 0.9, rate)] * rounds, delta)
    assert spent <= epsilon([Cost(multiplier, rate)] * rounds, delta / 10)
    assert spent <= epsilon([Cost(multiplier)] * rounds, delta) * (1 + 1e-9)


def test_nothing_costs_nothing() -> None:
    assert epsilon([], 1e-5) == 0


def test_senseless_numbers() -> None:
    """P9 budgets, costs and plans that mean nothing are refused in one line."""
    for senseless in (
        lambda: Budget(0, 1e-5),
        lambda: Budget(math.inf, 1e-5),
        lambda: Budget(math.nan, 1e-5),
        lambda: Budget(8, 0),
        lambda: Budget(8, 1),
        lambda: Cost(0),
        lambda: Cost(math.nan),
        lambda: Cost(1, 0),
        lambda: Cost(1, 1.1),
        lambda: calibrated(Budget(8, 1e-5), 0),
        lambda: calibrated(Budget(1e-9, 1e-300), 10**9),
        lambda: convolution_gap(0.4, 3),
    ):
        with pytest.raises(PrivacyError) as caught:
            senseless()
        assert "\n" not in str(caught.value)
