"""What the market must do, in plain Python. Written from docs/reference/inference-market.md."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from offchain.ppdl.inference.market import Kind, State
from tests.inference.stage import BOND, DEPOSIT, DISPUTE_WINDOW, PRICE, PROOF_WINDOW, STAKE

ASSETS = ("ether", "token")
NODES, REQUESTERS = (1, 2), (3, 4)
ANY = 0
SUPPLY = 10**24


class Refusal(Exception):
    """A call fails with the error of this name."""


@dataclass
class Node:
    bond: int = BOND
    locked: int = 0
    left_at: int = 0

    @property
    def active(self) -> bool:
        return self.bond >= BOND and not self.left_at


@dataclass
class Request:
    requester: int
    kind: Kind
    asset: str
    payment: int
    node: int
    until: int
    state: State = State.OPEN
    forged: bool = False


def require(condition: bool, error: str) -> None:
    if not condition:
        raise Refusal(error)


@dataclass
class Model:
    """Nodes by their account's number, requests in their order, and what everybody can claim."""

    nodes: dict[int, Node] = field(default_factory=lambda: {number: Node() for number in NODES})
    requests: list[Request] = field(default_factory=list)
    claimable: Counter[tuple[str, int]] = field(default_factory=Counter)
    sunk: int = 0

    def view(self) -> dict[Any, int]:
        """As the chain's: what is held is all that is owed and at stake."""
        found: dict[Any, int] = {"sunk": self.sunk}
        waiting = [request for request in self.requests if request.state != State.SETTLED]
        for asset in ASSETS:
            owed = sum(amount for (of, _), amount in self.claimable.items() if of == asset)
            found["held", asset] = owed + sum(request.payment for request in waiting if request.asset == asset)
        found["held", "ether"] += self.sunk + sum(node.bond for node in self.nodes.values())
        found["held", "ether"] += DEPOSIT * sum(request.state == State.DISPUTED for request in waiting)
        for number, node in self.nodes.items():
            found["bond", number], found["locked", number] = node.bond, node.locked
        for asset in ASSETS:
            for owner in (*NODES, *REQUESTERS):
                found["claimable", asset, owner] = self.claimable[asset, owner]
        return found

    def join(self, node: int, value: int, now: int) -> None:
        require(self.nodes[node].bond + value >= BOND, "BondTooSmall")
        self.nodes[node].bond += value
        self.nodes[node].left_at = 0

    def leave(self, node: int, now: int) -> None:
        require(self.nodes[node].active, "NotActive")
        self.nodes[node].left_at = now

    def withdraw(self, node: int, now: int) -> None:
        found = self.nodes[node]
        require(found.bond > 0, "NothingThere")
        require(found.left_at > 0, "NotLeaving")
        require(now >= found.left_at + DISPUTE_WINDOW + PROOF_WINDOW, "TooEarly")
        require(not found.locked, "AtStake")
        found.bond = 0

    def ask(self, requester: int, kind: Kind, asset: str, payment: int, node: int, until: int, now: int) -> None:
        if node != ANY:
            require(self.nodes[node].active, "NotActive")
            require(payment >= PRICE, "Underpaid")
        self.requests.append(Request(requester, kind, asset, payment, node, until))

    def answer(self, number: int, node: int, forged: bool, now: int) -> None:
        request = self._taken(number, node, now)
        require(request.kind != Kind.PROVEN, "WrongKind")
        if request.kind == Kind.DISPUTABLE:
            found = self.nodes[node]
            require(found.bond - found.locked >= STAKE, "BondTooSmall")
            found.locked += STAKE
            request.state, request.until, request.forged = State.ANSWERED, now + DISPUTE_WINDOW, forged
        else:
            self._pay(request, node)
        request.node = node

    def answer_proven(self, number: int, node: int, now: int) -> None:
        request = self._taken(number, node, now)
        request.node = node
        self._pay(request, node)

    def collect(self, number: int, now: int) -> None:
        request = self._over(number, State.ANSWERED, now)
        self.nodes[request.node].locked -= STAKE
        self._pay(request, request.node)

    def refund(self, number: int, now: int) -> None:
        request = self._over(number, State.OPEN, now)
        self._pay(request, request.requester)

    def dispute(self, number: int, by: int, now: int) -> None:
        request = self._in(number, State.ANSWERED)
        require(request.requester == by, "NotRequester")
        require(now <= request.until, "TooLate")
        request.state, request.until = State.DISPUTED, now + PROOF_WINDOW

    def prove(self, number: int, now: int) -> None:
        request = self._in(number, State.DISPUTED)
        require(now <= request.until, "TooLate")
        require(not request.forged, "WrongAnswer")
        self.nodes[request.node].locked -= STAKE
        self.claimable["ether", request.node] += DEPOSIT
        self._pay(request, request.node)

    def convict(self, number: int, now: int) -> None:
        request = self._over(number, State.DISPUTED, now)
        node = self.nodes[request.node]
        node.bond, node.locked = node.bond - STAKE, node.locked - STAKE
        self.claimable["ether", request.requester] += DEPOSIT + STAKE // 2
        self.sunk += STAKE - STAKE // 2
        self._pay(request, request.requester)

    def claim(self, owner: int, asset: str, now: int) -> None:
        require(self.claimable.pop((asset, owner), 0) > 0, "NothingThere")

    def _in(self, number: int, state: State) -> Request:
        require(number < len(self.requests) and self.requests[number].state == state, "WrongState")
        return self.requests[number]

    def _over(self, number: int, state: State, now: int) -> Request:
        request = self._in(number, state)
        require(now > request.until, "TooEarly")
        return request

    def _taken(self, number: int, node: int, now: int) -> Request:
        request = self._in(number, State.OPEN)
        require(request.node in (ANY, node), "NotAddressed")
        require(self.nodes[node].active, "NotActive")
        require(now <= request.until, "TooLate")
        return request

    def _pay(self, request: Request, to: int) -> None:
        request.state = State.SETTLED
        self.claimable[request.asset, to] += request.payment
