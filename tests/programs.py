"""Programs that some tests run: a machine without one skips those tests and says so."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

REQUIRED = bool(os.environ.get("OPENMG_REQUIRE_PROGRAMS"))
"""Set where every program must be there, and a test that would be skipped fails."""


def missing(reason: str) -> NoReturn:
    """Ends a test that lacks a program: skipped, or failed where all are required."""
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)
