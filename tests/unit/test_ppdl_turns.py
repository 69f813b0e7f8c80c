"""Who does what first of the work that anyone in a round may do."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from offchain.ppdl.aggregation.graph import RoundKeys
from offchain.ppdl.network.registry import Phase, Round
from offchain.ppdl.network.turns import PATIENCE, Turns

HOMES = [bytes([number]) * 20 for number in range(1, 10)]
STRANGERS = [bytes([number]) * 20 for number in range(100, 103)]


def round_of(number: int) -> Round:
    return Round(number, Phase.POSTED, 0, 0, tuple(RoundKeys(home, bytes(32), bytes(32)) for home in HOMES))


def done(
    pieces: int, dead: Collection[bytes] = (), number: int = 5, seconds: int = 60
) -> dict[int, list[tuple[int, int]]]:
    """By piece of some work when each does it, and who: each does one piece a second, as far as it sees one that was
    there to be done when the second began."""
    turns = {at: Turns(home) for at, home in enumerate(HOMES) if home not in dead}
    found: dict[int, list[tuple[int, int]]] = {}
    for now in range(seconds):
        there = set(range(pieces)) - found.keys()
        for at, one in turns.items():
            order = one.own_first(round_of(number), pieces)
            due = [piece for piece in order if piece in there and one.has_come(round_of(number), piece, now, 20, piece)]
            if due:
                found.setdefault(due[0], []).append((now, at))
    return found


@pytest.mark.parametrize("pieces", [1, 9, 12, 40])
def test_all_together_do_each_piece_once(pieces: int) -> None:
    """P7 at once, and in as many steps as it takes; only of the last ones some may be done by two."""
    found = done(pieces)
    last = (pieces - 1) // len(HOMES)
    assert sorted(found) == list(range(pieces))
    assert max(now for who in found.values() for now, _ in who) == last
    for who in found.values():
        assert len(who) == 1 or (len(who) == 2 and {now for now, _ in who} == {last} and last >= PATIENCE)


@pytest.mark.parametrize("number", [1, 5, 9])
def test_what_the_dead_leave_is_done_by_those_after_them(number: int) -> None:
    """P7 piece by piece, by whose turn is next."""
    found = done(18, dead=HOMES[2:4], number=number)
    assert sorted(found) == list(range(18))
    assert {at for who in found.values() for _, at in who} == {0, 1, 4, 5, 6, 7, 8}
    assert max(now for who in found.values() for now, _ in who) == 2 * PATIENCE + 1
    assert [at for who in found.values() for now, at in who if now >= 2] == [4] * 4


def test_the_turn_of_one_thing_is_another_ones_in_each_round() -> None:
    """P7"""
    for number in (1, 2, 11):
        (who,) = done(1, number=number).values()
        assert who == [(0, number % len(HOMES))]


def test_strangers_let_all_others_go_first() -> None:
    """P7 and begin with different pieces, too."""
    turns = [Turns(stranger) for stranger in STRANGERS]
    assert len({one.own_first(round_of(5), 9)[0] for one in turns}) == len(STRANGERS)
    for one in turns:
        assert not one.has_come(round_of(5), "sum", 1_000)
        assert not one.has_come(round_of(5), "sum", 1_000 + PATIENCE * len(HOMES) - 1)
        assert one.has_come(round_of(5), "sum", 1_000 + 2 * PATIENCE * len(HOMES))
    assert Turns(STRANGERS[0]).has_come(Round(1, Phase.OPEN, 0, 0), "closing", 7)
