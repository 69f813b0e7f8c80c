"""The inference node on a real chain: with a real verifier, real proofs, and whatever interrupts it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hexbytes import HexBytes
from nacl.public import PrivateKey
from web3 import Web3
from web3.types import RPCEndpoint

from offchain.artifacts import load
from offchain.chains import ChainSpec, started
from offchain.errors import UserError
from offchain.journal import Journal
from offchain.outbox import Outbox
from offchain.ppdl.inference import node as node_module
from offchain.ppdl.inference.answer import Answer, AnswerError
from offchain.ppdl.inference.enrolment import enrol
from offchain.ppdl.inference.integer_model import ANSWER_FRACTION
from offchain.ppdl.inference.market import ANY_NODE, ETH, Kind, Market, Order, State
from offchain.ppdl.inference.node import InferenceNode
from offchain.ppdl.inference.question import Question
from offchain.ppdl.inference.served import Served
from offchain.sender import Sender, development_account, development_sender, key_sender
from tests.inference.stage import DEPOSIT, DISPUTE_WINDOW, PROOF_WINDOW, QUESTION, RULES, model

PRICE = 1_000
MODELS = 2


@dataclass
class SeededModels:
    """The models of the seeds; `wrong` numbers hold another."""

    count: int = MODELS
    wrong: set[int] = field(default_factory=set)

    def head(self) -> int:
        return self.count - 1

    def model(self, number: int) -> Served:
        return Served.of(model(number + 100 if number in self.wrong else number))


@dataclass
class World:
    """A market on a chain, the node's things, and a requester."""

    web3: Web3
    market: Market
    models: SeededModels
    sender: Sender
    requester: Sender
    journal: Path
    key: PrivateKey = field(default_factory=PrivateKey.generate)
    said: list[str] = field(default_factory=list)

    def node(self, sender: Sender | None = None) -> InferenceNode:
        """The node, started anew."""
        outbox = Outbox(sender or self.sender, Journal(self.journal))
        prices = {(ETH, kind): PRICE for kind in Kind}
        account = self.sender.address
        return InferenceNode(self.market, account, self.models, outbox, self.key, prices, self.said.append)

    def order(self, question: Question, kind: Kind, **changes: Any) -> Order:
        deadline = self.market.node.time() + 600
        order = Order(kind, True, 0, deadline, self.sender.address, ETH, PRICE, question.hash)
        return order._replace(**changes)

    def ask(self, question: Question = QUESTION, kind: Kind = Kind.DISPUTABLE, **changes: Any) -> int:
        """Makes a request, with the features sealed to the node; its number."""
        features = changes.pop("features", None) or question.sealed(self.market.encryption_key(self.sender.address))
        order = self.order(question, kind, **changes)
        number = int(self.market.node.ask(self.market.calls.requestCount()))
        self.requester.transact(self.market.ask(order, features), order.payment)
        return number

    def state(self, number: int) -> State:
        return self.market.request(number).state

    def answer(self, number: int) -> Answer:
        found = self.market.answer_of(number)
        assert found is not None
        return found

    def wait(self, seconds: int) -> None:
        request = self.web3.provider.make_request
        request(RPCEndpoint("evm_increaseTime"), [seconds])
        request(RPCEndpoint("evm_mine"), [])

    def dispute(self, number: int) -> None:
        self.requester.transact(self.market.calls.dispute(number), DEPOSIT)

    @property
    def transactions(self) -> int:
        """How many the node's account has sent."""
        return self.web3.eth.get_transaction_count(development_account(1).address)

    def claimable(self) -> int:
        return int(self.market.node.ask(self.market.calls.claimable(ETH, self.sender.address)))


@pytest.fixture(scope="module")
def deployed() -> Iterator[tuple[Web3, str]]:
    """A chain with a market on it."""
    with started(ChainSpec("root", 31337, 0)) as chain:
        operator = development_sender(chain.web3, 0)
        models = load("ModelList").at(chain.web3, str(operator.deploy(load("ModelList"))["contractAddress"]))
        for number in range(MODELS):
            operator.transact(models.functions.append(Served.of(model(number)).hash.to_bytes(32, "big")))
        verifier = operator.deploy(load("InferenceVerifier"))["contractAddress"]
        market = operator.deploy(load("InferenceMarket"), RULES, models.address, verifier)
        yield chain.web3, str(market["contractAddress"])


@pytest.fixture
def world(deployed: tuple[Web3, str], tmp_path: Path) -> Iterator[World]:
    """The market as deployed, with the node enrolled; all that happens is taken back."""
    web3, address = deployed
    snapshot = web3.provider.make_request(RPCEndpoint("evm_snapshot"), [])["result"]
    sender, requester = development_sender(web3, 1), development_sender(web3, 2)
    made = World(web3, Market(web3, address), SeededModels(), sender, requester, tmp_path / "journal.db")
    list(enrol(made.market, sender, made.key, {(ETH, kind): PRICE for kind in Kind}))
    yield made
    web3.provider.make_request(RPCEndpoint("evm_revert"), [snapshot])


@pytest.mark.parametrize("kind", list(Kind))
def test_node_answers(world: World, kind: Kind) -> None:
    """I9 each kind, with the newest model; the requester opens the answer, which is the model's."""
    number = world.ask(kind=kind)
    world.node().look()
    request = world.market.request(number)
    assert request.state == (State.ANSWERED if kind == Kind.DISPUTABLE else State.SETTLED)
    assert request.model == 1
    assert world.answer(number).opened(QUESTION.salt) == model(1).answer(QUESTION.features) / 2**ANSWER_FRACTION
    assert world.said == [f"request {number}: answered"]


def test_node_proves_what_is_disputed_and_collects_the_rest(world: World) -> None:
    """I9 disputes first; what nobody disputed is collected when its time is over."""
    node = world.node()
    quiet, disputed = world.ask(), world.ask(latest=False, model=0)
    node.look()
    assert world.market.request(disputed).model == 0
    world.dispute(disputed)
    node.look()
    assert world.state(disputed) == State.SETTLED
    assert world.claimable() == PRICE + DEPOSIT
    assert world.state(quiet) == State.ANSWERED
    world.wait(DISPUTE_WINDOW + 1)
    node.look()
    assert world.state(quiet) == State.SETTLED
    assert world.claimable() == 2 * PRICE + DEPOSIT
    sent = world.transactions
    node.look()
    world.node().look()
    assert world.transactions == sent


@pytest.mark.parametrize("doing", ["answer", "prove"])
def test_node_killed_while_it_sends(world: World, doing: str) -> None:
    """I10 what was signed goes out when the node is back, the same transaction, and once."""
    number = world.ask()
    if doing == "prove":
        world.node().look()
        world.dispute(number)
    before = world.transactions
    account = development_account(1)
    dying = key_sender(world.web3, account)
    dying.broadcast = _die  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        world.node(dying).look()
    assert world.transactions == before
    assert len(_DIED) == 1
    raw = _DIED.pop()
    world.node().look()
    world.node().look()
    assert world.transactions == before + 1
    assert world.web3.eth.get_transaction(world.web3.keccak(raw))["nonce"] == before
    assert world.state(number) == (State.ANSWERED if doing == "answer" else State.SETTLED)


_DIED: list[HexBytes] = []


def _die(raw: HexBytes) -> HexBytes:
    """As if the process ended right before it reached the chain's node."""
    _DIED.append(raw)
    raise KeyboardInterrupt


def test_node_restarted_sends_nothing_again(world: World) -> None:
    """I10 also if the answer is mined after the restart only."""
    request = world.web3.provider.make_request
    number = world.ask()
    request(RPCEndpoint("evm_setAutomine"), [False])
    quick, node_module.MINED_SECONDS = node_module.MINED_SECONDS, 0.1
    try:
        before = world.web3.eth.get_transaction_count(world.sender.address, "pending")
        world.node().look()
        world.node().look()
        assert world.web3.eth.get_transaction_count(world.sender.address, "pending") == before + 1
    finally:
        node_module.MINED_SECONDS = quick
        request(RPCEndpoint("evm_mine"), [])
        request(RPCEndpoint("evm_setAutomine"), [True])
    world.node().look()
    assert world.transactions == before + 1
    assert world.state(number) == State.ANSWERED
    assert [line.split(", 0x")[0] for line in world.said] == [f"request {number}: answered: pending"] * 2


def test_what_a_node_can_not_serve(world: World) -> None:
    """I9 garbage, features of another request, another's key, an unknown model: one line each, and nothing is sent."""
    key = world.market.encryption_key(world.sender.address)
    other = replace(QUESTION, salt=QUESTION.salt + 1)
    stranger = bytes(PrivateKey.generate().public_key)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"features": b"garbage"}, "the features are not encrypted to this node's key"),
        ({"features": QUESTION.sealed(stranger)}, "the features are not encrypted to this node's key"),
        ({"features": other.sealed(key)}, "its features are not those that it commits to"),
        ({"question": replace(QUESTION, features=(1, 2, 3))}, "the model takes rows of 30 features, not an array of"),
    ]
    before = world.transactions
    numbers = [world.ask(**case) for case, _ in cases]
    node = world.node()
    node.look()
    node.look()
    assert len(world.said) == len(cases)
    for number, (_, reason) in zip(numbers, cases, strict=True):
        (line,) = [line for line in world.said if line.startswith(f"request {number}: ")]
        assert reason in line
        assert "\n" not in line
    assert world.transactions == before


def test_models_that_a_node_lacks(world: World) -> None:
    """I9 one that isn't the chain's is not answered with; one that comes later is."""
    world.models.wrong = {1}
    number = world.ask()
    node = world.node()
    node.look()
    assert world.said == [f"request {number}: this node's model 1 is not the chain's"]
    world.models.wrong, world.models.count = set(), 1
    node.look()
    assert world.said[-1] == f"request {number}: it is for model 1 or newer: this node has 0"
    world.models.count = MODELS
    node.look()
    assert world.state(number) == State.ANSWERED


def test_open_requests(world: World) -> None:
    """I9 features for everybody; answered if they pay enough and nobody was faster."""
    cheap = world.ask(node=ANY_NODE, payment=PRICE - 1, features=QUESTION.to_bytes())
    number = world.ask(node=ANY_NODE, kind=Kind.PROVEN, features=QUESTION.to_bytes())
    taken = world.ask(node=ANY_NODE, features=QUESTION.to_bytes())
    rival = development_sender(world.web3, 3)
    list(enrol(world.market, rival, PrivateKey.generate(), {}))
    rival.transact(world.market.answering(taken, 1, QUESTION.hash, Answer.to(QUESTION, model(1))))
    world.node().look()
    assert world.state(cheap) == State.OPEN
    assert world.state(number) == State.SETTLED
    assert world.market.request(taken).node == rival.address
    assert world.said == [f"request {number}: answered"]


def test_time_that_is_over(world: World) -> None:
    """I9 an expired request is left, a lost dispute is told."""
    number = world.ask()
    world.wait(601)
    node = world.node()
    node.look()
    lost = world.ask()
    node.look()
    world.dispute(lost)
    world.wait(PROOF_WINDOW + 1)
    node.look()
    assert world.said == [
        f"request {number}: it expired",
        f"request {lost}: answered",
        f"request {lost}: a dispute was lost: no proof in time",
    ]


def test_request_gone_in_a_reorganisation(world: World) -> None:
    """I10 the question of the chain that counts is answered, not the one before."""
    snapshot = world.web3.provider.make_request(RPCEndpoint("evm_snapshot"), [])["result"]
    quick = replace(QUESTION, salt=5)
    node = world.node()
    number = world.ask(quick, latest=False, model=0)
    world.models.wrong = {0}
    node.look()
    world.web3.provider.make_request(RPCEndpoint("evm_revert"), [snapshot])
    assert world.ask() == number
    node.look()
    assert world.answer(number).opened(QUESTION.salt) == model(1).answer(QUESTION.features) / 2**ANSWER_FRACTION


def test_watching(world: World) -> None:
    """I9 until it is told to stop; a chain that doesn't answer for a while is asked again."""
    stop, node = threading.Event(), world.node()
    failing = [True]
    height = world.market.node.height
    answers = world.market
    object.__setattr__(answers.node, "height", lambda: _silence() if failing else height())
    patience, node_module.PATIENCE_SECONDS = node_module.PATIENCE_SECONDS, 0.2
    watcher = threading.Thread(target=node.watch, args=(stop,))
    try:
        watcher.start()
        number = world.ask()
        _until(lambda: "the chain can't be asked (NodeError); trying again" in world.said)
        failing.clear()
        _until(lambda: world.state(number) == State.ANSWERED)
    finally:
        stop.set()
        watcher.join(10)
        node_module.PATIENCE_SECONDS = patience
    assert not watcher.is_alive()


def _silence() -> int:
    from offchain.node import NodeError

    raise NodeError("the node doesn't answer")


def _until(done: Any) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_enrolment_changes_what_is_not_so(world: World) -> None:
    """I9 key, bond and prices are set once; another key or price alone is changed."""
    assert list(enrol(world.market, world.sender, world.key, {(ETH, Kind.PROVEN): PRICE})) == []
    assert list(enrol(world.market, world.sender, world.key, {(ETH, Kind.PROVEN): 7})) == [
        f"takes 7 of {ETH} for an answer of the kind proven"
    ]
    other = PrivateKey.generate()
    assert list(enrol(world.market, world.sender, other, {})) == ["joined with 0 wei more at stake"]
    assert world.market.encryption_key(world.sender.address) == bytes(other.public_key)


def test_answers_and_questions_that_are_none() -> None:
    """P9 bytes that are no question, keys that are none, answers that don't open: one line each."""
    for content in (b"", bytes(32), bytes(33), b"\xff" * 92):
        with pytest.raises(UserError, match="bytes are no features and salt"):
            Question.from_bytes(content)
    assert Question.from_bytes(QUESTION.to_bytes()) == QUESTION
    with pytest.raises(UserError, match="can't be encrypted to"):
        QUESTION.sealed(b"short")
    answer = Answer.to(QUESTION, model(0))
    with pytest.raises(AnswerError, match="dispute it"):
        replace(answer, ciphertext=answer.ciphertext + 1).opened(QUESTION.salt)
    with pytest.raises(AnswerError, match="dispute it"):
        answer.opened(QUESTION.salt + 1)
