"""Headers of models and demands as the API tells them, against the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.indexed import Indexed, indexed
from tests.ppdl.rounds import Round
from tests.ppdl.stage import Stage
from tests.ppdl.test_demands import answer, demand

SUM = 0


@pytest.fixture
def index(stage: Stage, tmp_path: Path) -> Iterator[Indexed]:
    addresses = {"PPDLRegistry": stage.registry.address, "PPDLChallenges": stage.challenges.address}
    with indexed(stage.web3, tmp_path, addresses) as found:
        yield found


def test_headers_are_linked(posted_round: Round, index: Indexed, newcomer: str) -> None:
    """Q5 each with its hash, the one it follows, and its model's hash, as the registry keeps them."""
    stage = posted_round.stage
    (genesis,) = index.get("/v1/models")["models"]
    assert (genesis["number"], genesis["hash"]) == (0, f"0x{stage.first.hash.hex()}")
    header = posted_round.finalise().header()
    receipt = stage.send(posted_round.relay_call(header), newcomer)
    first, _ = index.get("/v1/models")["models"]
    assert first == index.get("/v1/models/1")
    assert first["previous"] == genesis["hash"]
    assert first["hash"] == f"0x{stage.registry.functions.headerHashOf(1).call().hex()}"
    assert first["weight_hash"] == f"0x{stage.registry.functions.weightHashOf(1).call().hex()}"
    assert first["loss_after"] == header.loss_after / 2**20
    assert first["source"]["transaction"] == receipt["transactionHash"].to_0x_hex()
    assert index.get("/v1/models?before=1")["models"] == [genesis]


def test_a_demand_is_pending_until_it_is_answered(posted_round: Round, index: Indexed) -> None:
    """Q5 what somebody waits to see is counted, each by its own place."""
    assert index.get("/v1/health")["pending"]["demands"] == 0
    for place in (1, 2):
        demand(posted_round, SUM, 0, place)
    assert index.get("/v1/health")["pending"]["demands"] == 2
    posted_round.stage.send(answer(posted_round, SUM, 0, 1), posted_round.keys[2])
    assert index.get("/v1/health")["pending"]["demands"] == 1
