"""Which notes an operation spends: two at the most, of one tree; more are merged first, four into one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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


class NotYetSpendable(FundsError):
    """The notes suffice once those that wait are flushed."""


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
        raise NotYetSpendable(
            f"not yet: {shown(needed)} are needed, {shown(held)} can be spent; {shown(queued)} wait for the next flush"
        )
    if len(trees) > 1:
        best = max(sum(note.amount for note in spendable if note.tree == tree) for tree in trees)
        raise FundsError(
            f"the notes lie in {len(trees)} trees and an operation spends from one: {shown(best)} at the most; send "
            "the notes of the older tree to yourself first"
        )
    raise FundsError(f"not enough: merging the notes costs fees, which leaves less than {shown(needed)}")


def most(spendable: Sequence[OwnedNote], fee: int, merge_fee: int) -> int:
    """The most base units that one operation can take of notes of one asset, beside its fee and one for each merge; 0
    if they don't even pay these."""
    trees = {note.tree for note in spendable}
    found = [0]
    for tree in trees:
        notes = [note for note in spendable if note.tree == tree]
        largest = sorted((note.amount for note in notes), reverse=True)[:INPUTS]
        found += [sum(largest) - fee, *(left - fee for left, _, _ in _merges(notes, merge_fee))]
    return max(found)


def merges(count: int) -> list[int]:
    """How many consolidations each round has, until two of so many notes are left."""
    rounds = []
    while count > INPUTS:
        sizes = _sizes(count)
        rounds.append(len(sizes))
        count -= sum(sizes) - len(sizes)
    return rounds


def _plan(notes: Sequence[OwnedNote], needed: int, merge_fee: int) -> Plan | None:
    """The plan within one tree, None if its notes aren't enough."""
    few = _one_or_two(notes, needed)
    if few:
        return Plan(few)
    for left, merged, rounds in _merges(notes, merge_fee):
        if left >= needed:
            return Plan((), tuple(merged), rounds)
    return None


def _merges(notes: Sequence[OwnedNote], merge_fee: int) -> Iterator[tuple[int, list[tuple[OwnedNote, ...]], int]]:
    """What is left of three and more of the largest notes once they are merged to two, the groups of the first round,
    and how many rounds that takes; only where each merge brings more than it costs."""
    largest = sorted(notes, key=lambda note: note.amount, reverse=True)
    for count in range(INPUTS + 1, len(largest) + 1):
        used, rounds = largest[:count], merges(count)
        merged = _merged(used)
        if min(sum(note.amount for note in group) for group in merged) > merge_fee:
            yield sum(note.amount for note in used) - merge_fee * sum(rounds), merged, len(rounds)


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
