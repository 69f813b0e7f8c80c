"""The list of properties and the tests agree."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
ENTRY = re.compile(r"^- ([A-Z]\d+) .*$", re.MULTILINE)
LISTED = ENTRY.findall((TESTS / "PROPERTIES.md").read_text())


def docstrings(path: Path) -> str:
    """All docstrings of a file's tests."""
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    return "\n".join(ast.get_docstring(node) or "" for node in functions if node.name.startswith("test_"))


def test_ids_are_unique() -> None:
    """P9 no property is listed twice."""
    assert len(LISTED) == len(set(LISTED)) > 40


@pytest.mark.parametrize("identifier", LISTED)
def test_listed_property_is_tested(identifier: str) -> None:
    """P9 each file a property names has a test that names the property."""
    (line,) = [
        entry.group(0) for entry in ENTRY.finditer((TESTS / "PROPERTIES.md").read_text()) if entry[1] == identifier
    ]
    files = re.findall(r"`([^`]+\.py)`", line)
    assert files
    for name in files:
        assert re.search(rf"\b{identifier}\b", docstrings(TESTS / name)), name


def test_tested_property_is_listed() -> None:
    """P9 no unit test and no attack names a property that isn't listed."""
    named = {
        identifier
        for path in (*(TESTS / "unit").glob("test_*.py"), *(TESTS / "integration").glob("test_attacks_*.py"))
        for identifier in re.findall(r"\b[PXFTOKSHRZWCMAY]\d+\b", docstrings(path))
    }
    assert named <= set(LISTED)
