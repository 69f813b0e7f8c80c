"""Answers demands to be shown that something of a round is right: without an answer in time, who is honest would lose
its bond."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any

from web3.contract.contract import ContractFunction

from offchain.artifacts import load
from offchain.contract_events import ContractEvents
from offchain.ppdl.disputes.proofs import Disputed
from offchain.ppdl.network.registry import Registry, Round

Demand = tuple["Kind", int, int, int]
"""Kind, subject (the claim; of a signature the round), chunk and place."""


class Kind(IntEnum):
    """What is to be shown, as IPPDLChallenges has it."""

    SUM = 0
    LEAF = 1
    MASK = 2
    UPDATE = 3
    HASH = 4
    SIGNATURE = 5


class Answering:
    """The demands that wait at a registry, and the calls that answer them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        address = registry.node.ask(registry.contract.functions.challenges())
        self.contract = load("PPDLChallenges").at(registry.node.web3, address)
        self._logged = ContractEvents(registry.node, self.contract)

    def waiting(self, round_: Round) -> Iterator[Demand]:
        """What nobody answered yet of a round's newest claim and of its closing, oldest first. Raises NodeError."""
        node = self._registry.node
        subjects = {Kind.SIGNATURE: round_.number}
        for event in self._logged.between(node.first_block_since(round_.opened_at), node.height()):
            if event.name != "Demanded":
                continue
            kind, subject = Kind(event.arguments["kind"]), event.arguments["subject"]
            current = subjects.get(kind, round_.claim.number if round_.claim else None)
            demand = (kind, subject, event.arguments["chunk"], event.arguments["place"])
            if subject == current and int(node.ask(self.contract.functions.demandOf(*demand))[0], 16):
                yield demand

    def answer(self, demand: Demand, disputed: Disputed) -> ContractFunction:
        """The call that shows a place to be right."""
        kind, subject, chunk, place = demand
        calls = self.contract.functions
        answers: dict[Kind, Callable[[], Any]] = {
            Kind.SUM: lambda: calls.answerSum(subject, chunk, place, disputed.sum(chunk, place)),
            Kind.LEAF: lambda: calls.answerLeaf(subject, chunk, place, disputed.leaf(chunk, place)),
            Kind.MASK: lambda: calls.answerMask(subject, chunk, place, disputed.mask(chunk, place)),
            Kind.UPDATE: lambda: calls.answerUpdate(subject, chunk, disputed.update(chunk)),
            Kind.HASH: lambda: calls.answerHash(subject, chunk, disputed.hash(chunk)),
            Kind.SIGNATURE: lambda: calls.answerSignature(subject, place, disputed.signature(place)),
        }
        call: ContractFunction = answers[kind]()
        return call
