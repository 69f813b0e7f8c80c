"""Homes that train over the registry and a store, each with an account, a folder and steps of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from offchain.ppdl.model_chain.verification import verify
from offchain.ppdl.network.registry import Phase
from offchain.ppdl.trainer import Trainer
from tests.integration.training import PLAN, Training, training


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    with training(tmp_path_factory.mktemp("training")) as scene:
        yield scene


def header(scene: Training, number: int) -> list[str]:
    """Steps until there is a header of that number; homes are killed after each step."""
    said: list[str] = []
    for _ in range(200):
        said += scene.steps()
        for home in scene.homes:
            home.restart()
        if scene.registry.head() == number:
            return said
        scene.pass_seconds(3)
    raise AssertionError(said[-30:])


def test_rounds_over_the_chain_give_the_models_of_a_training_in_process(scene: Training, tmp_path: Path) -> None:
    """P6, P7: and everybody's copy of the model chain can be computed again, from what is in the store."""
    said = [line for number in (1, 2) for line in header(scene, number)]
    assert sum("committed keys" in line for line in said) == 2 * len(scene.homes)
    assert [line for line in said if line.startswith("relayer")] == [
        "relayer: relayed header 1",
        "relayer: relayed header 2",
    ]
    chain = scene.homes[4].ground.synced
    assert chain.update().header.number == 2
    assert [block.header.number for block in verify(chain.chain)] == [0, 1, 2]
    in_process = [done.state for done in Trainer(tmp_path / "chain", PLAN).rounds()]
    for number, state in enumerate(in_process, start=1):
        assert np.array_equal(chain.chain.state(chain.chain.block(number)), state)


def test_a_round_goes_on_without_those_who_fall_silent(scene: Training) -> None:
    """P7, P8: one after its keys; the sum is that of those who uploaded."""
    silent = {scene.homes[0].name}
    scene.until(Phase.OPEN)
    while len(scene.registry.round().keys) < len(scene.homes):
        scene.steps()
    number = scene.registry.head() + 1
    said = scene.until(Phase.FINAL, silent)
    assert any("closed the round with 8 of 9" in line for line in said)
    while scene.registry.head() < number:
        scene.steps(silent)
        scene.pass_seconds(3)
    chain = scene.homes[1].ground.synced
    assert len(chain.chain.evidence(chain.update()).alive) == 8
    assert len(list(verify(chain.chain))) == number + 1
