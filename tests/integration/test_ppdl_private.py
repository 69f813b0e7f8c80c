"""Private mode over the chain: the task asks for it, and every home keeps to it by itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from offchain.ppdl.model_chain.verification import verify
from offchain.ppdl.network.participation import Participation
from offchain.ppdl.network.private_part import PrivatePart
from offchain.ppdl.network.registry import Phase
from offchain.ppdl.plan import Plan, Private
from tests.integration.training import Home, Training, training

PLAN = Plan(homes=14, rounds=2, private=Private(8, 1e-2))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    with training(tmp_path_factory.mktemp("private"), PLAN) as scene:
        for home in scene.homes:
            restart(home)
        yield scene


def part_of(home: Home) -> PrivatePart:
    ground = home.ground
    part = PrivatePart.of(ground.synced.chain, ground.folder / "privacy.sqlite")
    assert part is not None
    return part


def restart(home: Home) -> None:
    """As a new process: with its book."""
    home.participation.close()
    home.participation = Participation(home.ground, home.train, None, part_of(home))


def test_a_private_round_over_the_chain(scene: Training) -> None:
    """P7, P8: every home has the round in its book, the sum has their noise and no loss, and the copy of the chain is
    right."""
    scene.until(scene.header(1))
    chain = scene.homes[3].ground.synced
    block = chain.update()
    assert len(list(verify(chain.chain))) == 2
    parts = [part_of(home) for home in scene.homes]
    assert all(part.ledger.has(part.model, scene.registry.head()) for part in parts)
    total = chain.chain.evidence(block).sums(chain.chain.blobs, 642)[0].total
    plan = parts[0].mode.sum_of(1, 12, 641)
    assert total[-1] == 0
    assert 0.8 < total[:-1].std() / (plan.deviation * np.sqrt(12)) < 1.3


def test_without_a_book_no_update_leaves(scene: Training) -> None:
    """P8: a home that forgot that the task is private takes part no further than its keys."""
    home = scene.homes[0]
    home.restart()
    said = scene.until(scene.header(2))
    assert f"{home.name}: ! the task is private: without a book of what rounds cost no update leaves" in said
    assert not any(line.startswith(f"{home.name}: trained") for line in said)
    evidence = home.ground.synced.chain.evidence(home.ground.synced.update())
    assert len(evidence.alive) == 11
    restart(home)


def test_nobody_reveals_and_nobody_goes_beyond_its_budget(scene: Training) -> None:
    """P8: all homes' budgets are for two rounds: in a third nobody even commits keys, but the one that sat one out."""
    for home in scene.homes:
        part = part_of(home)
        left = 1 if home is scene.homes[0] else 0
        assert part.ledger.left(part.mode.sum_of(1, 12, 641).cost) == left
    scene.until(lambda: scene.registry.round().phase == Phase.OPEN)
    said = [line for _ in range(3) for line in scene.steps()]
    assert any("round 3 would bring the privacy spent" in line for line in said)
    assert len(scene.registry.round().keys or ()) <= 1
