"""The market with its verifier, a model chain, nodes and requesters, and what each of them does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cache
from typing import Any

import numpy as np

from offchain.ppdl.inference.commitments import answer_hash, encrypt_answer, features_hash, weight_hash_of
from offchain.ppdl.inference.integer_model import PERCEPTRON, IntegerModel, lanes_of
from offchain.units import ETHER
from offchain.zk.proof import Proof
from offchain.zk.prover import ProvenSignals, prove

ETH = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"
NOBODY = "0x0000000000000000000000000000000000000000"
DISPUTE_WINDOW = 3_600
PROOF_WINDOW = 1_800
BOND = 10 * ETHER
STAKE = 4 * ETHER + 1
DEPOSIT = ETHER // 5
RULES = (DISPUTE_WINDOW, PROOF_WINDOW, BOND, STAKE, DEPOSIT)
PAYMENT = ETHER // 10
PRICE = ETHER // 20
KEY = b"\x07" * 32
SALT = 0x5A17 << 200
SIGNALS = ("weightHash", "featuresHash", "answerHash", "ciphertext", "node")


class Kind(IntEnum):
    """As IInferenceMarket has it."""

    UNDISPUTABLE = 0
    DISPUTABLE = 1
    PROVEN = 2


class State(IntEnum):
    """As IInferenceMarket has it."""

    NONE = 0
    OPEN = 1
    ANSWERED = 2
    DISPUTED = 3
    SETTLED = 4


@dataclass(frozen=True)
class Question:
    """Features of a request and its salt."""

    features: tuple[int, ...] = tuple(place * 67 % 401 - 200 for place in range(PERCEPTRON[0]))
    salt: int = SALT

    @property
    def hash(self) -> int:
        return features_hash(self.features, self.salt)


@dataclass(frozen=True)
class Answer:
    """What a model answers: as the chain sees it."""

    value: int
    hash: int
    ciphertext: int

    @classmethod
    def to(cls, question: Question, model: IntegerModel) -> Answer:
        return cls.of(model.answer(question.features), question.salt)

    @classmethod
    def of(cls, value: int, salt: int) -> Answer:
        return cls(value, answer_hash(value, salt), encrypt_answer(value, salt))


@cache
def model(seed: int) -> IntegerModel:
    """A model with weights of a trained one's size."""
    return IntegerModel(np.random.default_rng(seed).integers(-1500, 1500, lanes_of(PERCEPTRON)))


@cache
def weight_hash(seed: int) -> int:
    return weight_hash_of(model(seed).weights)


@cache
def proven(seed: int, question: Question, node: str) -> ProvenSignals:
    """A real proof."""
    inputs = {"node": int(node, 16), "weights": model(seed).weights.tolist(), "salt": question.salt}
    return prove("inference", inputs | {"features": list(question.features)})


def numbers(proof: Proof) -> tuple[Any, ...]:
    """A proof as the contract takes it."""
    return (proof.a, proof.b, proof.c)


def changed(signals: Sequence[int], **changes: int) -> list[int]:
    """Signals of which some are others."""
    found = dict(zip(SIGNALS, signals, strict=True)) | changes
    return [found[name] for name in SIGNALS]


@dataclass
class Market:
    """The contracts, and those who use them. The chain's models are those of the seeds 0, 1, 2."""

    provider: Any
    market: Any
    chain: Any
    node: Any
    requester: Any
    question: Question = field(default_factory=Question)

    @property
    def now(self) -> int:
        return int(self.provider.get_block("latest").timestamp)

    @property
    def head(self) -> int:
        return int(self.chain.head())

    def wait(self, seconds: int) -> None:
        """Lets time pass."""
        self.provider.set_timestamp(self.now + seconds)
        self.provider.mine()

    def order(self, kind: Kind = Kind.DISPUTABLE, **changes: Any) -> dict[str, Any]:
        """An order for the newest model, to the node, paid in ETH."""
        return {
            "kind": kind,
            "latest": True,
            "model": 0,
            "deadline": self.now + 600,
            "node": self.node.address,
            "asset": ETH,
            "payment": PAYMENT,
            "featuresHash": self.question.hash,
        } | changes

    def ask(self, kind: Kind = Kind.DISPUTABLE, sender: Any = None, **changes: Any) -> int:
        """Makes a request; its number."""
        order = self.order(kind, **changes)
        value = order["payment"] if order["asset"] == ETH else 0
        number = int(self.market.requestCount())
        self.market.request(tuple(order.values()), b"features", sender=sender or self.requester, value=value)
        return number

    def answer(self, number: int, *, seed: int | None = None, forged: int = 0, sender: Any = None) -> Answer:
        """Answers a request with the newest model, or another; `forged`: so far from what the model says."""
        seed = self.head if seed is None else seed
        found = Answer.of(model(seed).answer(self.question.features) + forged, self.question.salt)
        self.market.answer(number, seed, self.question.hash, found.hash, found.ciphertext, sender=sender or self.node)
        return found

    def proof(self, *, seed: int | None = None, node: Any = None, question: Question | None = None) -> ProvenSignals:
        """The proof of a model's answer."""
        seed = self.head if seed is None else seed
        return proven(seed, question or self.question, (node or self.node).address)

    def arguments(self, proof: ProvenSignals, **changes: int) -> tuple[Any, list[int]]:
        """A proof and its signals, of which some are others."""
        return numbers(proof.proof), changed(proof.signals, **changes)

    def state(self, number: int) -> State:
        return State(self.market.requestOf(number).state)

    def claimable(self, owner: Any, asset: str = ETH) -> int:
        return int(self.market.claimable(asset, owner.address))

    def bond(self, node: Any = None) -> tuple[int, int]:
        """A node's bond and what is at stake of it."""
        found = self.market.nodeOf((node or self.node).address)
        return int(found.bond), int(found.locked)

    def join(self, node: Any, bond: int = BOND) -> None:
        """Makes an account a node that sells everything for ETH."""
        self.market.join(KEY, sender=node, value=bond)
        for kind in Kind:
            self.market.setPrice(ETH, kind, PRICE, sender=node)

    def of(self, **changes: Any) -> Market:
        """The same with other people or another question."""
        return replace(self, **changes)
