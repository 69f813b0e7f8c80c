"""Makes Ape take its snapshots in the right order, whatever other files name their fixtures, and only for tests that
use its chain.

Ape sorts a test's fixtures by scope, to take a module's snapshot before the module's fixtures. It looks the scopes up
by name among the fixtures of all files: where one file's `market` is a session's and another's is a function's, the
latter, with the module's fixtures below it, comes before the snapshot, and what they did on chain is never taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ape.pytest.fixtures import FixtureMap
from ape.pytest.runners import PytestApeRunner

ON_CHAIN = {"accounts", "chain", "networks", "project"}
"""Ape's own fixtures that lead to its chain."""

_set_up = PytestApeRunner._setup_isolation


def sort_by_own_scopes() -> None:
    """From now on a test's fixtures are sorted by the scopes of those that it really uses."""
    FixtureMap._arg2fixturedefs = property(_own)  # type: ignore[method-assign, assignment]


def _own(fixtures: FixtureMap) -> Mapping[str, Sequence[Any]]:
    """By name, the definition that the test uses: the last, which overrides the others."""
    return {name: known[-1:] for name, known in fixtures._item._fixtureinfo.name2fixturedefs.items()}


def isolate_what_is_on_chain() -> None:
    """From now on Ape takes and restores no snapshots for tests that use none of its fixtures, not even through others.
    What all tests of a folder share, made before any of them, doesn't count."""
    PytestApeRunner._setup_isolation = _set_up_on_chain  # type: ignore[method-assign]


def _set_up_on_chain(runner: PytestApeRunner, item: pytest.Function) -> None:
    if is_on_chain(item):
        _set_up(runner, item)  # type: ignore[no-untyped-call]


def is_on_chain(item: pytest.Function) -> bool:
    """Whether a test can change Ape's chain."""
    found = item._fixtureinfo
    own = {name: known[-1] for name, known in found.name2fixturedefs.items()}
    shared = {name for name, fixture in own.items() if fixture.scope == "session"} - set(found.argnames)
    left, used = [name for name in found.initialnames if name not in shared], set[str]()
    while left:
        name = left.pop()
        if name not in used:
            used.add(name)
            left += own[name].argnames if name in own else ()
    return not used.isdisjoint(ON_CHAIN)
