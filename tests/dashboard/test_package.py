"""The dashboard's own tests against the vectors."""

from __future__ import annotations

import re

from tests.dashboard.package import needs_packages, npx


@needs_packages
def test_wallet_makes_what_python_makes() -> None:
    """P2 P3 P9 keys, notes, ciphertexts, requests and trees are the same in both languages, byte by byte."""
    printed = npx("vitest", "run")
    found = re.search(r"Tests\s+(\d+) passed", printed)
    assert found, printed
    assert int(found[1]) > 90
