"""Runs the commands of the dashboard's own npm package, where its packages are installed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

import pytest

from offchain.environment import PROJECT
from tests import programs

DASHBOARD = PROJECT / "offchain" / "dashboard"
INSTALLED = (DASHBOARD / "node_modules" / ".package-lock.json").exists()
SECONDS = 600

needs_packages = pytest.mark.skipif(
    not INSTALLED and not programs.REQUIRED,
    reason="the dashboard's npm packages are missing: run `npm ci` in offchain/dashboard",
)


def npx(*words: str, environment: Mapping[str, str] | None = None) -> str:
    """What a command of the package prints; fails the test with it if the command fails."""
    done = subprocess.run(
        ["npx", "--no-install", *words],
        cwd=DASHBOARD,
        env={**os.environ, "NO_COLOR": "1", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout
