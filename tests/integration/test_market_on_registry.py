"""Forecasts of a model chain that participants made: the market reads PPDLRegistry, the node has the round's model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from nacl.public import PrivateKey

from offchain.artifacts import load
from offchain.chains import ChainSpec, started
from offchain.journal import Journal
from offchain.outbox import Outbox
from offchain.ppdl.aggregation.lanes import Signed
from offchain.ppdl.inference.answer import Answer
from offchain.ppdl.inference.enrolment import enrol
from offchain.ppdl.inference.integer_model import ANSWER_FRACTION, PERCEPTRON, IntegerModel, lanes_of
from offchain.ppdl.inference.market import ETH, Kind, Market, Order, State
from offchain.ppdl.inference.node import InferenceNode
from offchain.ppdl.inference.served import Served
from offchain.sender import Sender, TransactionError, development_sender
from tests.inference.stage import DEPOSIT, QUESTION, RULES
from tests.ppdl.rounds import Round, closed
from tests.ppdl.stage import Stage, deployed

PARTICIPANTS = 8
PRICE = 1_000


@dataclass
class States:
    """The models of the headers, by number."""

    states: list[Signed]

    def head(self) -> int:
        return len(self.states) - 1

    def model(self, number: int) -> Served:
        return Served.of(IntegerModel.from_lanes(self.states[number]))


@pytest.fixture(scope="module")
def round_() -> Iterator[Round]:
    """A round whose aggregate counts; its header isn't relayed yet."""
    with started(ChainSpec("root", 31337, 0)) as chain:
        stage = deployed(chain.web3, lanes_of(PERCEPTRON), PARTICIPANTS)
        yield closed(stage, PARTICIPANTS).post().finalise()


def market_on(stage: Stage) -> Market:
    """A market that sells answers of the registry's models."""
    operator = development_sender(stage.web3, 0)
    verifier = operator.deploy(load("InferenceVerifier"))["contractAddress"]
    market = operator.deploy(load("InferenceMarket"), RULES, stage.registry.address, verifier)
    return Market(stage.web3, str(market["contractAddress"]))


def asked(market: Market, requester: Sender, node: str, kind: Kind) -> int:
    """A request for the latest model."""
    order = Order(kind, True, 0, market.node.time() + 600, node, ETH, PRICE, QUESTION.hash)
    number = int(market.node.ask(market.calls.requestCount()))
    requester.transact(market.ask(order, QUESTION.sealed(market.encryption_key(node))), PRICE)
    return number


def test_forecasts_of_a_trained_model(round_: Round, tmp_path: Path) -> None:
    """I12 the genesis' model answers until a round's header is there; from then on, requests for the latest model are
    answered by that one alone, with a proof or by a word that is proven when it is disputed."""
    stage = round_.stage
    market, key, said = market_on(stage), PrivateKey.generate(), list[str]()
    sender, requester = (development_sender(stage.web3, number) for number in (1, 2))
    list(enrol(market, sender, key, {(ETH, kind): PRICE for kind in Kind}))
    outbox = Outbox(sender, Journal(tmp_path / "journal.db"))
    models = States([stage.state])
    node = InferenceNode(market, sender.address, models, outbox, key, {}, said.append)

    first = asked(market, requester, sender.address, Kind.PROVEN)
    node.look()
    assert market.request(first).model == 0

    early = asked(market, requester, sender.address, Kind.DISPUTABLE)
    header = round_.relay()
    assert market.model_hash(1) == int.from_bytes(header.weight_hash, "big")
    late = asked(market, requester, sender.address, Kind.DISPUTABLE)
    stale = Answer.to(QUESTION, IntegerModel.from_lanes(stage.state))
    with pytest.raises(TransactionError, match=r"StaleModel\(asked=1, actual=0\)"):
        sender.transact(market.answering(late, 0, QUESTION.hash, stale))
    node.look()
    assert market.request(early).model == 0
    assert said[-1] == f"request {late}: it is for model 1 or newer: this node has 0"

    models.states.append(round_.after)
    node.look()
    answer = market.answer_of(late)
    expected = IntegerModel.from_lanes(round_.after).answer(QUESTION.features)
    assert answer is not None
    assert answer.opened(QUESTION.salt) == expected / 2**ANSWER_FRACTION
    for number in (early, late):
        requester.transact(market.calls.dispute(number), DEPOSIT)
    node.look()
    assert [market.request(number).state for number in (first, early, late)] == [State.SETTLED] * 3
    earned = market.node.ask(market.calls.claimable(ETH, sender.address))
    assert earned == 3 * PRICE + 2 * DEPOSIT
