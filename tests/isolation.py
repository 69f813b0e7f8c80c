"""A chain that isn't taken back after a test ends the run: Ape passes over it, and later tests fail for no reason."""

from __future__ import annotations

from typing import Any

import pytest
from ape.pytest.fixtures import IsolationManager
from ape.pytest.utils import Scope

_heights: dict[Any, tuple[Any, int]] = {}


def check_isolation() -> None:
    """From now on, after each restoration the chain must be as high as it was when it was saved."""
    save, restore = IsolationManager.set_snapshot, IsolationManager.restore_snapshot

    def set_snapshot(self: Any, scope: Scope) -> None:
        save(self, scope)
        found = self.snapshots.get_snapshot_id(scope)
        if found is not None:
            _heights[scope] = (found, self.provider.web3.eth.block_number)

    def restore_snapshot(self: Any, scope: Scope) -> None:
        found = self.snapshots.get_snapshot_id(scope)
        restore(self, scope)
        saved, height = _heights.pop(scope, (None, 0))
        now = self.provider.web3.eth.block_number
        if found is not None and (found != saved or now != height):
            pytest.exit(f"chain {self.provider.chain_id} at block {now} wasn't taken back to {height} ({saved})", 3)

    IsolationManager.set_snapshot = set_snapshot  # type: ignore[method-assign]
    IsolationManager.restore_snapshot = restore_snapshot  # type: ignore[method-assign]
