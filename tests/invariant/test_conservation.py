"""Random operations on the shielded pool whose verifiers take every proof, on a chain and in a model."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.invariant.shielded.chain import PoolChain, running_pool
from tests.invariant.shielded.machine import Machine, report
from tests.invariant.test_operations import CAMPAIGN, profile


@pytest.fixture(scope="module")
def pool_chain() -> Iterator[PoolChain]:
    """The pool, its registry and two exchanges. Independent of Ape's provider."""
    with running_pool() as chain:
        yield chain


def test_value_is_conserved(pool_chain: PoolChain) -> None:
    """P1: what left never exceeds what came in and was metered, whatever proofs say. P2: no note is spent twice."""
    succeeded: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    bound = type("BoundMachine", (Machine,), {"chain": pool_chain, "succeeded": succeeded, "refusals": refusals})
    run_state_machine_as_test(bound, settings=profile(300 if CAMPAIGN else 20))
    sys.stdout.write(f"\n{report(succeeded, refusals)}\n")

    operations = {"shield", "transfer", "consolidate", "unshield", "swap", "issue", "settle", "flush"}
    assert operations <= set(succeeded)
    assert {"TurnstileExceeded", "NullifierUsed", "UnknownRoot", "InvalidRecipient"} <= set(refusals)
    if CAMPAIGN:
        assert refusals["PriceOutOfBounds"]
        assert succeeded.total() + refusals.total() >= 10_000
