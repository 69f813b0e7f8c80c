"""The same participants sell and buy forecasts of the registry's models, while its rounds go on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from offchain.ppdl.inference.answer import Answer, proof_of
from offchain.ppdl.inference.commitments import answer_hash, encrypt_answer
from offchain.ppdl.inference.integer_model import IntegerModel
from offchain.ppdl.inference.market import ANY_NODE, ETH, Kind, State
from offchain.zk.prover import ProvenSignals
from tests.inference.stage import BOND, DEPOSIT, DISPUTE_WINDOW, KEY, PAYMENT, QUESTION, STAKE, numbers
from tests.ppdl.bonds import PARTICIPANTS, Bonds, Drawn
from tests.ppdl.stage import asked

LIFE = DISPUTE_WINDOW
"""Seconds that a request can be answered in."""
NODES = 2
"""Few, as each needs proofs of its own."""
KINDS = (Kind.DISPUTABLE, Kind.PROVEN, Kind.UNDISPUTABLE)
WEIGHTS = {"settle": 6, "claim_earned": 4, "wait_longer": 3, "sell_answer": 4, "dispute": 3, "prove": 3, "wait": 2}
WEIGHTS |= {"post": 3, "finalise": 3, "challenge": 2, "claim_reward": 3, "relay": 2}
ONCE = ["join", "resign", "withdraw", "equivocate", "demand", "show", "give_back"]
ONCE += ["sell", "leave", "take_stake", "order", "sell_proof"]
OPERATIONS = ONCE + [name for name, weight in WEIGHTS.items() for _ in range(weight)]


@dataclass
class Sale:
    """A request, and what waits for whom."""

    requester: int
    state: State = State.OPEN
    node: int = 0


class BondsAndEscrow(Bonds):
    """Each may be a participant, a node and a requester at once; `earned` is what each can claim of the market."""

    market: ClassVar[Any]

    @initialize(wrong=st.booleans(), forged=st.booleans())
    def begin_both(self, wrong: bool, forged: bool) -> None:
        """With a round whose aggregate is posted, two nodes, and requests that are open, answered and disputed."""
        self.begin(wrong)
        self.stakes = dict.fromkeys(range(PARTICIPANTS), 0)
        self.earned: Counter[int] = Counter()
        self.sales: list[Sale] = []
        self.lost = 0
        for node in range(NODES):
            self.sell(Drawn(node, 0, way=False))
        for who, kind in enumerate((0, 0, 0, 1, 2)):
            self.order(Drawn(who, kind, way=False))
        for node in range(NODES):
            self.sell_answer(Drawn(node, 0, forged))
        self.dispute(Drawn(1, 1, way=False))

    @rule(name=st.sampled_from(OPERATIONS), who=st.integers(0, 9), place=st.integers(0, 59), way=st.booleans())
    def operate(self, name: str, who: int, place: int, way: bool) -> None:
        """Any of them does something."""
        getattr(self, name)(Drawn(who, place, way))

    @property
    def sold(self) -> Any:
        return self.market.functions

    def sell(self, drawn: Drawn) -> None:
        value, node = (STAKE if drawn.way else BOND), drawn.who % NODES
        if self.receipt(self.sold.join(KEY), node, value):
            self.stakes[node] += value

    def leave(self, drawn: Drawn) -> None:
        self.receipt(self.sold.leave(), drawn.who % NODES)

    def take_stake(self, drawn: Drawn) -> None:
        node = drawn.who % NODES
        if self.receipt(self.sold.withdrawBond(self.keys[node].address), node):
            self.stakes[node] = 0

    def order(self, drawn: Drawn) -> None:
        kind, deadline = KINDS[drawn.place % len(KINDS)], self.stage.now + LIFE
        order = (kind, True, 0, deadline, ANY_NODE, ETH, PAYMENT, QUESTION.hash)
        if self.receipt(self.sold.request(order, b""), drawn.who, PAYMENT):
            self.sales.append(Sale(drawn.who))

    def sell_answer(self, drawn: Drawn) -> None:
        """An answer of the newest model, or one that it isn't."""
        number, node = self.one(State.OPEN, drawn), drawn.who % NODES
        answer = Answer.to(QUESTION, IntegerModel.from_lanes(self.states[-1]))
        if drawn.way:
            answer = Answer(answer_hash(5, QUESTION.salt), encrypt_answer(5, QUESTION.salt))
        call = self.sold.answer(number, self.newest, QUESTION.hash, answer.hash, answer.ciphertext)
        if self.receipt(call, node):
            self.answered(number, node)

    def sell_proof(self, drawn: Drawn) -> None:
        number, node = self.one(State.OPEN, drawn), drawn.who % NODES
        if self.receipt(self.sold.answerProven(number, self.newest, *self.proof(node)), node):
            self.answered(number, node)

    def dispute(self, drawn: Drawn) -> None:
        """By the requester, mostly."""
        number = self.one(State.ANSWERED, drawn)
        by = self.sales[number].requester if drawn.place % 4 else drawn.who
        if self.receipt(self.sold.dispute(number), by, DEPOSIT):
            self.sales[number].state = State.DISPUTED

    def prove(self, drawn: Drawn) -> None:
        number = self.one(State.DISPUTED, drawn)
        node = self.sales[number].node
        if self.receipt(self.sold.prove(number, *self.proof(node)), drawn.who):
            self.earned[node] += DEPOSIT
            self.pay(number, node)

    def settle(self, drawn: Drawn) -> None:
        """Ends a request in the way that it can be ended."""
        number = drawn.place % len(self.sales)
        sale = self.sales[number]
        match sale.state:
            case State.OPEN:
                if self.receipt(self.sold.refund(number), drawn.who):
                    self.pay(number, sale.requester)
            case State.ANSWERED:
                if self.receipt(self.sold.collect(number), drawn.who):
                    self.pay(number, sale.node)
            case State.DISPUTED:
                if self.receipt(self.sold.convict(number), drawn.who):
                    self.convict(number, sale)

    def claim_earned(self, drawn: Drawn) -> None:
        """By one who earned something, or anybody."""
        earners = list(+self.earned)
        who = earners[drawn.place % len(earners)] if earners and drawn.way else drawn.who
        if self.receipt(self.sold.claim(ETH, self.keys[who].address), who):
            assert self.earned[who]
            self.earned[who] = 0

    def wait_longer(self, drawn: Drawn) -> None:
        """Until a request or an answer is over."""
        self.stage.wait_until(self.stage.now + DISPUTE_WINDOW + 1)

    def answered(self, number: int, node: int) -> None:
        """A request waits on if the chain says so; else its node is paid."""
        self.sales[number].node = node
        self.sales[number].state = State(self.sold.requestOf(number).call()[1])
        if self.sales[number].state == State.SETTLED:
            self.pay(number, node)

    def pay(self, number: int, who: int) -> None:
        self.earned[who] += PAYMENT
        self.sales[number].state = State.SETTLED

    def convict(self, number: int, sale: Sale) -> None:
        """Half of the stake is nobody's; all of it if who disputed is the node."""
        self.stakes[sale.node] -= STAKE
        self.earned[sale.requester] += DEPOSIT + STAKE // 2
        self.lost += STAKE - STAKE // 2
        self.pay(number, sale.requester)

    @property
    def newest(self) -> int:
        return len(self.states) - 1

    def waiting(self, state: State) -> list[int]:
        """Numbers of the requests that are so far."""
        return [number for number, sale in enumerate(self.sales) if sale.state == state]

    def one(self, state: State, drawn: Drawn) -> int:
        """A request that is so far; any if there is none."""
        found = self.waiting(state) or list(range(len(self.sales)))
        return found[drawn.place % len(found)]

    def proof(self, node: int) -> tuple[Any, list[int]]:
        """Of the newest model's answer."""
        found = proven(self.states[-1].tobytes(), self.keys[node].address)
        return numbers(found.proof), list(found.signals)

    @invariant()
    def escrow_adds_up(self) -> None:
        """What the market holds is what is at stake, in escrow, deposited, earned, or nobody's; as its views say."""
        accounts = [key.address for key in self.keys]
        found = asked(
            self.market,
            self.sold.sunk(),
            *(self.sold.nodeOf(account) for account in accounts),
            *(self.sold.claimable(ETH, account) for account in accounts),
        )
        assert found[0] == self.lost
        assert [entry[0] for entry in found[1 : PARTICIPANTS + 1]] == list(self.stakes.values())
        assert found[PARTICIPANTS + 1 :] == [self.earned[who] for who in self.stakes]
        disputed = len(self.waiting(State.DISPUTED))
        unsettled = len(self.waiting(State.OPEN)) + len(self.waiting(State.ANSWERED)) + disputed
        held = sum(self.stakes.values()) + sum(self.earned.values()) + self.lost
        assert self.stage.web3.eth.get_balance(self.market.address) == held + PAYMENT * unsettled + DEPOSIT * disputed


@cache
def proven(state: bytes, node: str) -> ProvenSignals:
    """A real proof."""
    return proof_of(QUESTION, IntegerModel.from_lanes(np.frombuffer(state, np.int32)), node)
