"""Makes Ape take its snapshots in the right order, whatever other files name their fixtures.

Ape sorts a test's fixtures by scope, to take a module's snapshot before the module's fixtures. It looks the scopes up
by name among the fixtures of all files: where one file's `market` is a session's and another's is a function's, the
latter, with the module's fixtures below it, comes before the snapshot, and what they did on chain is never taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ape.pytest.fixtures import FixtureMap


def sort_by_own_scopes() -> None:
    """From now on a test's fixtures are sorted by the scopes of those that it really uses."""
    FixtureMap._arg2fixturedefs = property(_own)  # type: ignore[method-assign, assignment]


def _own(fixtures: FixtureMap) -> Mapping[str, Sequence[Any]]:
    """By name, the definition that the test uses: the last, which overrides the others."""
    return {name: known[-1:] for name, known in fixtures._item._fixtureinfo.name2fixturedefs.items()}
