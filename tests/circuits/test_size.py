"""The circuits' sizes."""

from __future__ import annotations

import json

from offchain.zk.circuits import CIRCUITS
from offchain.zk.compiler import SNAPSHOT
from tests.circuits.system import System


def test_size_is_as_last_accepted(circuit: str, system: System) -> None:
    """Z5 no circuit has more constraints than its limit, nor another number than last accepted."""
    count = len(system.constraints)
    assert count <= CIRCUITS[circuit].max_constraints
    assert count == json.loads(SNAPSHOT.read_text())[circuit]
