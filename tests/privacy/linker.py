"""Somebody who reads the whole chain and tries to link what households do.

It asks questions such as "whose is this payment?" and has several ways to guess; each guesses every question. Where the
chain tells nothing, a guess among n candidates is right once in n times, and the number of right guesses has a known
distribution, from which follows how unlikely a result is.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tests.privacy.week import Deed, Seen, Week

WINDOW = 8
"""Bytes; two random 8-byte strings among all that a week shows are the same with a chance below 2^-25."""


@dataclass(frozen=True)
class Question:
    """Which of the candidates belongs to `target`? The place of the right one is `answer`."""

    task: str
    target: Seen
    candidates: list[Seen]
    answer: int
    place: float
    """Where the target stands in the order of its like: from 0 to below 1."""


@dataclass(frozen=True)
class Result:
    """How a way of guessing did on one kind of question."""

    task: str
    way: str
    right: int
    asked: int
    expected: float
    chance: float
    """That pure guessing is right as often, or more often."""


def questions(week: Week) -> Iterator[Question]:
    """All that is asked of a week, with candidates of the same kind, in the order in which they were mined."""
    for deed in week.deeds:
        epoch, microgrid = deed.epoch, week.microgrids[deed.home]
        if deed.kind == "pay":
            alike = week.of("pay", epoch)
            yield _question("transfer: who swapped before", deed, alike, week.of("sell", epoch))
            yield _question("transfer: who pays, of those that brought ETH in", deed, alike, week.shields)
            settled = week.of("settle", epoch)
            yield _question("transfer: who is paid, of those that settle", deed, alike, settled, deed.other)
        else:
            alike, issued = week.of(deed.kind, epoch, microgrid), week.of("issue", epoch, microgrid)
            if deed.kind != "issue":
                yield _question(f"{deed.kind}: who issued before", deed, alike, issued)
            if deed.kind != "sell":
                homes = [number for number, name in enumerate(week.microgrids) if name == microgrid]
                meters = [week.meters[number] for number in homes]
                place = alike.index(deed) / len(alike)
                yield Question(f"{deed.kind}: which meter", deed.seen, meters, homes.index(deed.home), place)
        for kind, made, home, _ in deed.sources:
            made_then = week.shields if kind == "shield" else week.of(kind, made)
            yield _question(f"nullifier: of which {kind}'s note", deed, week.of(deed.kind, epoch), made_then, home)


def _question(
    task: str, deed: Deed, alike: Sequence[Deed], others: Sequence[Deed], home: int | None = None
) -> Question:
    """Which of the others is the deed's home's, or that of another home?"""
    homes = [other.home for other in others]
    answer = homes.index(deed.home if home is None else home)
    return Question(task, deed.seen, [other.seen for other in others], answer, alike.index(deed) / len(alike))


Way = Callable[[Question, Seen], float]
"""How well a candidate fits; the best is guessed."""


class Linker:
    """Guesses, with a fixed seed where candidates fit equally well."""

    def __init__(self, week: Week, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._questions = list(questions(week))
        everything = [*(deed.seen for deed in (*week.deeds, *week.shields)), *week.meters]
        self._index = Index(everything)
        self._ways: dict[str, Way] = {
            "shared bytes": lambda question, seen: self._index.shared(question.target, seen),
            "same order": lambda question, seen: -abs(question.place - _place(question, seen)),
            "reverse order": lambda question, seen: -abs(1 - question.place - _place(question, seen)),
            "latest": lambda question, seen: seen.block,
            "earliest": lambda question, seen: -seen.block,
            "length of ciphertexts": lambda question, seen: -abs(question.target.ciphertexts - seen.ciphertexts),
            "gas": lambda question, seen: -abs(question.target.gas - seen.gas),
            "time to the deadline": lambda question, seen: -abs(_slack(question.target) - _slack(seen)),
            "nearest numbers": lambda question, seen: -_distance(question.target, seen),
            "fewest other bits": lambda question, seen: -_bits(question.target, seen),
            "amounts": lambda question, seen: -_ratio(question.target, seen),
            "same sender": lambda question, seen: question.target.sender == seen.sender,
        }

    def results(self) -> list[Result]:
        """Every way on every kind of question."""
        found = []
        for task in sorted({question.task for question in self._questions}):
            asked = [question for question in self._questions if question.task == task]
            for name, way in self._ways.items():
                right = sum(self._guess(question, way) == question.answer for question in asked)
                chances = [1 / len(question.candidates) for question in asked]
                found.append(Result(task, name, right, len(asked), sum(chances), at_least(right, chances)))
        return found

    def _guess(self, question: Question, way: Way) -> int:
        scores = [way(question, seen) for seen in question.candidates]
        best = max(scores)
        return self._random.choice([place for place, score in enumerate(scores) if score == best])


class Index:
    """Which transactions hold which 8 bytes; the rarer they are, the more a shared one tells."""

    def __init__(self, everything: Sequence[Seen]) -> None:
        self._windows = {id(seen): _windows(seen.data) for seen in everything}
        self._count = len(everything)

    @cached_property
    def _holders(self) -> Counter[bytes]:
        return Counter(window for windows in self._windows.values() for window in windows)

    def shared(self, one: Seen, other: Seen) -> float:
        """What both share that few others have."""
        both = self._windows[id(one)] & self._windows[id(other)]
        return sum(math.log(self._count / self._holders[window]) for window in both)


def _windows(data: bytes) -> set[bytes]:
    return {data[start : start + WINDOW] for start in range(len(data) - WINDOW + 1)}


def at_least(right: int, chances: Sequence[float]) -> float:
    """The chance of so many right guesses or more, each with its own chance."""
    distribution = [1.0]
    for chance in chances:
        missed = [value * (1 - chance) for value in distribution] + [0.0]
        hit = [0.0] + [value * chance for value in distribution]
        distribution = [one + other for one, other in zip(missed, hit, strict=True)]
    return sum(distribution[right:])


def _place(question: Question, seen: Seen) -> float:
    """Where a candidate stands in their order."""
    return [id(candidate) for candidate in question.candidates].index(id(seen)) / len(question.candidates)


def _slack(seen: Seen) -> int:
    return seen.deadline - seen.time if seen.deadline else 0


def _distance(one: Seen, other: Seen) -> int:
    return min(abs(a - b) for a in one.numbers for b in other.numbers)


def _bits(one: Seen, other: Seen) -> int:
    return min((a ^ b).bit_count() for a in one.numbers for b in other.numbers)


def _ratio(one: Seen, other: Seen) -> float:
    if not one.amounts or not other.amounts:
        return 0.0
    return min(abs(math.log(a / b)) for a in one.amounts for b in other.amounts)
