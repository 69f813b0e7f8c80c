"""The vectors that the wallet in the browser is tested with are what the wallet in Python makes now."""

from __future__ import annotations

from tests.dashboard.vectors import FILE, text


def test_vectors_are_those_of_python() -> None:
    """P3 P9 the committed file is what `python -m tests.dashboard.vectors` writes."""
    assert FILE.read_text() == text()
