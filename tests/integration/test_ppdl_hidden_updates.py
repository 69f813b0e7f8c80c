"""Stores that hide or are slow to show updates of a closed round: nobody honest loses anything by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from offchain.ppdl.disputes.proofs import Kind as Shown
from offchain.ppdl.network.docket import Docket
from offchain.ppdl.network.publication import Kind, Publication
from offchain.ppdl.network.registry import Phase
from offchain.ppdl.network.store import Store
from offchain.sender import development_sender
from tests.integration.training import Home, Training, training


class HidingStore:
    """A store whose keeper shows some senders' updates to nobody."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.hidden: set[bytes] = set()

    def publish(self, publication: Publication) -> None:
        self._store.publish(publication)

    def publications(self, round_: int, kind: Kind) -> list[Publication]:
        listed = self._store.publications(round_, kind)
        return [one for one in listed if kind != Kind.UPDATE or one.sender not in self.hidden]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    with training(tmp_path_factory.mktemp("hidden")) as scene:
        yield scene


@pytest.fixture
def unharmed(scene: Training) -> Iterator[None]:
    """No home loses anything of its bond."""
    yield
    bonds = [scene.registry.bond_of(home.ground.sender.address)[0] for home in scene.homes]
    assert bonds == [scene.registry.rules.bond] * len(scene.homes)


def give(homes: list[Home], store: Store) -> None:
    """Another store than before."""
    for home in homes:
        home.ground = replace(home.ground, store=store)
        home.restart()


def demand_signature(scene: Training, of: Home) -> None:
    """A stranger demands to be shown the signature of an update."""
    round_ = scene.registry.round()
    index = round_.index_of(of.ground.address)
    assert round_.closing is not None
    assert index is not None
    rank = round_.closing.alive.indices.index(index)
    call = Docket(scene.registry).contract.functions.demand(Shown.SIGNATURE, round_.number, 0, rank)
    development_sender(scene.web3, 3).transact(call, scene.registry.rules.demand_fee)


@pytest.mark.usefixtures("unharmed")
def test_an_update_that_is_hidden_after_the_closing(scene: Training) -> None:
    """P6, P7: whoever saw it can still show it, also after a restart: no demand succeeds against who closed the round,
    and the sum and its header come with it."""
    number, store, victim = scene.registry.head() + 1, HidingStore(scene.store), scene.homes[5]
    give(scene.homes, store)
    scene.until(scene.phase(Phase.CLOSED))
    store.hidden.add(victim.ground.address)
    give(scene.homes, store)
    demand_signature(scene, victim)
    said = scene.until(scene.header(number))
    assert sum("showed that a signature is right" in line for line in said) == 1
    assert not any("demanded" in line or "convicted" in line for line in said)
    assert all(home.ground.synced.update().evidence is not None for home in scene.homes)
    give(scene.homes, scene.store)


def closed_unseen(scene: Training) -> tuple[Home, HidingStore]:
    """A round is closed with an update that one home's store never showed it."""
    blind = scene.homes[3]
    store = HidingStore(scene.store)
    store.hidden.add(scene.homes[5].ground.address)
    give([blind], store)
    scene.until(scene.phase(Phase.CLOSED))
    return blind, store


def steps_of(scene: Training, home: Home, seconds: int) -> list[str]:
    """A home's steps before and after so much time."""
    said = scene.step_of(home)
    scene.pass_seconds(seconds)
    return said + scene.step_of(home)


@pytest.mark.usefixtures("unharmed")
def test_a_store_that_is_slow_to_show(scene: Training) -> None:
    """P7: a home waits for what it didn't see, and demands nothing that comes in half of the window."""
    number = scene.registry.head() + 1
    blind, store = closed_unseen(scene)
    said = steps_of(scene, blind, scene.registry.rules.challenge_window)
    store.hidden.clear()
    said += scene.until(scene.header(number))
    assert not any("demanded" in line for line in said)


@pytest.mark.usefixtures("unharmed")
def test_a_store_that_never_shows(scene: Training) -> None:
    """P7: then it demands the signature; the others show it, and go on."""
    number = scene.registry.head() + 1
    blind, store = closed_unseen(scene)
    said = steps_of(scene, blind, scene.registry.rules.post_window // 2)
    said += steps_of(scene, blind, scene.registry.rules.challenge_window // 3)
    assert f"demanded 1 signatures of updates of round {number} that aren't in the store" in said
    said = scene.until(scene.header(number))
    assert any("showed that a signature is right" in line for line in said)
    assert store.hidden
