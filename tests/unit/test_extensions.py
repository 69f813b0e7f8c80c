"""What others add by entry points: picked up by name, and named in one line where it can't be used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from offchain.errors import UserError
from offchain.extensions import ExtensionError, ExtensionPoint
from offchain.metering.readings_tree import Reading
from offchain.metering.source import SOURCES, Epoch, SourceError, read
from tests.added_package import added_package

Add = Callable[..., None]
EPOCH = Epoch("MG1", 10, 900)

DESK = """
    import numpy as np

    from offchain.metering.readings_tree import Reading

    def sums(place, epoch):
        return [Reading(np.int64(5), epoch.start, len(place)), Reading(6, epoch.length, 0)]

    def broken(place, epoch):
        yield Reading(5, 1, 2)
        raise ValueError("page 2\\nis missing")

    def rows(place, epoch):
        return [{"commitment": 5, "exported": 1, "imported": 2}]

    def halves(place, epoch):
        return [Reading(5, 1.5, 2)]

    nothing = 5
"""


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """Installs a module with meter sources."""

    def installed(module: str, source: str, points: Mapping[str, str]) -> None:
        monkeypatch.delitem(sys.modules, module, raising=False)
        added_package(tmp_path, monkeypatch, module, source, {SOURCES.group: points})

    return installed


def test_another_packages_source_is_found_and_used(add: Add) -> None:
    """J1 by its name, beside the project's own; it is told the place and the epoch, and whole numbers come out."""
    add("their_desk", DESK, {"desk": "sums"})
    assert SOURCES.names() == ["csv", "desk", "history"]
    readings = read(SOURCES.load("desk"), "http://x", EPOCH)
    assert readings == [Reading(5, 9000, 8), Reading(6, 900, 0)]
    assert {type(number) for reading in readings for number in vars(reading).values()} == {int}


def test_the_projects_own_come_the_same_way(tmp_path: Path) -> None:
    """J1 each can be loaded by its name."""
    file = tmp_path / "readings.csv"
    file.write_text("commitment,exported,imported\n0x5,1,2\n")
    assert read(SOURCES.load("csv"), str(file), EPOCH) == [Reading(5, 1, 2)]
    with pytest.raises(UserError, match="there is no database"):
        read(SOURCES.load("history"), f"sqlite:///{tmp_path}/none.db", EPOCH)
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("attribute", "why"),
    [
        ("broken", "the readings of epoch 10 can't be had: ValueError: page 2 is missing"),
        ("rows", "{'commitment': 5, 'exported': 1, 'imported': 2} is no reading in whole Wh"),
        ("halves", "Reading(commitment=5, exported=1.5, imported=2) is no reading in whole Wh"),
    ],
)
def test_a_source_that_fails(add: Add, attribute: str, why: str) -> None:
    """P9 J2 whatever goes wrong in it is one line."""
    add(f"their_{attribute}", DESK, {"desk": attribute})
    with pytest.raises(SourceError) as refused:
        read(SOURCES.load("desk"), "", EPOCH)
    assert str(refused.value).startswith(why)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "attribute", "why"),
    [
        ("import nowhere_to_be_found", "sums", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("1 / 0", "sums", "ZeroDivisionError: division by zero"),
        ("def sums(", "sums", "SyntaxError"),
        (DESK, "absent", "has no attribute 'absent'"),
        (DESK, "nothing", "it can't be called"),
    ],
)
def test_a_package_that_is_broken(add: Add, source: str, attribute: str, why: str) -> None:
    """P9 J2 named with where it is; the others work."""
    module = "their_module"
    add(module, source, {"desk": attribute})
    with pytest.raises(ExtensionError) as refused:
        SOURCES.load("desk")
    assert str(refused.value).startswith(f"meter source desk can't be loaded from {module}:{attribute}: ")
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
    assert callable(SOURCES.load("csv"))


def test_names_that_are_none_or_two(add: Add) -> None:
    """P9 J2 an unknown name, and one that another package gives to something else: neither the project's nor the
    other's is taken."""
    with pytest.raises(ExtensionError, match=r"there is no meter source xml: there are csv, history$"):
        SOURCES.load("xml")
    add("their_csv", DESK, {"csv": "sums"})
    with pytest.raises(ExtensionError, match=r"meter source csv is there more than once: offchain.*, their_csv:sums"):
        SOURCES.load("csv")
    assert ExtensionPoint[Callable[..., None]]("openmg.none", "thing", {}).names() == []
