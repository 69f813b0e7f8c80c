"""Which notes an operation spends: two at the most, of one tree; more are merged first, four into one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from offchain.errors import UserError
from offchain.wallet.note import OwnedNote

INPUTS = 2
"""Notes that an operation spends."""

MERGED = 4
"""Notes that a consolidation makes one of."""

PAIRS_TRIED = 64
"""Of so many notes, the smallest and the largest, the best pair is looked for."""


class FundsError(UserError):
    """Says in one line why an amount can't be spent, and how much can."""


@dataclass(frozen=True)
class Plan:
    """What is to be done before an operation, and which notes it spends.

    `consolidations` can go out together; once their notes are flushed, the next plan has one of the `rounds` less.
    `inputs` is empty while there are rounds.
    """

    inputs: tuple[OwnedNote, ...]
    consolidations: tuple[tuple[OwnedNote, ...], ...] = ()
    rounds: int = 0

    @property
    def count(self) -> int:
        """How many consolidations go out in the first round."""
        return len(self.consolidations)


def select(
    spendable: Sequence[OwnedNote],
    waiting: Sequence[OwnedNote],
    needed: int,
    merge_fee: int = 0,
    shown: Callable[[int], str] = str,
) -> Plan:
    """The notes for an operation that takes `needed` base units, fee included; all notes are of one asset.

    `spendable` are those in a tree, `waiting` those in the queue; each consolidation costs `merge_fee`. Raises
    FundsError if it can't be done, or not yet; `shown` writes amounts in it.
    """
    trees = {note.tree for note in spendable}
    plans = [_plan([note for note in spendable if note.tree == tree], needed, merge_fee) for tree in sorted(trees)]
    possible = [plan for plan in plans if plan is not None]
    if possible:
        return min(possible, key=lambda plan: (plan.rounds, plan.count))
    held, queued = (sum(note.amount for note in notes) for notes in (spendable, waiting))
    if held + queued < needed:
        raise FundsError(f"not enough: {shown(needed)} are needed, {shown(held + queued)} are there")
    if held < needed:
        raise FundsError(
            f"not yet: {shown(needed)} are needed, {shown(held)} can be spent; {shown(queued)} wait for the next flush"
        )
    if len(trees) > 1:
        best = max(sum(note.amount for note in spendable if note.tree == tree) for tree in trees)
        raise FundsError(
            f"the notes lie in {len(trees)} trees and an operation spends from one: {shown(best)} at the most; send "
            "the notes of the older tree to yourself first"
        )
    raise FundsError(f"not enough: merging the notes costs fees, which leaves less than {shown(needed)}")


def _plan(notes: Sequence[OwnedNote], needed: int, merge_fee: int) -> Plan | None:
    """The plan within one tree, None if its notes aren't enough."""
    few = _one_or_two(notes, needed)
    if few:
        return Plan(few)
    largest = sorted(notes, key=lambda note: note.amount, reverse=True)
    for count in range(INPUTS + 1, len(largest) + 1):
        used = largest[:count]
        merged = _merged(used)
        rounds, left, fees = 1, count - sum(len(group) - 1 for group in merged), merge_fee * len(merged)
        while left > INPUTS:
            sizes = _sizes(left)
            rounds, left, fees = rounds + 1, left - sum(sizes) + len(sizes), fees + merge_fee * len(sizes)
        worth = min(sum(note.amount for note in group) for group in merged)
        if worth > merge_fee and sum(note.amount for note in used) - fees >= needed:
            return Plan((), tuple(merged), rounds)
    return None


def _one_or_two(notes: Sequence[OwnedNote], needed: int) -> tuple[OwnedNote, ...]:
    """The smallest note that is enough, else the pair that leaves least change, else nothing."""
    ordered = sorted(notes, key=lambda note: note.amount)
    for note in ordered:
        if note.amount >= needed:
            return (note,)
    tried = ordered if len(ordered) <= PAIRS_TRIED else ordered[: PAIRS_TRIED // 2] + ordered[-PAIRS_TRIED // 2 :]
    enough = [pair for pair in combinations(tried, INPUTS) if pair[0].amount + pair[1].amount >= needed]
    return min(enough, key=lambda pair: pair[0].amount + pair[1].amount, default=())


def _sizes(count: int) -> list[int]:
    """Sizes of the groups that a round merges, so that two notes are left as soon as may be, with few merges."""
    if count <= MERGED + 1:
        return [count - 1]
    if count <= INPUTS * MERGED:
        return [MERGED, count - MERGED]
    return [MERGED] * (count // MERGED)


def _merged(notes: Sequence[OwnedNote]) -> list[tuple[OwnedNote, ...]]:
    """The groups that the first round merges, of notes in falling order: the smallest ones."""
    groups, end = [], len(notes)
    for size in _sizes(len(notes)):
        groups.append(tuple(notes[end - size : end]))
        end -= size
    return groups
