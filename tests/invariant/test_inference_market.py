"""Random operations on the market for forecasts, on a chain and in a model."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.invariant.inference.machine import Machine
from tests.invariant.inference.market import Market, running_market
from tests.invariant.shielded.machine import report
from tests.invariant.test_operations import CAMPAIGN, profile


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    """The contracts with the real verifier. Independent of Ape's provider."""
    with running_market() as running:
        yield running


def test_bonds_and_escrow_add_up(market: Market) -> None:
    """I13 after every call, and at the end everybody has what is his and the market only what is sunk."""
    succeeded: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    bound = type("BoundMachine", (Machine,), {"market": market, "succeeded": succeeded, "refusals": refusals})
    run_state_machine_as_test(bound, settings=profile(300 if CAMPAIGN else 6))
    sys.stdout.write(f"\n{report(succeeded, refusals)}\n")

    operations = {"request", "answer", "answerProven", "refund", "dispute", "prove", "convict", "collect", "claim"}
    assert operations | {"join", "leave", "withdrawBond"} <= set(succeeded)
    assert {"WrongState", "TooEarly", "TooLate", "NothingThere", "NotRequester", "WrongAnswer"} <= set(refusals)
    if CAMPAIGN:
        assert {"BondTooSmall", "NotAddressed", "NotActive", "AtStake", "Underpaid"} <= set(refusals)
