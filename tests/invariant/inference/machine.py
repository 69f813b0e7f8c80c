"""The state machine: nodes and requesters do anything with the market, in whatever order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from offchain.ppdl.inference.answer import Answer
from offchain.ppdl.inference.commitments import answer_hash, encrypt_answer
from offchain.ppdl.inference.market import ANY_NODE, Kind, State
from tests.inference.stage import (
    BOND,
    DEPOSIT,
    DISPUTE_WINDOW,
    KEY,
    PRICE,
    PROOF_WINDOW,
    QUESTION,
    STAKE,
    model,
    numbers,
    proven,
)
from tests.invariant.inference.market import Market
from tests.invariant.inference.model import ANY, ASSETS, NODES, REQUESTERS, Model, Refusal

LIFE = 900
"""Seconds that a request can be answered in."""
WEIGHTS = {"ask": 4, "answer": 6, "answer_proven": 2, "dispute": 5, "prove": 3, "wait": 2, "claim": 2}
"""How often each operation is tried; all others once."""
OPERATIONS = [name for name, weight in WEIGHTS.items() for _ in range(weight)]
OPERATIONS += ["join", "leave", "withdraw", "collect", "refund", "convict"]

nodes, requesters, assets = st.sampled_from(NODES), st.sampled_from(REQUESTERS), st.sampled_from(ASSETS)
kinds = st.sampled_from([Kind.DISPUTABLE, Kind.DISPUTABLE, Kind.PROVEN, Kind.UNDISPUTABLE])
which = st.integers(0, 11)
dice = st.integers(0, 5)
ENDS = {"collect": State.ANSWERED, "refund": State.OPEN, "convict": State.DISPUTED}
pauses = st.sampled_from([LIFE, PROOF_WINDOW, DISPUTE_WINDOW, DISPUTE_WINDOW + PROOF_WINDOW])


def right() -> tuple[int, int]:
    """The right answer's hash and ciphertext."""
    answer = Answer.to(QUESTION, model(0))
    return answer.hash, answer.ciphertext


def forged() -> tuple[int, int]:
    """Those of another number."""
    return answer_hash(5, QUESTION.salt), encrypt_answer(5, QUESTION.salt)


class Machine(RuleBasedStateMachine):
    """Each operation runs on the chain and in the model, which must agree on what comes of it and on every amount."""

    market: ClassVar[Market]
    succeeded: ClassVar[Counter[str]]
    refusals: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.market.reset()
        self.model = Model()

    def both(self, call: tuple[str, int, int, tuple[Any, ...]], expect: Callable[[int], None]) -> None:
        """A call by an account with a value, and the model's opinion of it."""
        name, by, value, arguments = call
        now = self.market.now
        found = self.market.act(name, *arguments, by=by, value=value)
        try:
            expect(now)
            expected = ""
        except Refusal as refusal:
            expected = str(refusal)
        assert found == expected, f"{name}: {found or 'no error'} instead of {expected or 'none'}"
        if found:
            self.refusals[found] += 1
        else:
            self.succeeded[name] += 1
            self.compare()

    def compare(self) -> None:
        """What is held is exactly what is owed, in escrow, at stake, or sunk."""
        assert self.market.view() == self.model.view()

    @initialize(kinds=st.lists(kinds, min_size=3, max_size=3), asset=assets)
    def begin(self, kinds: list[Kind], asset: str) -> None:
        """Some requests to begin with."""
        for number, kind in enumerate(kinds):
            self.ask(REQUESTERS[number % 2], kind, asset, NODES[0] if number else ANY, 1)

    @rule(
        name=st.sampled_from(OPERATIONS),
        place=which,
        more=dice,
        node=nodes,
        requester=requesters,
        asset=assets,
        kind=kinds,
        pause=pauses,
    )
    def operate(
        self, name: str, place: int, more: int, node: int, requester: int, asset: str, kind: Kind, pause: int
    ) -> None:
        match name:
            case "join":
                self.join(node, (0, STAKE, BOND)[more % 3])
            case "leave":
                self.leave(node)
            case "withdraw":
                self.withdraw(node)
            case "claim":
                self.claim((*NODES, *REQUESTERS)[place % 4], asset)
            case "ask":
                self.ask(requester, kind, asset, (ANY, node)[more % 2], more)
            case "answer":
                self.answer(place, node, more < 3)
            case "answer_proven":
                self.answer_proven(place, node)
            case "dispute":
                self.dispute(place, requester)
            case "prove":
                self.prove(place)
            case "wait":
                self.market.wait(pause)
            case _:
                self.settle(self._one(ENDS[name], place), name, requester)

    def join(self, node: int, value: int) -> None:
        self.both(("join", node, value, (KEY,)), lambda now: self.model.join(node, value, now))

    def leave(self, node: int) -> None:
        self.both(("leave", node, 0, ()), lambda now: self.model.leave(node, now))

    def withdraw(self, node: int) -> None:
        to = self.market.accounts[node]
        self.both(("withdrawBond", node, 0, (to,)), lambda now: self.model.withdraw(node, now))

    def claim(self, owner: int, asset: str) -> None:
        call = (self.market.assets[asset], self.market.accounts[owner])
        self.both(("claim", owner, 0, call), lambda now: self.model.claim(owner, asset, now))

    def ask(self, requester: int, kind: Kind, asset: str, node: int, less: int) -> None:
        payment = PRICE - (less == 0)
        until = self.market.now + LIFE
        account = self.market.accounts[node] if node else ANY_NODE
        order = (kind, True, 0, until, account, self.market.assets[asset], payment, QUESTION.hash)
        value = payment if asset == "ether" else 0
        self.both(
            ("request", requester, value, (order, b"")),
            lambda now: self.model.ask(requester, kind, asset, payment, node, until, now),
        )

    def answer(self, place: int, node: int, lie: bool) -> None:
        number = self._one(State.OPEN, place)
        node = self._node(number, node, place)
        call = (number, 0, QUESTION.hash, *(forged() if lie else right()))
        self.both(("answer", node, 0, call), lambda now: self.model.answer(number, node, lie, now))

    def answer_proven(self, place: int, node: int) -> None:
        number = self._one(State.OPEN, place)
        node = self._node(number, node, place)
        call = (number, 0, *self._proof(node))
        self.both(("answerProven", node, 0, call), lambda now: self.model.answer_proven(number, node, now))

    def settle(self, number: int, name: str, by: int) -> None:
        self.both((name, by, 0, (number,)), lambda now: getattr(self.model, name)(number, now))

    def dispute(self, place: int, by: int) -> None:
        number = self._one(State.ANSWERED, place)
        by = by if place % 3 == 0 else self.model.requests[number].requester
        self.both(("dispute", by, DEPOSIT, (number,)), lambda now: self.model.dispute(number, by, now))

    def prove(self, place: int) -> None:
        number = self._one(State.DISPUTED, place)
        call = (number, *self._proof(self.model.requests[number].node or NODES[0]))
        self.both(("prove", REQUESTERS[0], 0, call), lambda now: self.model.prove(number, now))

    def teardown(self) -> None:
        """Everything can be ended, and everybody gets what is his; only what is sunk stays."""
        self.market.wait(2 * DISPUTE_WINDOW)
        names = {state: name for name, state in ENDS.items()}
        for number, request in enumerate(self.model.requests):
            if request.state in names:
                self.settle(number, names[request.state], REQUESTERS[0])
        for owner, asset in [(owner, asset) for owner in (*NODES, *REQUESTERS) for asset in ASSETS]:
            self.claim(owner, asset)
        for node in NODES:
            self.join(node, BOND)
            self.leave(node)
        self.market.wait(DISPUTE_WINDOW + PROOF_WINDOW)
        for node in NODES:
            self.withdraw(node)
        self.compare()
        assert self.market.view()["held", "ether"] == self.model.sunk
        assert self.market.view()["held", "token"] == 0

    def _one(self, state: State, place: int) -> int:
        """A request that is so far, mostly; any other if there is none."""
        fitting = [number for number, one in enumerate(self.model.requests) if one.state == state]
        among = fitting if fitting and place % 6 else range(len(self.model.requests))
        return among[place % len(among)]

    def _node(self, number: int, node: int, place: int) -> int:
        """Mostly the node that a request names."""
        return node if place % 5 == 0 else self.model.requests[number].node or node

    def _proof(self, node: int) -> tuple[Any, list[int]]:
        found = proven(0, QUESTION, self.market.accounts[node])
        return numbers(found.proof), list(found.signals)
