"""Gas, measured and compared: with the snapshot, with Uniswap V1's own bytecode, with the best public port."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import gas

CEILINGS = {
    "ethToTokenSwapInput": 42_000,
    "tokenToEthSwapInput": 55_000,
    "tokenToTokenSwapInput": 84_300,
    "addLiquidity": 60_000,
    "removeLiquidity": 61_500,
    "oracle_ethToTokenSwapInput_first": 47_000,
    "oracle_ethToTokenSwapInput_later": 44_300,
    "shield": 150_000,
    "transfer": 450_000,
    "transfer_new_places": 450_000,
    "unshield": 450_000,
    "unshield_energy": 450_000,
    "swap": 750_000,
    "swap_token_to_eth": 750_000,
    "swap_token_to_token": 750_000,
    "issue": 420_000,
    "issue_first": 420_000,
    "flush16": 16 * 60_000,
    "deposit": 80_000,
    "checkpoint_7": 130_000,
    "checkpoint_signer": 8_000,
    "exit_burn": 110_000,
    "exit_receipt": 240_000,
    "finalise": 75_000,
    "equivocation": 120_000,
    "escape": 550_000,
    "escape_note": 850_000,
    "inference_proven": 330_000,
    "ppdl_round_8": 250_000,
    "ppdl_round": 250_000,
    "ppdl_round_102": 250_000,
    "ppdl_header": 190_000,
    "ppdl_challenge": 125_000,
    "ppdl_challenge_update": 300_000,
    "ppdl_challenge_hash": 300_000,
}


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return gas.measure()


def test_gas_is_that_of_the_snapshot(figures: dict[str, Any]) -> None:
    """Gas is exact: a change shows here, and is accepted with `benchmarks/gas.py --update`."""
    assert figures == json.loads(gas.SNAPSHOT.read_text())


def test_the_documented_table_is_current(figures: dict[str, Any]) -> None:
    assert gas.PAGE.read_text() == gas.page(figures)


def test_every_recurring_operation_is_cheaper_than_the_original_and_the_best_port(figures: dict[str, Any]) -> None:
    recurring = figures["uniswap_v1"].keys() - {"createExchange"}
    assert len(recurring) == 23
    assert {name for name in recurring if figures[name] >= figures["uniswap_v1"][name]} == set()
    assert {name for name, port in gas.BEST_PUBLIC_PORT.items() if figures[name] >= port} == set()


@pytest.mark.parametrize("name", CEILINGS)
def test_ceilings_are_kept(figures: dict[str, Any], name: str) -> None:
    assert figures[name] <= CEILINGS[name]
