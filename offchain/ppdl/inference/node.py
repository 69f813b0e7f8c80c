"""The inference node: answers requests, proves answers, and collects what it earned.

All that a node knows is on the chain, but for its journal, its key and its models: after a restart it reads the
market's events again and goes on. The market's state decides what is to be done; the journal, that it is sent once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event as Stop

import requests
from eth_utils.crypto import keccak
from nacl.public import PrivateKey
from web3.contract.contract import ContractFunction
from web3.exceptions import Web3Exception

from offchain.book import BookError
from offchain.contract_events import Event
from offchain.errors import UserError
from offchain.node import NodeError
from offchain.outbox import Outbox
from offchain.ppdl.inference.answer import Answer, proof_of
from offchain.ppdl.inference.integer_model import IntegerModel
from offchain.ppdl.inference.market import ANY_NODE, Kind, Market, Request, State
from offchain.ppdl.inference.question import Question
from offchain.ppdl.inference.served import Models
from offchain.sender import unsigned

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 10.0
"""How long it waits after a failure of the chain's node."""

MINED_SECONDS = 5.0
"""How long it waits for a transaction before it looks after other requests."""

BLOCKS_AGAIN = 16
"""Blocks that are read once more at each look: a reorganisation of the chain may have changed them."""

Prices = Mapping[tuple[str, Kind], int]
"""What the node takes for an answer at least, in base units, by asset and kind."""

Tell = Callable[[str], None]


class ServiceError(UserError):
    """Says in one line why a request can't be served, now or at all."""


class InferenceNode:
    """A node with one account, for one market. `tell` is given a line for each thing that happens."""

    def __init__(
        self, market: Market, account: str, models: Models, outbox: Outbox, key: PrivateKey, prices: Prices, tell: Tell
    ) -> None:
        self._market, self._account, self._models, self._outbox = market, account, models, outbox
        self._key, self._prices, self._tell = key, prices, tell
        self._first = market.first_block()
        self._next = self._first
        self._questions: dict[int, Question] = {}
        self._told: dict[int, str] = {}

    def watch(self, stop: Stop) -> None:
        """Looks after requests until it is told to stop. A chain that doesn't answer is asked again. Raises
        BookError: without a journal nothing is sent."""
        while not stop.wait(POLL_SECONDS):
            try:
                self.look()
            except (NodeError, requests.RequestException, Web3Exception) as error:
                self._tell(f"the chain can't be asked ({type(error).__name__}); trying again")
                stop.wait(PATIENCE_SECONDS)

    def look(self) -> None:
        """Reads what is new and does all that can be done now, disputes first. Raises NodeError, BookError."""
        height = self._market.node.height()
        for event in self._market.events(max(self._first, self._next - BLOCKS_AGAIN), height):
            if event.name == "Requested" and event.arguments["node"] in (self._account, ANY_NODE):
                self._take(event)
        self._next = height + 1
        known = {number: self._market.request(number) for number in self._questions}
        for number in sorted(known, key=lambda number: (known[number].state != State.DISPUTED, known[number].until)):
            try:
                self._serve(number, known[number], self._questions[number])
            except (NodeError, BookError):
                raise
            except UserError as error:
                self._say(number, str(error))

    def _take(self, event: Event) -> None:
        """Opens a request's features, and keeps them if they are those that it commits to."""
        number, content = event.arguments["id"], bytes(event.arguments["features"])
        try:
            question = (
                Question.from_bytes(content)
                if event.arguments["node"] == ANY_NODE
                else Question.opened(content, self._key)
            )
            if question.hash != event.arguments["order"]["featuresHash"]:
                raise ServiceError("its features are not those that it commits to")
        except UserError as error:
            self._say(number, str(error))
            return
        self._questions[number] = question

    def _serve(self, number: int, request: Request, question: Question) -> None:
        """The next thing to do for a request, if there is one."""
        if request.features_hash != question.hash or request.node not in (self._account, ANY_NODE):
            self._drop(number)  # another node's by now, or gone in a reorganisation of the chain
            return
        over = self._market.node.time() > request.until
        match request.state:
            case State.OPEN if over:
                self._drop(number, "it expired")
            case State.OPEN if self._is_paid(request):
                self._answer(number, request, question)
            case State.ANSWERED if over:
                self._send(number, request, "collected", lambda: self._market.calls.collect(number))
            case State.DISPUTED if over:
                self._drop(number, "a dispute was lost: no proof in time")
            case State.DISPUTED:
                model = self._model(request.model)
                self._send(
                    number,
                    request,
                    "proven",
                    lambda: self._market.proving(number, proof_of(question, model, self._account)),
                )
            case State.SETTLED | State.NONE:
                self._drop(number)
            case _:
                pass

    def _answer(self, number: int, request: Request, question: Question) -> None:
        model_number = self._number_for(request)
        model = self._model(model_number)

        def call() -> ContractFunction:
            if request.kind == Kind.PROVEN:
                return self._market.answering_proven(number, model_number, proof_of(question, model, self._account))
            return self._market.answering(number, model_number, question.hash, Answer.to(question, model))

        self._send(number, request, "answered", call)

    def _is_paid(self, request: Request) -> bool:
        """Whether it pays what the node takes; the market has seen to that for requests that name the node."""
        price = self._prices.get((request.asset, request.kind))
        return request.node == self._account or (price is not None and request.payment >= price)

    def _number_for(self, request: Request) -> int:
        """Which model answers: the one asked for, or the newest that the node has. Raises ServiceError."""
        if not request.latest:
            return request.model
        newest = min(self._models.head(), self._market.head())
        if newest < request.model:
            raise ServiceError(f"it is for model {request.model} or newer: this node has {newest}")
        return newest

    def _model(self, number: int) -> IntegerModel:
        """Raises ServiceError if the node's model isn't the chain's: it couldn't prove its answer."""
        served = self._models.model(number)
        if served.hash != self._market.model_hash(number):
            raise ServiceError(f"this node's model {number} is not the chain's")
        return served.model

    def _send(self, number: int, request: Request, done: str, call: Callable[[], ContractFunction]) -> None:
        """Sends a transaction once. What failed on chain is tried anew while the request is as it was."""
        content = [bytes.fromhex(self._market.address[2:]), number.to_bytes(32, "big")]
        digest = keccak(b"".join([*content, request.features_hash.to_bytes(32, "big"), done.encode()]))
        sent = self._outbox.find(digest)
        if sent is None:
            sent = self._outbox.send(digest, unsigned(call()))
        else:
            self._outbox.send_again(digest, sent)
        status = self._outbox.status(sent, MINED_SECONDS)
        if status == "failed":
            self._outbox.forget(digest)
        self._say(number, done if status == "mined" else f"{done}: {status}, {sent.hash.to_0x_hex()}")

    def _drop(self, number: int, why: str | None = None) -> None:
        del self._questions[number]
        if why:
            self._say(number, why)

    def _say(self, number: int, line: str) -> None:
        """Tells a line about a request, unless it was the last one about it."""
        if self._told.get(number) != line:
            self._told[number] = line
            self._tell(f"request {number}: {line}")
