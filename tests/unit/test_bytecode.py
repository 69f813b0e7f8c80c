"""Sizes of the contracts: within what an account can hold, and as last accepted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hexbytes import HexBytes

from benchmarks.bytecode import SNAPSHOT, sizes
from offchain.blueprint import EIP170_LIMIT, PREFIX, blueprint_code

BLUEPRINTS = ["UniswapExchange", "UniswapOracleExchange"]
UPDATE = ".venv/bin/python benchmarks/bytecode.py --update"


def test_runtime_sizes() -> None:
    """X25 each deployable contract fits into an account, and is as large as last accepted."""
    found = sizes()
    assert [name for name, size in found.items() if size > EIP170_LIMIT] == []
    assert {"EnergyToken", "UniswapFactory", "ZkERC20", "MeterRegistry", *BLUEPRINTS} <= set(found)
    assert found == json.loads(SNAPSHOT.read_text()), f"sizes changed: accept them with `{UPDATE}`"


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_blueprints_fit(project: Any, name: str) -> None:
    """X25 the creation code of each exchange fits into a blueprint."""
    creation = bytes(HexBytes(getattr(project, name).contract_type.deployment_bytecode.bytecode))
    assert len(blueprint_code(creation)) == len(creation) + len(PREFIX) <= EIP170_LIMIT


def test_too_large_a_blueprint_is_refused() -> None:
    """P9 creation code too large for an account is refused with its size."""
    most = EIP170_LIMIT - len(PREFIX)
    assert len(blueprint_code(bytes(most))) == EIP170_LIMIT
    with pytest.raises(ValueError, match="a blueprint of 24577 bytes is over the limit of 24576"):
        blueprint_code(bytes(most + 1))
