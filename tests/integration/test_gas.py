"""Gas, measured and compared: with the snapshot, with Uniswap V1's own bytecode, with the best public port."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import gas

BEST_PUBLIC_PORT = {
    "addLiquidity_first": 118_665,
    "addLiquidity": 61_364,
    "removeLiquidity": 62_572,
    "ethToTokenSwapInput": 43_486,
    "default": 42_858,
    "ethToTokenSwapOutput_refund": 50_613,
    "ethToTokenSwapOutput": 43_715,
    "tokenToEthSwapInput": 56_299,
    "tokenToEthSwapOutput": 56_325,
    "tokenToTokenSwapInput": 89_367,
    "tokenToTokenSwapOutput": 92_277,
    "tokenToExchangeSwapInput": 81_939,
    "transfer": 34_355,
    "transferFrom": 42_066,
}
"""PhABC's Solidity port of Uniswap V1, measured once in the same way."""

CEILINGS = {
    "ethToTokenSwapInput": 42_000,
    "tokenToEthSwapInput": 55_000,
    "tokenToTokenSwapInput": 84_300,
    "addLiquidity": 60_000,
    "removeLiquidity": 61_500,
    "oracle_ethToTokenSwapInput_first": 47_000,
    "oracle_ethToTokenSwapInput_later": 44_300,
}


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return gas.measure()


def test_gas_is_that_of_the_snapshot(figures: dict[str, Any]) -> None:
    """Gas is exact: a change shows here, and is accepted with `benchmarks/gas.py --update`."""
    assert figures == json.loads(gas.SNAPSHOT.read_text())


def test_every_recurring_operation_is_cheaper_than_the_original_and_the_best_port(figures: dict[str, Any]) -> None:
    recurring = figures["uniswap_v1"].keys() - {"createExchange"}
    assert len(recurring) == 23
    assert {name for name in recurring if figures[name] >= figures["uniswap_v1"][name]} == set()
    assert {name for name, port in BEST_PUBLIC_PORT.items() if figures[name] >= port} == set()


@pytest.mark.parametrize("name", CEILINGS)
def test_ceilings_are_kept(figures: dict[str, Any], name: str) -> None:
    assert figures[name] <= CEILINGS[name]
