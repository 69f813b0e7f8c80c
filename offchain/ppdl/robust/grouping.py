"""Robust rule where single updates are hidden: masked mode, with a sum a group and a median across groups.

Each group of at least 8 aggregates on its own, so nobody sees less than the sum of 8. An attacker spoils its group; the
median holds as long as most groups are clean. With attackers in half of the groups it doesn't, and only the gate on the
test set is left.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from eth_utils.crypto import keccak

from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.learning.update import LARGEST_MOVE
from offchain.ppdl.robust.rules import Lanes, RobustError, divided, middle

LEAST_GROUP, LEAST_GROUPS = 8, 3


def grouped(order: Sequence[int], least: int = LEAST_GROUP) -> list[list[int]]:
    """Participants in groups of at least `least`, sizes one apart at most. The order must be one that nobody could
    choose when it joined, such as the round's permutation. Raises RobustError if there are too few for one group."""
    if not 1 <= least <= len(order):
        raise RobustError(f"{len(order)} participants can't be put into groups of {least}: wait for more")
    count = len(order) // least
    return [list(order[place::count]) for place in range(count)]


def drawn(participants: Sequence[bytes], seed: bytes) -> list[list[bytes]]:
    """The groups of participants, addresses of 20 bytes, that a seed draws which nobody knew when they joined: in the
    order of the hashes of the seed and the address, dealt out. Raises RobustError if there are too few for a median."""
    if len(participants) < LEAST_GROUPS * LEAST_GROUP:
        raise RobustError(
            f"{len(participants)} participants can't be put into {LEAST_GROUPS} groups of {LEAST_GROUP}, which a median"
            f" takes: have {LEAST_GROUPS * LEAST_GROUP} or more"
        )
    order = sorted(participants, key=lambda participant: keccak(seed + participant))
    return [[order[place] for place in group] for group in grouped(range(len(order)))]


def median_of_sums(sums: Lanes, sizes: Sequence[int]) -> Lanes:
    """What the state moves by: lane by lane the median of the groups' means, from one signed sum a row and the number
    of alive participants in each. Raises RobustError if they don't fit together or a group is empty."""
    if sums.ndim != 2 or len(sums) != len(sizes) or not len(sizes) or min(sizes) < 1:
        raise RobustError(f"{len(sizes)} sizes of groups don't fit to {len(sums)} sums: each group needs someone alive")
    means = np.stack([divided(total.astype(np.int64), size) for total, size in zip(sums, sizes, strict=True)])
    return middle(np.sort(np.clip(means, -LARGEST_MOVE, LARGEST_MOVE), axis=0))


def median_sum(sums: Sequence[Sum]) -> Sum:
    """The same of the groups' sums, as the sum of one client."""
    totals = np.stack([one.total for one in sums]).astype(np.int64)
    return Sum(median_of_sums(totals, [one.clients for one in sums]).astype(np.int32), 1)
