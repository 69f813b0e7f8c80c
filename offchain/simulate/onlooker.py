"""What somebody sees who reads the whole chain and knows no key: every transaction to the pool and the registry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import Web3

from offchain.artifacts import load
from offchain.deployment.manifest import Manifest
from offchain.deployment.parts import MICROGRIDS
from offchain.node import Node
from offchain.units import ETHER, shown
from offchain.wallet.events import (
    Issued,
    NotesQueued,
    NullifiersSpent,
    Settled,
    Shielded,
    Swapped,
    Unshielded,
    parse,
)
from offchain.wallet.note import ETH

PRIVATE = ("shield", "shieldWithPermit", "transfer", "consolidate", "unshield", "swap", "issue", "settle")
"""Functions that households' notes go through."""


@dataclass(frozen=True)
class Sight:
    """One transaction. Amounts are base units of assets by address."""

    block: int
    time: int
    sender: str
    function: str
    went_in: dict[str, int] = field(default_factory=dict)
    """Public amounts that became notes."""
    came_out: dict[str, int] = field(default_factory=dict)
    """Public amounts that notes became."""
    cap: int = 0
    microgrid: int = 0
    epoch: int = 0
    nullifiers: tuple[int, ...] = ()
    commitments: tuple[int, ...] = ()
    recipient: str = ""
    gas: int = 0
    ciphertext_bytes: int = 0


class Onlooker:
    """Reads one chain. `named` gives names to accounts that everybody knows, e.g. the relayer's."""

    def __init__(self, web3: Web3, manifest: Manifest, named: Mapping[str, str]) -> None:
        self._node, self._named = Node(web3), named
        self._contracts = [manifest.address("pool"), manifest.address("registry")]
        self._names = {manifest.address(name): name for name in MICROGRIDS} | {ETH: "ETH"}
        self._functions = dict(_functions(load("ZkERC20").abi)) | dict(_functions(load("MeterRegistry").abi))

    def watch(self, first: int) -> list[Sight]:
        """All transactions to pool and registry from a block on, in order."""
        last = self._node.height()
        logs: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for log in self._node.logs(self._contracts, first, last):
            logs[str(log["transactionHash"])].append(log)
        return [sight for number in range(first, last + 1) for sight in self._block(number, logs)]

    def account(self, address: str) -> str:
        """An account's name, or the beginning of its address."""
        return self._named.get(address, f"{address[:6]}..")

    def amounts(self, amounts: Mapping[str, int]) -> str:
        """Amounts as people read them."""
        named = {self._names.get(asset, asset[:8]): amount for asset, amount in amounts.items()}
        return ", ".join(
            f"{shown(amount)} ETH" if name == "ETH" else f"{amount / ETHER:.3f} {name}"
            for name, amount in named.items()
        )

    def _block(self, number: int, logs: Mapping[str, list[dict[str, Any]]]) -> Iterator[Sight]:
        block = self._node.call("eth_getBlockByNumber", hex(number), True)
        for transaction in block["transactions"]:
            if transaction["to"] and to_checksum_address(transaction["to"]) in self._contracts:
                receipt = self._node.call("eth_getTransactionReceipt", transaction["hash"])
                if receipt["status"] == "0x1":
                    yield self._sight(block, transaction, receipt, logs[str(transaction["hash"])])

    def _sight(
        self, block: dict[str, Any], transaction: dict[str, Any], receipt: dict[str, Any], logs: list[dict[str, Any]]
    ) -> Sight:
        told: dict[str, Any] = {"went_in": {}, "came_out": {}}
        for log in logs:
            parsed = parse(log)
            event = parsed[1] if parsed else None
            match event:
                case NullifiersSpent():
                    told["nullifiers"] = event.nullifiers
                case NotesQueued():
                    told["commitments"], told["ciphertext_bytes"] = event.commitments, len(event.ciphertexts)
                case Shielded():
                    told["went_in"] = {event.asset: event.amount}
                case Unshielded():
                    told["came_out"], told["recipient"] = {event.asset: event.amount}, event.recipient
                case Swapped():
                    told["went_in"], told["came_out"] = (
                        {event.asset_out: event.amount_out},
                        {event.asset_in: event.amount_in},
                    )
                    told["cap"] = event.cap
                case Issued() | Settled():
                    told["microgrid"], told["epoch"] = event.microgrid, event.epoch
        return Sight(
            int(block["number"], 16),
            int(block["timestamp"], 16),
            to_checksum_address(transaction["from"]),
            self._functions.get(transaction["input"][2:10], transaction["input"][:10]),
            gas=int(receipt["gasUsed"], 16),
            **told,
        )


def _functions(abi: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Selectors (hexadecimal) and names of a contract's functions."""
    for entry in abi:
        if entry["type"] == "function":
            kinds = ",".join(_kind(argument) for argument in entry["inputs"])
            yield keccak(text=f"{entry['name']}({kinds})")[:4].hex(), entry["name"]


def _kind(argument: dict[str, Any]) -> str:
    if not argument["type"].startswith("tuple"):
        return str(argument["type"])
    inner = ",".join(_kind(component) for component in argument["components"])
    return f"({inner}){argument['type'].removeprefix('tuple')}"
