"""The campaign that takes constraints out sees every constraint, and the tests notice; it runs whole by itself
(`make circuit-mutation`)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.circuit_mutation import COMMENT, GADGETS, make_copy, mutants, noticed, outcome
from offchain.environment import PROJECT

ALL = list(mutants())


@pytest.fixture
def copy(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The circuits with small trees."""
    folder = PROJECT / ".build" / "mutants" / "test"
    yield make_copy(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("path", sorted(GADGETS.glob("*.circom")), ids=lambda path: path.stem)
def test_every_constraint_has_a_mutant(path: Path) -> None:
    """Z6 each statement that constrains is taken out, wherever it stands."""
    source = COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), path.read_text())
    statements = re.findall(r"===|<==", source)
    assert len(statements) == len({(mutant.line, mutant.text) for mutant in ALL if mutant.path == path}) > 0


@pytest.mark.parametrize(
    ("description", "found"),
    [
        ("inputSum === outputSum", "joinsplit accepts: more comes out"),
        ("lefts[level] <== ", "is not determined"),
    ],
)
def test_mutants_are_noticed(copy: Path, description: str, found: str) -> None:
    """Z6 by a false statement that gets through, or by a signal left open; without the change by nothing."""
    (mutant,) = [mutant for mutant in ALL if mutant.text.startswith(description)]
    assert found in outcome(copy, mutant)
    assert noticed(copy, "joinsplit") == ""
