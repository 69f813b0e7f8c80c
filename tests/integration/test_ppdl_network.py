"""Homes that train over the registry and a store, each with an account, a folder and steps of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from offchain.node import Node
from offchain.ppdl.disputes.proofs import Kind
from offchain.ppdl.model_chain.verification import verify
from offchain.ppdl.network.docket import Docket
from offchain.ppdl.network.registry import Phase
from offchain.ppdl.network.synced_chain import SyncedChain, SyncError
from offchain.ppdl.trainer import Trainer
from offchain.sender import development_sender
from tests.integration.training import PLAN, Training, training

NEAR = 4
"""Units of 2^-20: whoever trains in a stack of homes rounds otherwise than who trains alone."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    with training(tmp_path_factory.mktemp("training")) as scene:
        yield scene


def test_a_round_over_the_chain_gives_the_model_of_a_training_in_process(scene: Training, tmp_path: Path) -> None:
    """P6, P7: though homes are killed all the time; nobody accuses anybody; and a copy of the model chain can be
    computed again, from what is in the store."""
    said = scene.until(scene.header(1), kill=True)
    for step in ("committed keys", "committed seeds", "trained and uploaded", "revealed 8 shares"):
        assert sum(step in line for line in said) == len(scene.homes), step
    assert not any(word in line for line in said for word in ("challenged", "demanded", "convicted"))
    assert [line for line in said if line.startswith("relayer")] == ["relayer: relayed header 1"]
    chain = scene.homes[4].ground.synced
    assert chain.update().header.number == 1
    assert [block.header.number for block in verify(chain.chain)] == [0, 1]
    done = next(Trainer(tmp_path / "chain", PLAN).rounds())
    assert np.abs(chain.chain.state(chain.chain.block(1)) - done.state).max() <= NEAR
    assert np.abs(done.state - chain.chain.state(chain.chain.block(0))).max() > 1_000 * NEAR


def test_a_round_goes_on_without_those_who_fall_silent(scene: Training) -> None:
    """P7, P8: one after its keys; the sum is that of those who uploaded. When it comes back nothing is left on its disk
    of what was secret in that round."""
    home = scene.homes[0]
    silent = {home.name}
    scene.until(lambda: scene.phase(Phase.OPEN)() and len(scene.registry.round().keys) == len(scene.homes))
    number = scene.registry.head() + 1
    said = scene.until(scene.header(number), silent)
    assert any("closed the round with 8 of 9" in line for line in said)
    chain = scene.homes[1].ground.synced
    assert len(chain.chain.evidence(chain.update()).alive) == 8
    assert len(list(verify(chain.chain))) == number + 1
    record = home.ground.folder / "rounds" / f"{scene.registry.round().number}.jsonl"
    scene.until(scene.phase(Phase.OPEN), silent)
    assert record.exists()
    home.restart()
    scene.until(lambda: scene.registry.round().index_of(home.ground.address) is not None)
    assert not record.exists()


def test_whoever_asks_is_shown_that_everything_is_right(scene: Training) -> None:
    """P7: a stranger demands a place of each kind; the homes answer, nobody is convicted, and the header comes."""
    number = scene.registry.head() + 1
    scene.until(scene.phase(Phase.POSTED))
    docket = Docket(scene.registry)
    claim, round_ = scene.registry.round().claim, scene.registry.round()
    assert claim is not None
    assert round_.closing is not None
    places = {Kind.SUM: 1, Kind.LEAF: 0, Kind.MASK: len(round_.closing.alive), Kind.UPDATE: 0, Kind.HASH: 0}
    demands = [(kind, claim.number, 0, place) for kind, place in places.items()]
    demands.append((Kind.SIGNATURE, round_.number, 0, 1))
    stranger = development_sender(scene.web3, 3)
    for demand in demands:
        stranger.transact(docket.contract.functions.demand(*demand), scene.registry.rules.demand_fee)
    assert docket.of(scene.registry.round()).waiting == demands
    said = scene.until(scene.header(number))
    for kind in Kind:
        assert any(f"showed that a {kind.name.lower()} is right" in line for line in said), kind
    bond = scene.registry.rules.bond
    assert [scene.registry.bond_of(home.ground.sender.address)[0] for home in scene.homes] == [bond] * len(scene.homes)


def test_homes_share_what_is_demanded(scene: Training) -> None:
    """P7 a stranger demands a place for each home: each shows another one, all in one step each."""
    number = scene.registry.head() + 1
    scene.until(scene.phase(Phase.POSTED))
    docket = Docket(scene.registry)
    claim = scene.registry.round().claim
    assert claim is not None
    stranger = development_sender(scene.web3, 4)
    for place in range(1, 10):
        call = docket.contract.functions.demand(Kind.SUM, claim.number, 0, place)
        stranger.transact(call, scene.registry.rules.demand_fee)
    waiting = docket.of(scene.registry.round()).waiting
    assert len(waiting) == len(scene.homes) == 9
    closed = scene.homes[0].ground.board(scene.registry.round()).closed()
    assert closed is not None
    with pytest.raises(TypeError, match="shows no sum"):
        docket.answer(waiting[0], closed)
    said = scene.steps()
    assert [line.split(": ")[1] for line in said] == ["showed that a sum is right"] * 9
    assert docket.of(scene.registry.round()).waiting == []
    scene.until(scene.header(number))


def test_a_copy_of_the_chain_goes_on_from_its_newest_header(
    scene: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: neither at a start nor for a new header is anything read again of what is there; another chain is named."""
    number = scene.registry.head()
    copy = SyncedChain(scene.registry, scene.store, tmp_path / "chain")
    known = copy.update().header
    assert known.number == number
    scene.until(scene.header(number + 1))
    asked, logs = list[int](), Node.logs

    def recorded(node: Node, addresses: Sequence[str], first: int, last: int) -> list[dict[str, Any]]:
        asked.append(first)
        return logs(node, addresses, first, last)

    monkeypatch.setattr(Node, "logs", recorded)
    again = SyncedChain(scene.registry, scene.store, tmp_path / "chain")
    assert asked == []
    assert again.update().header.number == number + 1
    assert min(asked) >= scene.registry.node.first_block_since(known.timestamp) > scene.registry.first_block
    asked.clear()
    again.update()
    assert asked == []
    path = tmp_path / "chain" / "blocks" / f"{number + 1:06}.json"
    block = again.chain.block(number + 1)
    path.write_bytes(replace(block, header=replace(block.header, loss_after=0)).to_json())
    with pytest.raises(SyncError, match=f"the registry has another header {number + 1} than .* remove that folder"):
        again.update()
