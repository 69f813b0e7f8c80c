"""Participants of other packages live through a season, and what goes wrong in one ends it in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from offchain.extensions import ExtensionError
from offchain.simulate.season.auction import Auction
from offchain.simulate.season.behaviours import BEHAVIOURS
from offchain.simulate.season.behaviours.added import ParticipantError
from offchain.simulate.season.inputs import Choices, season_of
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.season import Season
from tests.added_package import added_package, documented

THEIRS = f"""
from __future__ import annotations

import numpy as np

from offchain.simulate.season.behaviour import Order, Plan, Side

{documented("class Abstainer:")}

class Counting(Abstainer):
    def orders(self, own, view, exported, imported):
        yield Order(Side.BUY, np.int64(imported), np.float32(view.tariff[0]), np.int8(own.microgrid))

class Mute(Abstainer):
    def plan(self, own, view):
        return None

class Vague(Abstainer):
    def orders(self, own, view, exported, imported):
        return [Order("give", 5, 1.0, 0)]

class Halved(Abstainer):
    def orders(self, own, view, exported, imported):
        return [Order(Side.SELL, exported / 2, 1.0, own.microgrid)]

class Failing(Abstainer):
    def orders(self, own, view, exported, imported):
        return [1 / 0 if view.hour == 3 else Order(Side.SELL, exported, 1.0, own.microgrid)]

class Unborn(Abstainer):
    def __init__(self):
        pass
"""


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Installs their participants."""

    def installed(**points: str) -> None:
        monkeypatch.delitem(sys.modules, "their_homes", raising=False)
        added_package(tmp_path, monkeypatch, "their_homes", THEIRS, {BEHAVIOURS.group: points})

    return installed


def season(kind: str) -> Season:
    """A day of six homes, of which the last one is of a kind."""
    found = season_of(Choices(homes=6, days=1)).season
    return replace(found, homes=[*found.homes[:-1], replace(found.homes[-1], behaviour=kind)])


def lived(season: Season) -> Ledger:
    """What happened in an auction."""
    world = Auction(season, lambda hour: np.zeros((24, len(season.microgrids))))
    assert list(world.run()) == list(range(season.hours))
    return world.ledger


def test_another_packages_participants_take_part(add: Callable[..., None]) -> None:
    """J1 by the name of their kind, among the project's own, with numbers of any library."""
    add(abstainer="Abstainer", counting="Counting")
    assert BEHAVIOURS.names() == sorted([*BEHAVIOURS.own, "abstainer", "counting"])
    idle, buying, honest = (lived(season(kind)) for kind in ("abstainer", "counting", "honest"))
    assert idle.sold[:, -1].sum() == idle.bought[:, -1].sum() == 0
    assert buying.bought[:, -1].sum() > 0
    assert honest.bought[:, -1].sum() > 0
    assert idle.bought[:, :-1].sum() > 0


def test_the_projects_own_come_the_same_way() -> None:
    """J1 each can be loaded by its name."""
    assert {"honest", "speculator", "hoarder", "wash-trader", "sandwich", "responsive"} == set(BEHAVIOURS.own)
    assert all(callable(BEHAVIOURS.load(name)) for name in BEHAVIOURS.own)


@pytest.mark.parametrize(
    ("attribute", "why"),
    [
        ("Mute", "a participant of kind theirs fails in hour 0: AttributeError: 'NoneType' object has no attribute"),
        ("Vague", "a participant of kind theirs fails in hour 0: ValueError: 'give' is not a valid Side"),
        ("Halved", "a participant of kind theirs fails in hour 0: TypeError: 'float' object cannot be interpreted"),
        ("Failing", "a participant of kind theirs fails in hour 3: ZeroDivisionError: division by zero"),
        ("Unborn", "a participant of kind theirs can't be made: TypeError"),
    ],
)
def test_participants_that_fail(add: Callable[..., None], attribute: str, why: str) -> None:
    """P9 J2 the kind, the hour and what went wrong, in one line."""
    add(theirs=attribute)
    with pytest.raises(ParticipantError) as refused:
        lived(season("theirs"))
    assert str(refused.value).startswith(why)
    assert "\n" not in str(refused.value)


def test_kinds_that_are_none(add: Callable[..., None]) -> None:
    """P9 J2 a package that can't be loaded harms nobody who doesn't ask for it."""
    add(theirs="Absent", hoarder="Abstainer")
    with pytest.raises(ExtensionError, match="kind of participant theirs can't be loaded from their_homes:Absent"):
        lived(season("theirs"))
    with pytest.raises(ExtensionError, match="kind of participant hoarder is there more than once"):
        lived(season("hoarder"))
    with pytest.raises(ExtensionError, match="there is no kind of participant saint: there are hoarder, honest"):
        lived(season("saint"))
