"""Private mode over the chain: a round that others spoil costs a home nothing of its budget."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from offchain.ppdl.aggregation.lanes import Signed
from offchain.ppdl.network.private_part import PrivatePart
from offchain.ppdl.network.registry import Phase
from offchain.ppdl.plan import Plan, Private
from tests.integration.liar import new_liar
from tests.integration.training import Home, Training, training

PLAN = Plan(homes=10, rounds=2, private=Private(8, 1e-2))
SILENT = 7
"""So many strangers with keys alone leave each of eight homes fewer neighbours with seeds than the threshold."""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Training]:
    with training(tmp_path, PLAN) as scene:
        yield scene


def count_trainings(home: Home) -> list[int]:
    """The headers for which a home trains from now on."""
    found, train = list[int](), home.train

    def counted(state: Signed, number: int) -> Signed:
        found.append(number)
        return train(state, number)

    home.train = counted
    home.restart()
    return found


def part_of(home: Home) -> PrivatePart:
    """Of a home that trains in private."""
    assert home.part is not None
    return home.part


def rounds_left(home: Home) -> int:
    """How many rounds its book has left."""
    part = part_of(home)
    return part.ledger.left(part.mode.sum_of(1, 8, 641).cost)


def test_strangers_who_commit_keys_and_never_seeds(scene: Training) -> None:
    """P8: they leave too few to hide an update behind; no home trains or spends any of its budget for that round, and
    all of it is there for those that come off."""
    home = scene.homes[0]
    trained = count_trainings(home)
    strangers = [new_liar(scene) for _ in range(SILENT)]
    scene.until(scene.phase(Phase.OPEN))
    for stranger in strangers:
        call = scene.registry.contract.functions.commitKeys(1, bytes([1]) * 32, bytes([2]) * 32)
        stranger.ground.sender.transact(call)
    said = scene.until(lambda: scene.registry.round().number == 2)
    assert f"{home.name}: ! only 7 neighbours committed seeds: 8 are needed to hide an update" in said
    assert [rounds_left(one) for one in scene.homes] == [2] * 8
    assert trained == []
    scene.until(scene.header(1))
    assert trained == [1]
    assert [rounds_left(one) for one in scene.homes] == [1] * 8


def test_a_home_that_lost_what_it_gave_does_not_train_again(scene: Training) -> None:
    """P8: another update of the round may be out already, and with another noise two would tell more."""
    home = scene.homes[0]
    trained = count_trainings(home)
    scene.until(lambda: bool(scene.registry.round().keys) and len(scene.registry.round().seeds or {}) == 8)
    part = part_of(home)
    part.ledger.spend(part.model, 1, part.mode.sum_of(1, 8, 641).cost, b"an update that got lost")
    said: list[str] = []
    while not any("another update of it was given away already" in line for line in said):
        assert scene.registry.round().phase == Phase.OPEN
        assert "trained and uploaded" not in said
        said += scene.step_of(home)
        scene.pass_seconds(30)
    assert trained == []
