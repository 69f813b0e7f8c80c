"""Checkpoints, faults and exits as the API tells them, against the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offchain.units import ETHER
from tests.indexed import Indexed, indexed
from tests.plasma.faults import condemn, submit_fault
from tests.plasma.stage import ETH, FREEZE_PERIOD, Plasma


@pytest.fixture
def index(plasma: Plasma, tmp_path: Path) -> Iterator[Indexed]:
    contracts = {"PlasmaRoot": plasma.root, "PlasmaVault": plasma.vault, "PlasmaChallenges": plasma.challenges}
    addresses = {kind: contract.address for kind, contract in contracts.items()}
    with indexed(plasma.provider.web3, tmp_path, addresses) as found:
        yield found


def finality(index: Indexed) -> dict[int, str]:
    """By epoch, of the newest of each."""
    found = index.get("/v1/checkpoints")["checkpoints"][::-1]
    return {one["epoch"]: one["finality"] for one in found}


def test_finality_follows_the_contract(plasma: Plasma, index: Indexed) -> None:
    """Q5 pending until the period is over; a final one takes those before it along, and no later one."""
    first, second, third = (plasma.seal_and_submit() for _ in range(3))
    assert finality(index) == {1: "pending", 2: "pending", 3: "pending"}
    assert index.get("/v1/health")["pending"]["checkpoints"] == 3
    plasma.finalise(second)
    assert finality(index) == {1: "final", 2: "final", 3: "pending"}
    newest, middle, oldest = index.get("/v1/checkpoints")["checkpoints"]
    assert middle["hash"] == f"0x{second.checkpoint.hash.hex()}"
    assert (middle["blocks_root"], middle["signers"]) == (f"0x{second.checkpoint.blocks_root.hex()}", 5)
    assert oldest["verdict"] == middle["verdict"]
    assert newest["verdict"] is None
    assert newest["end"] == third.checkpoint.end
    (holding,) = index.get(f"/v1/checkpoints?plasma_block={first.checkpoint.end}")["checkpoints"]
    assert holding == oldest
    assert index.get("/v1/checkpoints?plasma_block=999999")["checkpoints"] == []
    assert index.get("/v1/checkpoints?count=1&before=3")["checkpoints"] == [middle]


def test_a_proven_fault_voids_what_builds_on_it(plasma: Plasma, index: Indexed, stranger: Any) -> None:
    """Q5 the wrong one and all after it; a new one of the same epoch stands for itself."""
    plasma.seal_and_submit()
    wrong = submit_fault(plasma)
    plasma.seal_and_submit()
    condemn(plasma, wrong, stranger)
    assert finality(index) == {1: "pending", 2: "void", 3: "void"}
    assert index.get("/v1/health")["pending"]["checkpoints"] == 1
    happened = {fault["happened"] for fault in index.get("/v1/faults")["faults"]}
    assert "FaultProven" in happened
    assert index.get(f"/v1/checkpoints?plasma_block={wrong.checkpoint.end}")["checkpoints"] == []


def test_a_freeze_and_a_halt(plasma: Plasma, index: Indexed, stranger: Any) -> None:
    """Q5 a freeze is told with its end; the halt voids what isn't final."""
    final = plasma.seal_and_submit()
    plasma.finalise(final)
    plasma.seal_and_submit()
    until = plasma.freeze(stranger)
    (fault,) = index.get("/v1/faults")["faults"]
    assert (fault["happened"], fault["until"]) == ("Frozen", until)
    plasma.wait(FREEZE_PERIOD)
    plasma.halt(settle=False)
    assert finality(index) == {1: "final", 2: "void"}


def test_exits(plasma: Plasma, index: Indexed, prosumer: Any) -> None:
    """Q5 begun and paid, by what was burned; whose they are isn't told."""
    plasma.chain.deliver(plasma.deposit(prosumer, 5 * ETHER))
    plasma.seal_and_submit()
    exit_ = plasma.chain.burn(ETH, prosumer.address, prosumer.address, 2 * ETHER)
    plasma.seal_and_submit()
    plasma.start_exit(exit_)
    (started,) = index.get("/v1/exits")["exits"]
    assert (started["side"], started["asset"], started["amount"]) == ("started", ETH, str(2 * ETHER))
    plasma.finalise()
    plasma.vault.releaseExit(exit_.abi(), sender=prosumer)
    released, _ = index.get(f"/v1/exits?exit={started['exit']}")["exits"]
    assert (released["side"], released["amount"]) == ("released", str(2 * ETHER))
    assert prosumer.address.lower()[2:] not in str(released).lower()
