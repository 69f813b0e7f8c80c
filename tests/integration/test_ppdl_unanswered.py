"""A demand on what is right that nobody answers in time: what the protocol says comes of it, and the round ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address

from offchain.ppdl.disputes.proofs import Kind
from offchain.ppdl.model_chain.verification import verify
from offchain.ppdl.network.docket import Docket
from offchain.ppdl.network.registry import Phase
from offchain.sender import development_sender
from tests.integration.training import Training, training


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Training]:
    with training(tmp_path) as scene:
        yield scene


def test_a_right_sum_that_nobody_shows_in_time(scene: Training) -> None:
    """P7 all homes sleep for an answer window after a stranger's demand: the chain can't tell, so whoever posted loses
    its bond, nobody else does, and the round doesn't hang: another home posts the same sum, and the header comes."""
    scene.until(scene.phase(Phase.POSTED))
    claim, rules = scene.registry.round().claim, scene.registry.rules
    assert claim is not None
    docket, stranger = Docket(scene.registry), development_sender(scene.web3, 3)
    demand = (Kind.SUM, claim.number, 0, 1)
    stranger.transact(docket.contract.functions.demand(*demand), rules.demand_fee)
    scene.pass_seconds(rules.answer_window)
    said = scene.until(scene.header(1))
    assert sum("convicted who posted the sum of round 1: nobody showed sum 1 of chunk 0" in line for line in said) == 1
    assert sum("posted the sum and the model" in line for line in said) == 1
    posters = [home for home in scene.homes if home.ground.address == claim.poster]
    lost = [home for home in scene.homes if not scene.registry.bond_of(home.ground.sender.address)[0]]
    assert lost == posters
    assert to_checksum_address(claim.poster) == posters[0].ground.sender.address
    reward = scene.registry.node.ask(scene.registry.contract.functions.rewardOf(stranger.address))
    assert reward == rules.bond // 2 + rules.demand_fee
    chain = scene.homes[4].ground.synced
    chain.update()
    assert [block.header.number for block in verify(chain.chain)] == [0, 1]


def test_a_right_sum_that_one_home_shows(scene: Training) -> None:
    """P7 one home that wakes up before the window is over is enough: nobody loses anything, and it has the fee."""
    scene.until(scene.phase(Phase.POSTED))
    claim, rules = scene.registry.round().claim, scene.registry.rules
    assert claim is not None
    docket, stranger = Docket(scene.registry), development_sender(scene.web3, 3)
    demand = (Kind.SUM, claim.number, 0, 1)
    stranger.transact(docket.contract.functions.demand(*demand), rules.demand_fee)
    awake = next(home for home in scene.homes if home.ground.address != claim.poster)
    said = scene.step_of(awake)
    scene.pass_seconds(rules.answer_window // 2)
    said += scene.step_of(awake)
    assert "showed that a sum is right" in said
    said = scene.until(scene.header(1))
    assert not any("convicted" in line for line in said)
    assert [scene.registry.bond_of(home.ground.sender.address)[0] for home in scene.homes] == [rules.bond] * 9
    reward = scene.registry.contract.functions.rewardOf(awake.ground.sender.address)
    assert scene.registry.node.ask(reward) == rules.demand_fee
