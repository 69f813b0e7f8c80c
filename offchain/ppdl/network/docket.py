"""What was demanded to be shown of a round, and what was shown: as PPDLChallenges logs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import function_abi_to_4byte_selector, get_abi_input_types
from hexbytes import HexBytes
from web3.contract.contract import ContractFunction

from offchain.artifacts import load
from offchain.contract_events import ContractEvents
from offchain.ppdl.disputes.faults import Fault, Place
from offchain.ppdl.disputes.proofs import Closed, Disputed, Kind
from offchain.ppdl.network.registry import Phase, Registry, Round

Demand = tuple[Kind, int, int, int]
"""Kind, subject (the claim; of a signature the round), chunk and place."""


@dataclass
class Demands:
    """Of a round: of each until when it is to be answered, in Unix seconds, and who made it; of those that were
    answered, by which transaction."""

    round: Round
    until: dict[Demand, int] = field(default_factory=dict)
    by: dict[Demand, str] = field(default_factory=dict)
    answered: dict[Demand, str] = field(default_factory=dict)

    @property
    def waiting(self) -> list[Demand]:
        """What nobody answered yet of the claim that stands and of the closing, oldest first."""
        return [demand for demand in self.current if demand not in self.answered]

    @property
    def current(self) -> list[Demand]:
        """All of the claim that stands and of the closing."""
        return [demand for demand in self.until if is_live(demand, self.round)]

    def about(self, place: Place) -> Demand:
        """The demand of a place of the claim that stands, or of the closing."""
        claim = self.round.claim.number if self.round.claim else 0
        return (place.kind, self.round.number if place.kind == Kind.SIGNATURE else claim, place.chunk, place.place)


def is_live(demand: Demand, round_: Round) -> bool:
    """Whether somebody answers for it: who posted the claim that stands, or who closed the round that runs."""
    kind, subject, _, _ = demand
    if kind == Kind.SIGNATURE:
        return round_.phase in (Phase.CLOSED, Phase.POSTED) and subject == round_.number
    return round_.phase == Phase.POSTED and round_.claim is not None and subject == round_.claim.number


class Docket:
    """The demands at a registry, and the calls about them."""

    def __init__(self, registry: Registry) -> None:
        self.node = registry.node
        self._opening_block = registry.opening_block
        address = self.node.ask(registry.contract.functions.challenges())
        self.contract = load("PPDLChallenges").at(self.node.web3, address)
        self._logged = ContractEvents(self.node, self.contract)
        self._shown: dict[Demand, tuple[Any, ...] | None] = {}

    def of(self, round_: Round) -> Demands:
        """Those that were made in a round. Raises NodeError."""
        found = Demands(round_)
        for event in self._logged.between(self._opening_block(round_.opened_at), self.node.height()):
            if event.name not in ("Demanded", "Answered"):
                continue
            kind, *rest = (event.arguments[name] for name in ("kind", "subject", "chunk", "place"))
            demand = (Kind(kind), *rest)
            if event.name == "Answered":
                found.answered[demand] = event.transaction
            else:
                found.until[demand], found.by[demand] = event.arguments["until"], event.arguments["demander"]
        return found

    def payer(self, demand: Demand) -> str | None:
        """Whose fee waits for an answer or for going back, None if none does."""
        demander = str(self.node.ask(self.contract.functions.demandOf(*demand))[0])
        return demander if int(demander, 16) else None

    def shown_sum(self, demand: Demand, transaction: str) -> tuple[Any, ...] | None:
        """The `SumProof` by which a transaction answered a demand; None if it can't be read from it."""
        if demand not in self._shown:
            sent = self.node.call("eth_getTransactionByHash", transaction)
            if not sent:
                return None
            self._shown[demand] = self._sum_proof(demand, HexBytes(sent["input"]))
        return self._shown[demand]

    def answer(self, demand: Demand, shown: Closed) -> ContractFunction:
        """The call that shows a place to be right. Raises TypeError unless it is a signature, or a `Disputed` shows it:
        a round that is closed and no more has nothing else to show."""
        kind, subject, chunk, place = demand
        calls = self.contract.functions
        if kind == Kind.SIGNATURE:
            call: ContractFunction = calls.answerSignature(subject, place, shown.signature(place))
            return call
        if not isinstance(shown, Disputed):
            raise TypeError(f"a round without an aggregate shows no {kind.name.lower()}")
        answers: dict[Kind, Callable[[], ContractFunction]] = {
            Kind.SUM: lambda: calls.answerSum(subject, chunk, place, shown.sum(chunk, place)),
            Kind.LEAF: lambda: calls.answerLeaf(subject, chunk, place, shown.leaf(chunk, place)),
            Kind.MASK: lambda: calls.answerMask(subject, chunk, place, shown.mask(chunk, place)),
            Kind.UPDATE: lambda: calls.answerUpdate(subject, chunk, shown.update(chunk)),
            Kind.HASH: lambda: calls.answerHash(subject, chunk, shown.hash(chunk)),
        }
        return answers[kind]()

    def challenge(self, fault: Fault) -> ContractFunction:
        """The call that shows a place to be wrong."""
        kind, chunk, place = fault.place
        where = (chunk,) if kind in (Kind.UPDATE, Kind.HASH) else (chunk, place)
        call: ContractFunction = self.contract.functions[f"challenge{kind.name.title()}"](*where, fault.proof)
        return call

    def _sum_proof(self, demand: Demand, data: bytes) -> tuple[Any, ...] | None:
        abi = self.contract.get_function_by_name("answerSum").abi
        if data[:4] != function_abi_to_4byte_selector(abi):
            return None
        try:
            subject, chunk, place, proof = decode(get_abi_input_types(abi), data[4:])
        except DecodingError:
            return None
        return tuple(proof) if (Kind.SUM, subject, chunk, place) == demand else None
