"""Runs the commands of the dashboard's own npm package, where its packages are installed."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Mapping

import pytest

from offchain.environment import PROJECT
from tests import programs

DASHBOARD = PROJECT / "offchain" / "dashboard"
INSTALLED = (DASHBOARD / "node_modules" / ".package-lock.json").exists()
SECONDS = 600
NOT_SOURCES = ("node_modules", "dist", "test", "__pycache__")

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
    assert done.returncode == 0, done.stdout
    return done.stdout


def build_page() -> None:
    """Builds the page, unless it is newer than all that it is built of: another test may be showing it."""
    with (DASHBOARD / "node_modules" / ".page.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        page = DASHBOARD / "dist" / "index.html"
        tops = (top for top in DASHBOARD.iterdir() if top.name not in NOT_SOURCES)
        sources = [path for top in tops for path in (top, *top.rglob("*")) if path.is_file()]
        if not page.exists() or page.stat().st_mtime < max(path.stat().st_mtime for path in sources):
            npx("vite", "build")
