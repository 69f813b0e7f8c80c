"""Which notes an operation spends, and what is merged before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.wallet.note import ETH, TREE_LEAVES, Note, OwnedNote
from offchain.wallet.selection import INPUTS, MERGED, FundsError, most, select


def notes_of(*amounts: int, first: int = 0) -> list[OwnedNote]:
    return [OwnedNote(Note(ETH, amount, 0, 0), first + place, first + place) for place, amount in enumerate(amounts)]


AMOUNTS = st.lists(st.integers(1, 1000), min_size=1, max_size=40)


@given(AMOUNTS, st.data(), st.sampled_from([0, 0, 1, 7]))
@settings(max_examples=400, deadline=None)
def test_following_the_plan_always_ends_with_enough(amounts: list[int], data: st.DataObject, fee: int) -> None:
    """P1: nothing is spent twice, every merge is possible, each round is one less, and the inputs suffice."""
    notes = notes_of(*amounts)
    needed = data.draw(st.integers(1, sum(amounts)))
    try:
        plan = select(notes, [], needed, fee)
    except FundsError:
        assert fee > 0  # merging free of charge always gets there
        assert sum(sorted(amounts)[-INPUTS:]) < needed
        return
    while plan.rounds:
        assert plan.inputs == ()
        for group in plan.consolidations:
            assert 2 <= len(set(group)) <= MERGED
            merged = sum(note.amount for note in group) - fee
            assert merged > 0
            notes = [note for note in notes if note not in group]  # a note in two groups would be missing here
            notes += notes_of(merged, first=max(note.position for note in notes_of(1) + notes) + 1000)
        before, plan = plan, select(notes, [], needed, fee)
        assert plan.rounds == before.rounds - 1
    assert 1 <= len(plan.inputs) <= INPUTS
    assert len(set(plan.inputs)) == len(plan.inputs)
    assert sum(note.amount for note in plan.inputs) >= needed


@given(AMOUNTS, AMOUNTS, st.integers(1, 10**6))
@settings(max_examples=200, deadline=None)
def test_an_error_says_how_much_is_there(spendable: list[int], waiting: list[int], needed: int) -> None:
    """P9: not enough, or not yet."""
    held, queued = sum(spendable), sum(waiting)
    if needed <= held:
        return
    with pytest.raises(FundsError) as refused:
        select(notes_of(*spendable), notes_of(*waiting, first=1000), needed)
    if needed > held + queued:
        assert str(refused.value) == f"not enough: {needed} are needed, {held + queued} are there"
    else:
        assert f"not yet: {needed} are needed, {held} can be spent; {queued} wait" in str(refused.value)


def test_the_smallest_note_that_is_enough_is_taken() -> None:
    plan = select(notes_of(100, 5, 20, 50), [], 18)
    assert [note.amount for note in plan.inputs] == [20]


def test_the_pair_with_least_change_is_taken() -> None:
    plan = select(notes_of(60, 45, 30, 10), [], 70)
    assert sorted(note.amount for note in plan.inputs) == [10, 60]


def test_merging_takes_as_few_steps_as_may_be() -> None:
    assert select(notes_of(1, 1, 1), [], 3).rounds == 1
    assert select(notes_of(*[1] * 8), [], 8).rounds == 1
    assert len(select(notes_of(*[1] * 8), [], 8).consolidations) == 2
    assert select(notes_of(*[1] * 9), [], 9).rounds == 2
    assert select(notes_of(*[1] * 32), [], 32).rounds == 2
    assert select(notes_of(*[1] * 33), [], 33).rounds == 3


def test_only_notes_of_one_tree_are_spent_together() -> None:
    """P9: what lies in two trees can't be spent at once, and the error says how much can."""
    notes = [*notes_of(50), *notes_of(40, first=TREE_LEAVES)]
    assert select(notes, [], 50).inputs == (notes[0],)
    assert select(notes, [], 40).inputs == (notes[1],) or select(notes, [], 40).inputs == (notes[0],)
    with pytest.raises(FundsError, match="lie in 2 trees and an operation spends from one: 50 at the most"):
        select(notes, [], 60)


def test_merging_that_costs_too_much_is_refused() -> None:
    """P9: fees count."""
    assert select(notes_of(10, 10, 10), [], 25, merge_fee=5).rounds == 1
    with pytest.raises(FundsError, match="merging the notes costs fees"):
        select(notes_of(10, 10, 10), [], 26, merge_fee=5)
    with pytest.raises(FundsError, match="not enough: 1 are needed, 0 are there"):
        select([], [], 1)


@given(AMOUNTS, AMOUNTS, st.sampled_from([0, 1, 7, 60]), st.sampled_from([0, 1, 7]))
@settings(max_examples=300, deadline=None)
def test_the_most_is_just_what_can_be_spent(old: list[int], new: list[int], fee: int, merge_fee: int) -> None:
    """P1 so much can be spent and not one unit more, whatever the notes, the trees they lie in, and the fees."""
    notes = [*notes_of(*old), *notes_of(*new, first=TREE_LEAVES)]
    found = most(notes, fee, merge_fee)
    if found:
        select(notes, [], found + fee, merge_fee)
    with pytest.raises(FundsError):
        select(notes, [], found + fee + 1, merge_fee)


def test_the_most_of_nothing() -> None:
    assert most([], 0, 0) == most(notes_of(3, 3), 7, 0) == 0
    assert most(notes_of(5, 5, 5), 2, 1) == 12
    assert most(notes_of(5, 5, 1), 2, 3) == 8
