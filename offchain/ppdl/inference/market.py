"""InferenceMarket as nodes and requesters use it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from web3 import Web3
from web3.contract.contract import ContractFunction

from offchain.artifacts import load
from offchain.contract_events import ContractEvents, Event
from offchain.node import Node
from offchain.ppdl.inference.answer import Answer
from offchain.zk.prover import ProvenSignals

ETH = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"
ANY_NODE = "0x0000000000000000000000000000000000000000"


class Kind(IntEnum):
    """What an answer is worth, as IInferenceMarket has it."""

    UNDISPUTABLE = 0
    DISPUTABLE = 1
    PROVEN = 2


class State(IntEnum):
    """How far a request is, as IInferenceMarket has it."""

    NONE = 0
    OPEN = 1
    ANSWERED = 2
    DISPUTED = 3
    SETTLED = 4


class Rules(NamedTuple):
    """IInferenceMarket.Rules: windows in seconds, amounts in wei."""

    dispute_window: int
    proof_window: int
    bond: int
    stake: int
    deposit: int


class Order(NamedTuple):
    """IInferenceMarket.Order: `deadline` in Unix seconds, `payment` in base units."""

    kind: Kind
    latest: bool
    model: int
    deadline: int
    node: str
    asset: str
    payment: int
    features_hash: int


@dataclass(frozen=True)
class Request:
    """A request as the market keeps it: see IInferenceMarket.Request."""

    requester: str
    state: State
    kind: Kind
    latest: bool
    model: int
    node: str
    until: int
    asset: str
    payment: int
    features_hash: int
    answer_digest: bytes


class Market:
    """One market on one chain. All that asks the chain raises NodeError if there is no answer."""

    def __init__(self, web3: Web3, address: str) -> None:
        self.node = Node(web3)
        self.contract = load("InferenceMarket").at(web3, address)
        self.calls = self.contract.functions
        self._events = ContractEvents(self.node, self.contract)
        self._chain = load("IModelChain").at(web3, self.node.ask(self.calls.chain()))

    @property
    def address(self) -> str:
        """The contract's."""
        return str(self.contract.address)

    def rules(self) -> Rules:
        """What nodes and requesters agree to."""
        return Rules(*self.node.ask(self.calls.rules()))

    def request(self, number: int) -> Request:
        """A request as it is now."""
        requester, state, kind, *rest = self.node.ask(self.calls.requestOf(number))
        return Request(requester, State(state), Kind(kind), *rest)

    def model_hash(self, number: int) -> int:
        """The weight hash of a header of the model chain; 0 if there is none of that number."""
        return int.from_bytes(self.node.ask(self._chain.functions.weightHashOf(number)), "big")

    def head(self) -> int:
        """Number of the newest model."""
        return int(self.node.ask(self._chain.functions.head()))

    def encryption_key(self, node: str) -> bytes:
        """A node's X25519 public key; zeros if the account is no node."""
        return bytes(self.node.ask(self.calls.nodeOf(node))[3])

    def first_block(self) -> int:
        """The block from which on the market was there."""
        return self.node.first_block_with_code(self.address)

    def events(self, first: int, last: int) -> Iterator[Event]:
        """The market's events in these blocks."""
        return self._events.between(first, last)

    def answer_of(self, number: int) -> Answer | None:
        """What a request was answered with, None if it wasn't yet."""
        for event in self.events(self.first_block(), self.node.height()):
            if event.name == "Answered" and event.arguments["id"] == number:
                return Answer(event.arguments["answerHash"], event.arguments["ciphertext"])
        return None

    def ask(self, order: Order, features: bytes) -> ContractFunction:
        """The call that makes a request; ETH is sent with it."""
        return self.calls.request(tuple(order), features)

    def answering(self, number: int, model: int, features_hash: int, answer: Answer) -> ContractFunction:
        """The call that answers without a proof."""
        return self.calls.answer(number, model, features_hash, answer.hash, answer.ciphertext)

    def answering_proven(self, number: int, model: int, proven: ProvenSignals) -> ContractFunction:
        """The call that answers with a proof."""
        return self.calls.answerProven(number, model, *_numbers(proven))

    def proving(self, number: int, proven: ProvenSignals) -> ContractFunction:
        """The call that proves a disputed answer."""
        return self.calls.prove(number, *_numbers(proven))


def _numbers(proven: ProvenSignals) -> tuple[Any, list[int]]:
    proof = proven.proof
    return (proof.a, proof.b, proof.c), list(proven.signals)
