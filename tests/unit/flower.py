"""A federation of nodes of one process and its server, between which tests can stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from eth_account import Account
from eth_account.signers.local import LocalAccount

from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.flower import wire
from offchain.ppdl.flower.coordinator import Coordinator
from offchain.ppdl.flower.federation import Federation
from offchain.ppdl.flower.node import Node
from tests.unit.aggregation import random_updates

WEIGHTS = 69
STATE = np.arange(WEIGHTS, dtype=np.int32)
Tamper = Callable[[int, wire.Ask], wire.Ask]
"""What a node gets in place of what the server says, by the node's number."""


@cache
def account(number: int) -> LocalAccount:
    """The same account for the same number."""
    found: LocalAccount = Account.from_key((number + 1).to_bytes(32, "big"))
    return found


def federation(participants: int, name: str = "test") -> Federation:
    """A federation of the first accounts."""
    return Federation(name, tuple(account(at).address for at in range(participants)), "next_hour", 336, 3, 1)


def untouched(number: int, ask: wire.Ask) -> wire.Ask:
    """What the server says."""
    return ask


@dataclass
class Network:
    """Nodes with so many participants each; every message is answered by a new node, as by a new process."""

    folder: Path
    sizes: tuple[int, ...] = (3, 3, 3)
    tamper: Tamper = untouched
    silent: set[tuple[int, str]] = field(default_factory=set)
    """Nodes that don't answer messages of a kind."""
    told: list[str] = field(default_factory=list)
    asked: list[wire.Ask] = field(default_factory=list)
    answered: list[wire.Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.federation = federation(sum(self.sizes))
        self.updates = random_updates(sum(self.sizes), WEIGHTS + 1)

    def round(self, number: int = 1) -> Sum:
        """What the server finds."""
        return Coordinator(self.federation, self.send, self.told.append).sum_of(number, STATE)

    def node(self, number: int) -> Node:
        """A node as a process that starts now has it."""
        start = sum(self.sizes[:number])
        members = range(start, start + self.sizes[number])
        updates = self.updates[start : start + self.sizes[number]]
        folder = self.folder / str(number)
        return Node(self.federation, [account(at) for at in members], folder, lambda round_, state: updates)

    def send(self, content: bytes) -> list[bytes]:
        """The answers of all nodes but silent ones."""
        ask = wire.decode_ask(content)
        self.asked.append(ask)
        answers = []
        for number in range(len(self.sizes)):
            if (number, type(ask).__name__) not in self.silent:
                answers.append(self.node(number).answer(wire.encode(self.tamper(number, ask))))
        self.answered += map(wire.decode_said, answers)
        return answers
