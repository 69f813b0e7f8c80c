"""The circuits as the project compiles them."""

from __future__ import annotations

import pytest

from offchain.zk.circuits import CIRCUITS
from offchain.zk.compiler import Compiled, compile_circuit
from tests.circuits.system import System


@pytest.fixture(scope="session", params=CIRCUITS)
def circuit(request: pytest.FixtureRequest) -> str:
    """The name of each circuit."""
    return str(request.param)


@pytest.fixture(scope="session")
def compiled(circuit: str) -> Compiled:
    """The compiled circuit; compiled once, until its sources change."""
    return compile_circuit(CIRCUITS[circuit])


@pytest.fixture(scope="session")
def system(compiled: Compiled) -> System:
    """The circuit's constraints."""
    return System(compiled.r1cs)
