"""Robust rules where single updates are seen: unmasked mode, for participants who agree to show theirs.

Updates are whole numbers in units of the state (2^-20), a row a participant, its last lane the training loss that it
tells; the answer is what the state moves by, and the loss that goes with it. Everything is computed in whole numbers,
so everybody who sees the updates finds the same. A lane counts as +-2^20 at most, whatever was sent.

Sources: Yin et al., "Byzantine-robust distributed learning" (ICML 2018) for median and trimmed mean; Blanchard et al.,
"Machine learning with adversaries" (NeurIPS 2017) for Krum.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from offchain.errors import UserError
from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.learning.update import LARGEST_MOVE

Lanes = NDArray[np.int64]

Rule = Literal["median", "trimmed_mean", "multi_krum"]
UPDATES_AN_ATTACKER = 5
"""One update in so many is expected to be bad."""

NEARNESS = 1_000  # a copy is nearer than a thousandth of its length


class RobustError(UserError):
    """Says in one line why a rule can't be used on these updates."""


def median(updates: Lanes) -> Lanes:
    """Lane by lane the middle one, or the mean of the two middle ones."""
    return middle(np.sort(_rows(updates), axis=0))


def trimmed_mean(updates: Lanes, attackers: int) -> Lanes:
    """Lane by lane the mean without the `attackers` largest and as many smallest. Raises RobustError if that leaves
    none."""
    if not 0 <= 2 * attackers < len(updates):
        raise RobustError(
            f"{len(updates)} updates can't be trimmed by {attackers} on both sides: expect fewer attackers"
        )
    rows = np.sort(_rows(updates), axis=0)[attackers : len(updates) - attackers]
    return divided(rows.sum(axis=0), len(rows))


def multi_krum(updates: Lanes, attackers: int) -> Lanes:
    """The mean of all but `attackers` updates: those whose nearest neighbours are nearest. Of equal ones the first
    counts. The loss that one tells makes it neither nearer nor farther. Raises RobustError if there aren't at least
    2 attackers + 3 updates."""
    rows = _rows(updates)
    kept = krum_order(rows[:, :-1], attackers)[: len(rows) - attackers]
    return divided(rows[kept].sum(axis=0), len(kept))


def combined(rule: Rule, updates: NDArray[np.int32]) -> Sum:
    """What updates [clients, weights + 1] move the state by, as the sum of one client: by a rule of this name, with one
    attacker expected in five. Raises RobustError if there are too few updates."""
    attackers = len(updates) // UPDATES_AN_ATTACKER
    rules: dict[Rule, Callable[[Lanes], Lanes]] = {
        "median": median,
        "trimmed_mean": partial(trimmed_mean, attackers=attackers),
        "multi_krum": partial(multi_krum, attackers=attackers),
    }
    return Sum(rules[rule](updates.astype(np.int64)).astype(np.int32), 1)


def krum_order(moves: Lanes, attackers: int) -> NDArray[np.intp]:
    """Places of updates without their last lane, the most credible first: by the sum of squared distances to the
    n - attackers - 2 nearest others. Raises RobustError as multi_krum does."""
    count = len(moves)
    if attackers < 0 or count < 2 * attackers + 3:
        raise RobustError(f"Krum against {attackers} attackers needs {2 * attackers + 3} updates, not {count}")
    distances = np.sort(_distances(_rows(moves)), axis=1)
    scores = distances[:, 1 : count - attackers - 1].sum(axis=1)  # the nearest is the update itself
    return np.argsort(scores, kind="stable")


def free_riders(moves: Lanes) -> list[int]:
    """Places of updates that are zero without their last lane, or a copy of an earlier one, changed by less than a
    thousandth of its length."""
    rows = _rows(moves)
    lengths = (rows * rows).sum(axis=1)
    near = _distances(rows) <= lengths[None, :] // NEARNESS**2
    copies = np.triu(near, 1).any(axis=0)
    return [int(place) for place in np.flatnonzero((lengths == 0) | copies)]


def divided(total: Lanes, count: int) -> Lanes:
    """A sum's mean as the protocol rounds it: half units go up."""
    return (2 * total + count) // (2 * count)


def middle(ordered: Lanes) -> Lanes:
    """The median of rows that are sorted lane by lane."""
    count = len(ordered)
    return divided(ordered[(count - 1) // 2] + ordered[count // 2], 2)


def _rows(updates: Lanes) -> Lanes:
    if updates.ndim != 2 or not len(updates):
        raise RobustError("there are no updates to combine")
    return np.clip(updates, -LARGEST_MOVE, LARGEST_MOVE).astype(np.int64)


def _distances(rows: Lanes) -> Lanes:
    """Squared, all pairs; exact for up to 2^20 lanes."""
    products = rows @ rows.T
    lengths = np.diagonal(products)
    distances: Lanes = lengths[:, None] + lengths[None, :] - 2 * products
    return distances
