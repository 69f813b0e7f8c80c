"""Liars with bonds among homes that train: each is found out by the homes' own steps, and the training goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from offchain.contract_events import ContractEvents
from offchain.ppdl.aggregation.lanes import Signed, to_bytes, to_chunks, to_lanes
from offchain.ppdl.aggregation.sum_tree import SumTree
from offchain.ppdl.disputes.faults import Place
from offchain.ppdl.disputes.proofs import Disputed
from offchain.ppdl.disputes.proofs import Kind as Shown
from offchain.ppdl.learning.update import apply_sum
from offchain.ppdl.model_chain.header import weight_hash_of
from offchain.ppdl.model_chain.verification import verify
from offchain.ppdl.network.docket import Docket
from offchain.ppdl.network.outcome import Outcome
from offchain.ppdl.network.publication import Kind, Publication
from offchain.ppdl.network.reckoning import Reckoning
from offchain.ppdl.network.registry import Phase
from tests.integration.liar import Liar, caught, new_liar
from tests.integration.training import Training, training
from tests.ppdl.faults import bent_tree, one_more


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    """A round that is closed, and in which enough is revealed to compute the sum; nobody posted it yet."""
    with training(tmp_path_factory.mktemp("watching")) as scene:
        scene.until(scene.phase(Phase.CLOSED))
        witness = Reckoning(new_liar(scene).ground)
        while witness.outcome(scene.registry.round()) is None:
            for home in scene.homes:
                if witness.outcome(scene.registry.round()) is None:
                    scene.step_of(home)
        assert scene.registry.round().phase == Phase.CLOSED
        yield scene


@pytest.fixture
def liar(scene: Training) -> Iterator[Liar]:
    """One that loses its bond; nobody else does, and the round can go on."""
    liar = new_liar(scene)
    yield liar
    rules = scene.registry.rules
    assert liar.bond == 0
    assert [scene.registry.bond_of(home.ground.sender.address)[0] for home in scene.homes] == [rules.bond] * 9
    assert scene.registry.round().phase == Phase.CLOSED
    assert scene.registry.round().claim is None


def with_sums(outcome: Outcome, sums: SumTree) -> Disputed:
    """A round with another sum tree, and the model that this one would give."""
    total = to_lanes(sums.total, len(outcome.before) + 1)
    after = apply_sum(outcome.before, total, len(outcome.evidence.alive))
    return replace(outcome.disputed(), sums=sums, after=after)


def with_model(outcome: Outcome, chunk: int) -> Disputed:
    """A round with another weight in a chunk of the model."""
    after = outcome.state.copy()
    after[64 * chunk] += 1
    return replace(outcome.disputed(), after=after)


@pytest.mark.parametrize(("chunk", "node"), [(0, 1), (10, 19)])
def test_a_sum_that_is_none(liar: Liar, chunk: int, node: int) -> None:
    """P7 its poster shows everything but the node that is wrong, which it can't."""
    shown = with_sums(liar.outcome(), bent_tree(liar.outcome().tree, chunk, node, one_more))
    liar.post_shown(shown)
    said = caught(liar, shown)
    assert any("demanded to be shown" in line for line in said)
    assert f"nobody showed sum {node} of chunk {chunk}" in said[-1]


def test_a_liar_that_demands_of_itself_first(liar: Liar) -> None:
    """P7 as many right places as half a bond pays for, and shows them at once, which costs it nothing: what others
    demand is no reason for a home to demand less."""
    rules = liar.scene.registry.rules
    shown = with_sums(liar.outcome(), bent_tree(liar.outcome().tree, 0, 1, one_more))
    liar.post_shown(shown)
    places = [Place(Shown.SUM, chunk, node) for chunk in range(1, 11) for node in range(1, 6)]
    assert len(places) * rules.demand_fee == rules.bond // 2
    liar.demand(places)
    liar.answer_at_once(shown)
    demands = Docket(liar.scene.registry).of(liar.scene.registry.round())
    assert len([demand for demand in demands.current if demand in demands.answered]) == len(places)
    said = caught(liar, shown)
    assert "nobody showed sum 1 of chunk 0" in said[-1]


@pytest.mark.parametrize(("place", "kind"), [(3, "leaf 3"), (12, "mask 12"), (31, "mask 31")])
def test_a_leaf_that_is_another(liar: Liar, place: int, kind: str) -> None:
    """P7 an update, a mask and a place for zeros: its poster shows everything, and thereby the wrong leaf."""
    tree = liar.outcome().tree
    shown = with_sums(liar.outcome(), bent_tree(tree, 7, tree.chunk_trees[0].leaves + place, one_more))
    liar.post_shown(shown)
    assert f"challenged the false sum of round 1: {kind} of chunk 7 is wrong" in caught(liar, shown)[-1]


def test_a_root_of_nothing(liar: Liar) -> None:
    """P7 whoever can show nothing is convicted for the first place."""
    outcome = liar.outcome()
    liar.post(keccak(text="nothing"), outcome.weights_root, outcome.weight_hash)
    assert "convicted who posted the false sum" in caught(liar)[-1]


def test_a_model_that_is_another(liar: Liar) -> None:
    """P7 with the model published it is challenged at once."""
    shown = with_model(liar.outcome(), 6)
    publish_model(liar, shown.after)
    liar.post_shown(shown)
    assert "challenged the false model of round 1: update 0 of chunk 6 is wrong" in caught(liar)[-1]


def test_a_model_that_is_kept_secret(liar: Liar) -> None:
    """P7 it is demanded chunk by chunk."""
    shown = with_model(liar.outcome(), 9)
    liar.post_shown(shown)
    assert "nobody showed update 0 of chunk 9" in caught(liar, shown)[-1]


def test_a_hash_of_another_model(liar: Liar) -> None:
    """P7 of the one before: whoever buys answers would get stale ones."""
    outcome = liar.outcome()
    liar.post(outcome.tree.root, outcome.weights_root, weight_hash_of(outcome.before))
    assert "challenged the false hash of the model of round 1: hash 0 of chunk 0 is wrong" in caught(liar)[-1]


def test_a_hash_of_nothing(liar: Liar) -> None:
    """P7"""
    outcome = liar.outcome()
    liar.post(outcome.tree.root, outcome.weights_root, bytes(31) + b"\7")
    assert "convicted who posted the false hash of the model" in caught(liar)[-1]


def publish_model(liar: Liar, state: Signed) -> None:
    """Publishes a model as a poster does."""
    domain, account = liar.scene.registry.domain, liar.ground.account
    content = to_bytes(to_chunks(state))
    liar.scene.store.publish(Publication.signed(domain, account, 1, Kind.MODEL, content))


def test_the_training_goes_on(scene: Training) -> None:
    """P7 whatever was posted before, the header is of the right sum. The homes have half of each liar's bond, and every
    fee that they paid but those for which a liar showed something; none is left with the chain."""
    docket, round_ = Docket(scene.registry), scene.registry.round()
    said = scene.until(scene.header(1))
    chain = scene.homes[4].ground.synced
    assert chain.update().header.accepted
    assert [block.header.number for block in verify(chain.chain)] == [0, 1]
    rules = scene.registry.rules
    bonds = [scene.registry.bond_of(home.ground.sender.address)[0] for home in scene.homes]
    assert bonds == [rules.bond] * len(scene.homes)
    assert not any("!" in line for line in said)
    demands = docket.of(round_)
    assert len(demands.until) > len(demands.answered) > 0
    assert [docket.payer(demand) for demand in demands.until] == [None] * len(demands.until)
    fees = rules.demand_fee * (len(demands.until) - len(demands.answered))
    assert rewards(scene) == liars(scene) * rules.bond // 2 + fees


def rewards(scene: Training) -> int:
    """What waits for the homes at the registry, in wei."""
    reward_of = scene.registry.contract.functions.rewardOf
    return sum(scene.registry.node.ask(reward_of(home.ground.sender.address)) for home in scene.homes)


def liars(scene: Training) -> int:
    """How many accounts lost their bond."""
    node = scene.registry.node
    events = ContractEvents(node, scene.registry.contract).between(0, node.height())
    return sum(event.name == "Slashed" for event in events)
