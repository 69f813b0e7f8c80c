"""Random operations on the plasma chain's bridge, on a chain and in a model; and a thousand exits."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis.stateful import run_state_machine_as_test

from offchain.plasma.tries import ItemTrie
from tests.invariant.plasma.bridge import OWNERS, Bridge, running_bridge
from tests.invariant.plasma.machine import Machine
from tests.invariant.plasma.model import CHALLENGE, ETHER, FIRST_CAP, UNIT, WINDOW
from tests.invariant.shielded.machine import report
from tests.invariant.test_operations import CAMPAIGN, profile


@pytest.fixture(scope="module")
def bridge() -> Iterator[Bridge]:
    """The contracts and a made-up plasma chain. Independent of Ape's provider."""
    with running_bridge() as running:
        yield running


def test_everybody_gets_what_is_his(bridge: Bridge) -> None:
    """P5: one deposit mints once or is refunded, one burn pays once, and nothing is stuck, however it ends."""
    succeeded: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    bound = type("BoundMachine", (Machine,), {"bridge": bridge, "succeeded": succeeded, "refusals": refusals})
    run_state_machine_as_test(bound, settings=profile(500 if CAMPAIGN else 20))
    sys.stdout.write(f"\n{report(succeeded, refusals)}\n")

    operations = {"deposit", "submit", "finalise", "start", "start by receipt", "release", "claim", "refund", "escape"}
    assert operations | {"challenge", "halt_faulty"} <= set(succeeded)
    assert {"CapReached", "NotReleasable", "FaultProven", "ChainHalted", "AlreadyStarted"} <= set(refusals)
    if CAMPAIGN:
        assert {"freeze", "halt_silent", "set_cap"} <= set(succeeded)
        assert {"MessageConsumed", "AlreadyEscaped", "AlreadyPaid", "NoFault"} <= set(refusals)
        assert succeeded.total() + refusals.total() >= 10_000


def test_hundreds_of_exits(bridge: Bridge) -> None:
    """P5: all are paid, in as few windows as the cap allows; by the exit tree, or by receipt if that left them out."""
    bridge.reset()
    count, amount, by_receipt = 1000 if CAMPAIGN else 400, UNIT // 25, 50
    assert bridge.deposit(0, 0, ETHER, count * amount) == ""
    bridge.deliver([0])
    for number in range(count):
        bridge.burn(ETHER, 0, OWNERS[number % 3], amount)
    bridge.seal({})
    assert bridge.submit(bent=False) == ""
    receipts = ItemTrie(bridge.chain.head.receipts)
    for number in range(count):
        assert bridge.start(number, 1, number < by_receipt, receipts) == ""
    bridge.wait(CHALLENGE)
    assert bridge.act("root", "finalise", bridge.submissions[0].abi()) == ""

    waiting, windows = list(range(count)), 0
    while waiting:
        windows += 1
        paid = []
        for number in waiting:
            refusal = bridge.act("vault", "releaseExit", bridge.burns[number][0].abi())
            if refusal:
                assert refusal == "CapReached"
                break
            paid.append(number)
        assert len(paid) == min(len(waiting), FIRST_CAP // amount)
        waiting = waiting[len(paid) :]
        bridge.wait(WINDOW)
    assert windows == -(-count * amount // FIRST_CAP)
    for number in (0, count - 1):
        assert bridge.act("vault", "releaseExit", bridge.burns[number][0].abi()) == "AlreadyPaid"
    for owner in OWNERS:
        assert bridge.act("vault", "claim", bridge.asset(ETHER), bridge.accounts[owner].address) == ""
    view = bridge.view()
    assert (view["held", ETHER], view["balance", ETHER]) == (0, 0)
