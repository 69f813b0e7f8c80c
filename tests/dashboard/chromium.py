"""Runs a test file of the dashboard in a real Chromium, and keeps its pictures."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from offchain.environment import PROJECT
from tests import programs
from tests.dashboard.package import npx

CHROMIUM = os.environ.get("OPENMG_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES = PROJECT / "reports" / "dashboard"

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and not programs.REQUIRED,
    reason="no Chromium here: `apt-get install chromium`, or name one in OPENMG_CHROMIUM",
)


def in_chromium(file: str, folder: Path, content: Mapping[str, Any], passed: int) -> None:
    """Runs `test/<file>.test.ts` with a description of what is there, and expects so many tests to pass."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    described = folder / f"{file}.json"
    described.write_text(json.dumps({**content, "pictures": str(PICTURES)}))
    environment = {"OPENMG_SCENE": str(described), "OPENMG_CHROMIUM": CHROMIUM or ""}
    printed = npx("vitest", "run", "--reporter=verbose", f"test/{file}.test.ts", environment=environment)
    assert re.search(rf"Tests\s+{passed} passed", printed), printed
