"""Which of the requests that a relayer works on may be sent."""

from __future__ import annotations

from contextlib import AbstractContextManager
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from offchain.relayer.work import Piece, Work

MARKS = st.frozensets(st.integers(0, 5), max_size=3)
REQUESTS = 4


class Asking(RuleBasedStateMachine):
    """Callers come with a few requests, each of fixed marks, and go in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.work = Work()
        self.marks: dict[int, frozenset[int]] = {}
        self.held: list[tuple[int, AbstractContextManager[Piece], Piece]] = []

    @rule(number=st.integers(0, REQUESTS - 1), marks=MARKS)
    def come(self, number: int, marks: frozenset[int]) -> None:
        block = self.work.on(bytes([number]), self.marks.setdefault(number, marks))
        self.held.append((number, block, block.__enter__()))

    @precondition(lambda self: self.held)
    @rule(place=st.integers(0, 100), fails=st.booleans())
    def go(self, place: int, fails: bool) -> None:
        _, block, _ = self.held.pop(place % len(self.held))
        error = ValueError() if fails else None
        assert not block.__exit__(ValueError if fails else None, error, None)

    @invariant()
    def the_first_to_spend_a_mark_has_it(self) -> None:
        """L2 whoever came before with another request and the same mark is in the way until it has gone."""
        for place, (number, _, piece) in enumerate(self.held):
            before = [other for other, _, _ in self.held[:place] if other != number]
            rival = any(self.marks[other] & self.marks[number] for other in before)
            assert self.work.is_first(piece) is not rival

    @invariant()
    def copies_share_a_turn(self) -> None:
        """L2 those of one request take turns, those of others don't wait for them."""
        for (one, _, mine), (other, _, theirs) in pairwise(sorted(self.held, key=lambda held: held[0])):
            assert (mine.turn is theirs.turn) == (one == other)


TestAsking = Asking.TestCase


def test_copies_that_go_leave_the_first_in_its_place() -> None:
    """L2 a rival stays refused when one of two copies has gone."""
    work, marks = Work(), frozenset([1])
    with work.on(b"a", marks) as first:
        with work.on(b"b", marks) as rival:
            with work.on(b"a", marks) as copy:
                assert work.is_first(first)
                assert not work.is_first(rival)
                assert not work.is_first(copy)
            assert not work.is_first(rival)
        with work.on(b"a", marks) as copy:
            assert work.is_first(copy)
