"""The robust rules as ways to aggregate a round in process.

Each answers with what the state moves by, as if it were the sum of one client; the lane of statistics goes along.
"""

from __future__ import annotations

import hashlib

from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.learning.federation import Aggregate, plain
from offchain.ppdl.learning.update import Lanes as State
from offchain.ppdl.robust.grouping import LEAST_GROUP, grouped, median_sum
from offchain.ppdl.robust.rules import Rule, combined


def unmasked(rule: Rule) -> Aggregate:
    """A rule on all updates."""
    return lambda _, updates: combined(rule, updates)


def masked(seed: int, least: int = LEAST_GROUP, within: Aggregate = plain) -> Aggregate:
    """Groups drawn anew each round, each aggregated on its own, and the median across them."""

    def aggregate(number: int, updates: State) -> Sum:
        groups = grouped(drawn_order(len(updates), seed, number), least)
        return median_sum([within(number, updates[group]) for group in groups])

    return aggregate


def drawn_order(count: int, seed: int, number: int) -> list[int]:
    """Participants 0.. in an order drawn for a round, which stands for the permutation of its committed keys."""
    keys = [hashlib.sha256(f"{seed}/{number}/{one}".encode()).digest() for one in range(count)]
    return sorted(range(count), key=keys.__getitem__)
