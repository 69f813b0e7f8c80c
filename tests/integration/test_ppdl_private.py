"""Private mode over the chain: the task asks for it, and every home keeps to it by itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from offchain.ppdl.aggregation.unmasking import UnmaskError
from offchain.ppdl.model_chain.verification import verify
from offchain.ppdl.network.private_part import PrivatePart
from offchain.ppdl.network.publication import Kind
from offchain.ppdl.network.registry import Phase
from offchain.ppdl.plan import Plan, Private
from tests.integration.training import Home, Training, training

PLAN = Plan(homes=14, rounds=4, private=Private(8, 1e-2))
WITHOUT_BOOK = "! the task is private: without a book of what rounds cost this home takes no part"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    with training(tmp_path_factory.mktemp("private"), PLAN) as scene:
        yield scene


def part_of(home: Home) -> PrivatePart:
    """Of a home that trains in private."""
    assert home.part is not None
    return home.part


def rounds_left(home: Home) -> int:
    """How many rounds its book has left."""
    part = part_of(home)
    return part.ledger.left(part.mode.sum_of(1, 12, 641).cost)


def test_a_private_round_over_the_chain(scene: Training) -> None:
    """P7, P8: every home has the round in its book, the sum has as much noise as all of them owe it and no loss, and
    the copy of the chain is right."""
    scene.until(scene.header(1))
    chain = scene.homes[3].ground.synced
    block = chain.update()
    assert len(list(verify(chain.chain))) == 2
    assert [rounds_left(home) for home in scene.homes] == [PLAN.rounds - 1] * 12
    total = chain.chain.evidence(block).sums(chain.chain.blobs, 642)[0].total
    plan = part_of(scene.homes[0]).mode.sum_of(1, 12, 641)
    assert total[-1] == 0
    assert 0.8 < total[:-1].std() / (plan.deviation * np.sqrt(12)) < 1.3


def test_a_home_without_its_book_takes_no_part(scene: Training) -> None:
    """P8, P9: it doesn't even commit keys; one that lost its book later reveals nothing; the others go on."""
    outside, later = scene.homes[0], scene.homes[1]
    outside.restart(with_book=False)
    said = scene.until(lambda: published_update(scene, later))
    assert f"{outside.name}: {WITHOUT_BOOK}" in said
    assert scene.registry.round().index_of(outside.ground.address) is None
    scene.until(scene.phase(Phase.CLOSED), silent={later.name})
    later.restart(with_book=False)
    said = scene.until(scene.header(2))
    assert f"{later.name}: {WITHOUT_BOOK}" in said
    assert not any(line.startswith(f"{later.name}: revealed") for line in said)
    for home in (outside, later):
        home.restart()


def published_update(scene: Training, home: Home) -> bool:
    """Whether a home gave its update in the round that runs, the second one."""
    listed = scene.store.publications(2, Kind.UPDATE)
    return home.ground.address in {publication.sender for publication in listed}


def test_nobody_reveals_if_too_few_are_alive(scene: Training) -> None:
    """P8: four of twelve fall out after their seeds, more than noise was sized for: nobody reveals a share, those who
    come back neither, so the sum stays masked; the next round goes on with all."""
    scene.until(lambda: len(scene.registry.round().seeds or {}) == 12)
    number = scene.registry.round().number
    scene.until(scene.phase(Phase.CLOSED), silent={home.name for home in scene.homes[8:]})
    closed = scene.registry.round()
    assert closed.closing is not None
    assert len(closed.closing.alive) == 8
    board = scene.homes[0].ground.board(closed)
    said = scene.until(lambda: scene.registry.round().number > number)
    for home in scene.homes:
        assert any(line.startswith(f"{home.name}: ! only 8 of 12 are alive: with the noise of fewer") for line in said)
    assert scene.store.publications(number, Kind.REVEAL) == []
    with pytest.raises(UnmaskError):
        board.evidence()
    scene.until(scene.header(3))


def test_no_home_commits_keys_once_its_budget_is_spent(scene: Training) -> None:
    """P8: here by other models that were trained with the same readings and the same book."""
    for home in scene.homes:
        part = part_of(home)
        for number in range(rounds_left(home)):
            part.ledger.spend(b"another model", number, part.mode.sum_of(1, 12, 641).cost, b"an update")
    number = scene.registry.round().number
    said = scene.until(lambda: scene.registry.round().number > number) + scene.steps()
    for home in scene.homes:
        assert any(line.startswith(f"{home.name}: ! round") and "over the budget of 8" in line for line in said)
    assert scene.registry.round().keys == ()
