"""A registry of meters beside its Python reference, for the registry's tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from offchain.wallet.request import Operation, Terms, context_hash
from offchain.zk.circuits import CIRCUITS, PARAMETERS
from offchain.zk.poseidon import poseidon
from offchain.zk.tree import MerkleTree

EPOCH_LENGTH = 900
CORRECTION_WINDOW = 3600
PRICE_WINDOW = 1800
MAX_DEVIATION = 1000
ROOT_LIFETIME = 3600
DEPTH = PARAMETERS.registration_tree_depth
NO_PROOF = ((0, 0), ((0, 0), (0, 0)), (0, 0))


@dataclass(frozen=True)
class Meter:
    """A meter as its operator knows it; capacity in Wh an epoch."""

    commitment: int
    microgrid: int
    capacity: int

    @property
    def leaf(self) -> int:
        return poseidon([self.commitment, self.microgrid, self.capacity])


def meter(number: int, microgrid: int = 1, capacity: int = 1000) -> Meter:
    """Some meter; each number is another."""
    return Meter(poseidon([PARAMETERS.tags.meter, number]), microgrid, capacity)


def readings_root(tree_root: int, exported: int, imported: int) -> int:
    """What the registry keeps of published readings."""
    return poseidon([tree_root, exported + (imported << PARAMETERS.sum_shift)])


@dataclass
class Registry:
    """The contract, and the tree that it should have."""

    contract: Any
    tokens: dict[int, Any]
    operators: dict[int, Any]
    tree: MerkleTree = field(default_factory=lambda: MerkleTree(DEPTH))
    meters: dict[int, Meter] = field(default_factory=dict)
    """By index."""

    def register(self, *meters: Meter) -> Any:
        """Registers meters of one microgrid; returns the receipt."""
        microgrid = meters[0].microgrid
        commitments, capacities = [one.commitment for one in meters], [one.capacity for one in meters]
        sender = self.operators[microgrid]
        receipt = self.contract.registerMeters(microgrid, commitments, capacities, sender=sender)
        first = self.tree.append(one.leaf for one in meters)
        self.meters.update(enumerate(meters, start=first))
        return receipt

    def removal(self, index: int) -> tuple[int, int, int, int, list[int]]:
        """Arguments of `removeMeter` for the meter at an index."""
        one = self.meters[index]
        return one.microgrid, one.commitment, one.capacity, index, self.tree.path(index)

    def remove(self, index: int) -> Any:
        """Removes the meter at an index; returns the receipt."""
        sender = self.operators[self.meters[index].microgrid]
        receipt = self.contract.removeMeter(*self.removal(index), sender=sender)
        self.tree.set(index, 0)
        del self.meters[index]
        return receipt

    def publish(self, epoch: int, tree_root: int, exported: int, imported: int, microgrid: int = 1) -> Any:
        """Publishes readings; returns the receipt."""
        sender = self.operators[microgrid]
        return self.contract.publishReadings(
            microgrid, epoch, tree_root, exported, imported, bytes(32), sender=sender
        )  # fmt: skip

    def context(self, operation: Operation, terms: Terms) -> int:
        """The context hash of an operation on this registry."""
        return context_hash(self.contract.chain_manager.chain_id, self.contract.address, operation, terms)


def signals(circuit: str, values: dict[str, int]) -> list[int]:
    """Public signals in the circuit's order."""
    names: Sequence[str] = CIRCUITS[circuit].public_names
    assert set(names) == set(values)
    return [values[name] for name in names]


def encoded(terms: Terms) -> tuple[str, int, bytes]:
    """Terms as the contract takes them."""
    return terms.relayer, terms.deadline, terms.ciphertexts


def answer_at(method: Any, *arguments: Any, time: int) -> int:
    """The first word that a reading call returns in a block of that time."""
    call = {"to": method.contract.address, "data": "0x" + bytes(method.encode_input(*arguments)).hex()}
    request = method.contract.provider.web3.provider.make_request
    answer = request("eth_call", [call, "latest", {}, {"time": hex(time)}])
    return int(answer["result"][:66], 16)
