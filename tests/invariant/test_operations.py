"""Random operations on our contracts, Uniswap V1's own bytecode and a model of each."""

from __future__ import annotations

import os
import sys

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.invariant.improvements import Improvement
from tests.invariant.machine import Machine
from tests.invariant.pair import Pair
from tests.invariant.tally import KINDS, Tally

CAMPAIGN = os.environ.get("OPENMG_CAMPAIGN") == "1"
STEPS = 50


def profile(examples: int) -> settings:
    """The same operations in every `make test`; new ones in every campaign."""
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        derandomize=not CAMPAIGN,
        database=None,
        report_multiple_bugs=False,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def test_operations_match_model_and_original(pair: Pair) -> None:
    """P4: the pool of an exchange never loses. P9: bad input gets a clear error and changes nothing.

    Every operation returns, logs, refuses and leaves behind what the model says, on our contracts (the second exchange
    with the oracle) as on the original, and differs from the original only by a listed improvement.
    """
    tally = Tally()
    bound = type("BoundMachine", (Machine,), {"pair": pair, "tally": tally})
    run_state_machine_as_test(bound, settings=profile(300 if CAMPAIGN else 60))
    sys.stdout.write(f"\n{tally.report()}\n")

    never = [kind for kind in KINDS if not tally.succeeded[kind]]
    if CAMPAIGN:
        assert tally.tried.total() >= 10_000
        assert tally.success_ratio >= 0.6
        assert never == []
        assert set(tally.differences) == set(Improvement)
    else:
        assert tally.tried.total() >= 500
        assert tally.success_ratio >= 0.5
        assert len(never) <= len(KINDS) // 5, f"never succeeded: {never}"
        assert {Improvement.NAMED_ERROR, Improvement.LOCKED_AT_FOUNDING} <= set(tally.differences)
