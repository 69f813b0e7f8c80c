"""Rounds that are closed falsely, sums that nobody can compute, and participants that sign two updates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from eth_utils.crypto import keccak

from offchain.ppdl.aggregation.alive import AliveSet
from offchain.ppdl.aggregation.lanes import chunk_tree
from offchain.ppdl.aggregation.messages import Update
from offchain.ppdl.model_chain.verification import verify
from offchain.ppdl.network.docket import Docket
from offchain.ppdl.network.publication import Kind, Publication, PublicationError
from offchain.ppdl.network.registry import Phase, Round
from offchain.ppdl.network.upload import Upload
from tests.integration.liar import Liar, caught, new_liar
from tests.integration.training import Home, Training, training


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    with training(tmp_path_factory.mktemp("closings")) as scene:
        yield scene


def bonds(scene: Training) -> list[int]:
    """Of all homes, in whole bonds."""
    bond = scene.registry.rules.bond
    return [scene.registry.bond_of(home.ground.sender.address)[0] // bond for home in scene.homes]


def uploaded(scene: Training, homes: list[Home], new: bool = True) -> Round:
    """Steps of these homes until all of them have uploaded in a round, and nobody closed it."""
    first = scene.registry.round().number - (not new)
    while True:
        said = []
        for home in homes:
            round_ = scene.registry.round()
            uploads = scene.homes[0].ground.board(round_).uploads
            if round_.number > first and round_.phase == Phase.OPEN and len(uploads) == len(homes):
                return round_
            said += scene.step_of(home)
        if not any("!" not in line for line in said):
            scene.pass_seconds(30)


def wait_for_closing(scene: Training, round_: Round) -> None:
    """Until a round may be closed."""
    rules = scene.registry.rules
    early = round_.opened_at + rules.keys_window + rules.seeds_window - scene.registry.node.time()
    scene.pass_seconds(max(early, 1))


def close(liar: Liar, round_: Round, invented: int) -> None:
    """Closes with everybody, of whom one is said to have given an update that it didn't."""
    roots = {index: upload.root for index, upload in liar.ground.board(round_).uploads.items()}
    roots[invented] = keccak(text="invented")
    alive = AliveSet.of(len(round_.keys), range(len(round_.keys)))
    members = {index: keys.participant for index, keys in enumerate(round_.keys)}
    wait_for_closing(liar.scene, round_)
    call = liar.scene.registry.contract.functions.close
    root = alive.tree(members, roots).root
    liar.ground.sender.transact(call(round_.transcript().graph.seed, alive.bitmap, root))


def test_closed_with_an_update_that_is_not_there(scene: Training) -> None:
    """P7 its signature is demanded; whoever closed the round loses its bond for it, and the next round goes on."""
    liar = new_liar(scene)
    late = scene.homes[0]
    scene.until(lambda: len(scene.registry.round().seeds or {}) == len(scene.homes))
    round_ = uploaded(scene, scene.homes[1:], new=False)
    index = round_.index_of(late.ground.address)
    assert index is not None
    close(liar, round_, index)
    said = caught(liar)
    assert f"demanded 1 signatures of updates of round {round_.number} that aren't in the store" in said
    assert f"convicted who closed round {round_.number}: nobody showed a signed update that it named" in said[-1]
    assert scene.registry.round().phase == Phase.NONE


def test_closed_with_an_update_that_was_not_signed(scene: Training) -> None:
    """P7 beside the signed one that is there: any of them may be the wrong one, so all are demanded. The round ends
    with one that can't be shown; the other fees go back in the next one, also to a home that was restarted since."""
    liar = new_liar(scene)
    round_ = uploaded(scene, scene.homes)
    close(liar, round_, 4)
    said = caught(liar)
    assert f"demanded 9 signatures of updates of round {round_.number} that aren't in the store" in said
    assert "convicted who closed" in said[-1]
    assert bonds(scene) == [1] * 9
    docket = Docket(scene.registry)
    demands = list(docket.of(round_).until)
    assert [docket.payer(demand) is None for demand in demands].count(False) == 8
    for home in scene.homes:
        home.restart()
    said = scene.until(lambda: not any(docket.payer(demand) for demand in demands))
    assert "took 8 fees back, of demands that nobody has to answer any more" in said[-1]


def test_a_sum_that_nobody_can_compute(scene: Training) -> None:
    """P7 too few reveal anything, and somebody posts a sum all the same: it can't show the masks. Then the header
    comes."""
    liar = new_liar(scene)
    wait_for_closing(scene, uploaded(scene, scene.homes, new=False))
    while scene.registry.round().phase == Phase.OPEN:
        scene.step_of(scene.homes[0])
        scene.pass_seconds(5)
    liar.post(keccak(text="sum"), keccak(text="weights"), bytes(32))
    said = caught(liar, homes=scene.homes[:4])
    assert any("demanded to be shown 9 places of the unseen sum" in line for line in said)
    assert "convicted who posted the unseen sum" in said[-1]
    scene.until(scene.header(1))
    assert bonds(scene) == [1] * 9


def test_two_updates_of_one_participant(scene: Training) -> None:
    """P7 the store keeps both; the homes convict whoever signed them, and its own round goes on with one of them."""
    number, twofold = scene.registry.head() + 1, scene.homes[2]
    round_ = uploaded(scene, scene.homes)
    index = round_.index_of(twofold.ground.address)
    assert index is not None
    chunks = twofold.ground.board(round_).uploads[index].chunks + np.uint32(1)
    root, domain, account = chunk_tree(chunks).root, scene.registry.domain, twofold.ground.account
    second = Upload(chunks, root, domain.sign(Update(round_.number, root), account)).to_bytes()
    with pytest.raises(PublicationError, match="was published before, with other content"):
        scene.store.publish(Publication.signed(domain, account, round_.number, Kind.UPDATE, second))
    said = scene.until(scene.header(number))
    assert sum("who signed two updates of round" in line for line in said) == 1
    assert bonds(scene) == [1, 1, 0, 1, 1, 1, 1, 1, 1]
    chain = scene.homes[4].ground.synced
    chain.update()
    assert len(list(verify(chain.chain))) == number + 1


def test_the_others_go_on(scene: Training) -> None:
    """P7 without the one that lost its bond, which has no part in anything any more."""
    number = scene.registry.head() + 1
    said = scene.until(scene.header(number))
    assert any("closed the round with 8 of 8" in line for line in said)
