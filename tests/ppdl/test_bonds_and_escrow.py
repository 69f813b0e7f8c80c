"""Registry and market together: whatever is done in whatever order, each holds exactly what it owes."""

from __future__ import annotations

import sys
from collections import Counter

import pytest
from hypothesis.stateful import run_state_machine_as_test

from offchain.ppdl.inference.integer_model import PERCEPTRON, lanes_of
from tests.inference.stage import RULES
from tests.invariant.shielded.machine import report
from tests.invariant.test_operations import CAMPAIGN, profile
from tests.ppdl.escrow import BondsAndEscrow
from tests.ppdl.made_up import LargeRound
from tests.ppdl.rounds import opened
from tests.ppdl.stage import Stage, deploy, deployed

PARTICIPANTS = 12


@pytest.fixture(scope="module")
def provable(stage: Stage) -> Stage:
    """A registry of models that the circuit proves."""
    return deployed(stage.web3, lanes_of(PERCEPTRON), PARTICIPANTS)


def test_sequences(provable: Stage) -> None:
    """P7 I12 bonds, rewards and fees are together what the registry has, bonds, escrow and deposits what the market
    has, always: while rounds are posted, challenged and become headers, answers of whose models are sold."""
    deployer = provable.web3.eth.accounts[0]
    verifier = deploy(provable.web3, deployer, "InferenceVerifier")
    market = deploy(provable.web3, deployer, "InferenceMarket", RULES, provable.registry.address, verifier.address)
    succeeded: Counter[str] = Counter()
    machine = type("Machine", (BondsAndEscrow,), {"stage": provable, "market": market, "succeeded": succeeded})
    run_state_machine_as_test(machine, settings=profile(100 if CAMPAIGN else 4))
    sys.stdout.write(f"\n{report(succeeded, Counter())}\n")
    rounds = {"join", "open", "finalise", "challengeSum", "demand", "claimReward", "proveEquivocation"}
    sales = {"request", "answer", "answerProven", "refund", "collect", "dispute", "claim"}
    never = (rounds | sales) - set(succeeded)
    assert len(never) <= (0 if CAMPAIGN else 5), f"never succeeded: {never}"


def test_rounds_are_opened(stage: Stage) -> None:
    """P7 the machine's rounds are rounds: one of made-up participants ends in a header."""
    at = opened(stage, 8)
    LargeRound(stage, at.number, at.opened_at, at.keys, at.before).commit_keys().commit_seeds().upload().close().post()
