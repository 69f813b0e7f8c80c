"""Robust rules: exact whole numbers, the same whatever the order, and not to be moved by the attackers they expect."""

from __future__ import annotations

from fractions import Fraction
from statistics import median as middle_of

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from offchain.ppdl.robust.grouping import grouped, median_of_sums
from offchain.ppdl.robust.rules import RobustError, free_riders, krum_order, median, multi_krum, trimmed_mean

Lanes = NDArray[np.int64]
LANE = st.integers(-(2**20), 2**20)
LANES = 30


def honest(count: int, seed: int = 0) -> Lanes:
    """Updates that agree on a direction, each with its own deviation."""
    random = np.random.default_rng(seed)
    return (random.normal(0, 5_000, LANES) + random.normal(0, 2_000, (count, LANES))).astype(np.int64)


def off(move: Lanes, updates: Lanes) -> float:
    """How far a move is from the honest mean, as a part of the mean's length."""
    clean = updates.mean(axis=0)
    return float(np.linalg.norm(move - clean) / np.linalg.norm(clean))


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(LANE, min_size=3, max_size=3), min_size=7, max_size=12), attackers=st.integers(0, 2))
def test_exact_and_whatever_the_order(rows: list[list[int]], attackers: int) -> None:
    """P9 each rule is its definition in fractions, halves rounded up, and doesn't depend on the order of updates."""
    updates = np.array(rows, np.int64)
    columns = [sorted(column) for column in zip(*rows, strict=True)]
    kept = [column[attackers : len(column) - attackers] for column in columns]
    assert list(trimmed_mean(updates, 0)) == [up(Fraction(sum(column), len(column))) for column in columns]
    assert list(median(updates)) == [up(Fraction(middle_of(map(Fraction, column)))) for column in columns]
    assert list(trimmed_mean(updates, attackers)) == [up(Fraction(sum(column), len(column))) for column in kept]
    others = updates[::-1]
    assert list(trimmed_mean(others, attackers)) == list(trimmed_mean(updates, attackers))
    assert list(median(others)) == list(median(updates))


def up(exact: Fraction) -> int:
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.lists(LANE, min_size=2, max_size=2), min_size=7, max_size=11), attackers=st.integers(0, 2))
def test_krum_by_hand(rows: list[list[int]], attackers: int) -> None:
    """P9 Krum's order is that of the sums of squared distances to the nearest others, ties by place."""
    scores = []
    for place, row in enumerate(rows):
        others = rows[:place] + rows[place + 1 :]
        distances = sorted(sum((a - b) ** 2 for a, b in zip(row, other, strict=True)) for other in others)
        scores.append(sum(distances[: len(rows) - attackers - 2]))
    expected = sorted(range(len(rows)), key=lambda place: (scores[place], place))
    assert list(krum_order(np.array(rows, np.int64), attackers)) == expected


@pytest.mark.parametrize("factor", [-1, -10, 10, 10**6])
@pytest.mark.parametrize("attackers", [1, 8])
def test_attackers_are_outvoted(factor: int, attackers: int) -> None:
    """P9 up to 8 of 42 updates turned round or scaled, past 32 bits too: each robust rule stays near the honest mean,
    and the plain mean is moved far."""
    updates = honest(42)
    clean = updates[attackers:]
    updates[:attackers] *= factor
    for move in (median(updates), trimmed_mean(updates, 8), multi_krum(updates, 8)):
        assert off(move, clean) < 0.3
    if attackers == 8:
        assert off(trimmed_mean(updates, 0), clean) > 1.3 * max(
            off(median(updates), clean), off(multi_krum(updates, 8), clean)
        )


@pytest.mark.parametrize("told", [0, 250_000, 2**20])
def test_a_told_loss_brings_no_update_nearer(told: int) -> None:
    """P9 homes' losses differ by more than their moves: who turns its update round is left out by multi-Krum whatever
    loss it tells, and nobody else for the loss that it tells."""
    updates, attackers = honest(42), 8
    losses = np.random.default_rng(1).integers(0, 500_000, 42)
    updates[:attackers] *= -10
    losses[:attackers] = told
    moved = multi_krum(np.column_stack([updates, losses]), attackers)
    assert list(moved) == [up(Fraction(int(lane), 34)) for lane in [*updates[8:].sum(axis=0), losses[8:].sum()]]


@pytest.mark.parametrize("spoiled", [[0, 1], [3, 17]])
def test_two_attackers_spoil_two_groups_at_most(spoiled: list[int]) -> None:
    """P9 masked mode: 2 of 42 fall into at most 2 of 5 groups, whose sums the median leaves aside; with one attacker in
    each group nothing is left of it."""
    updates = honest(42)
    groups = grouped(range(42))
    assert [len(group) for group in groups] == [9, 9, 8, 8, 8]
    assert sorted(place for group in groups for place in group) == list(range(42))

    def moved(attackers: list[int]) -> Lanes:
        sent = updates.copy()
        sent[attackers] = -(10**6)
        return median_of_sums(np.stack([sent[group].sum(axis=0) for group in groups]), [len(group) for group in groups])

    assert off(moved([]), updates) < 0.2
    assert off(moved(spoiled), updates) < 0.3
    assert off(moved([group[0] for group in groups]), updates) > 3


def test_free_riders_show_in_the_clear() -> None:
    """P9 unmasked mode: zeros, copies and copies that are slightly changed are found; honest updates are not."""
    updates = honest(20)
    assert free_riders(updates) == []
    updates[4] = 0
    updates[9] = updates[2]
    updates[11] = updates[3] + np.arange(LANES) % 3
    assert free_riders(updates) == [4, 9, 11]


def test_too_few() -> None:
    """P9 rules that can't hold for so few updates, groups that can't be filled and sums that don't fit are refused."""
    updates = honest(10)
    for refused in (
        lambda: trimmed_mean(updates, 5),
        lambda: trimmed_mean(updates, -1),
        lambda: multi_krum(updates, 4),
        lambda: multi_krum(updates, -1),
        lambda: median(updates[:0]),
        lambda: multi_krum(updates[0], 0),
        lambda: grouped(range(7)),
        lambda: grouped(range(7), 0),
        lambda: median_of_sums(updates, [8] * 9),
        lambda: median_of_sums(updates[:2], [8, 0]),
        lambda: median_of_sums(updates[:0], []),
    ):
        with pytest.raises(RobustError) as caught:
            refused()
        assert "\n" not in str(caught.value)
