"""Calls of the contracts as wallets make them, but for the proofs: those are zeros, for verifiers that take any.

All else is what the contracts check: contexts, roots, epochs, caps, numbers that were never used before.
"""

from __future__ import annotations

from hashlib import shake_256
from typing import Any

from eth_utils.crypto import keccak
from web3 import Web3

from offchain.deployment.manifest import Manifest
from offchain.metering.readings_tree import ReadingsTree
from offchain.simulate.season.chain import Call
from offchain.wallet.note import ETH
from offchain.wallet.request import Details, Operation, Request, SwapOrder, Terms, context_hash
from offchain.zk.field import MODULUS
from offchain.zk.proof import Proof

PROOF = Proof((0, 0), ((0, 0), (0, 0)), (0, 0))
CIPHERTEXT_BYTES = 320
"""About as long as the sealed notes of a swap."""
FOREVER = 2**40


class Unproven:
    """Makes the calls of one platform. `used` counts the numbers it made up. Proofs name the roots `notes` and `meters`
    of the pool's and the registration's trees."""

    def __init__(self, web3: Web3, manifest: Manifest, relayer: str) -> None:
        self.pool, self.registry = manifest.address("pool"), manifest.address("registry")
        self.used = 0
        self.notes = self.meters = 0
        self._contracts = {
            self.pool: manifest.contract(web3, "pool"),
            self.registry: manifest.contract(web3, "registry"),
        }
        self._chain_id, self._relayer = manifest.chain_id, relayer

    def shield(self, wei: int) -> Call:
        """ETH comes in as a note."""
        return self._call("shield", self.pool, "shield", ETH, wei, self._number(), self._ciphertext(), value=wei)

    def flush(self, count: int) -> Call:
        """So many notes move into the tree."""
        return self._call("flush", self.pool, "flush", count)

    def publish(self, microgrid: int, tree: ReadingsTree) -> Call:
        """An epoch's readings of a microgrid, by its number."""
        arguments = (microgrid, tree.epoch, tree.tree_root, tree.exported, tree.imported, bytes(32))
        return self._call("publish", self.registry, "publishReadings", *arguments)

    def issue(self, microgrid: int, asset: str, tree: ReadingsTree) -> Call:
        """What a meter exported becomes a note."""
        signals = (tree.root, self.meters, self._number(), 0, self._number(), microgrid, tree.epoch, int(asset, 16))
        return self._request(Operation.ISSUE, signals)

    def settle(self, microgrid: int, asset: str, tree: ReadingsTree) -> Call:
        """Notes are burned against what a meter imported; one comes back as change."""
        head = (self._number(), self._number(), self._number(), 0, tree.root, self.meters, self._number())
        signals = (*head, self._number(), self.notes, 0, int(asset, 16))
        return self._request(Operation.SETTLE, signals, (microgrid, tree.epoch))

    def merge(self) -> Call:
        """Four notes become one."""
        numbers = [self._number() for _ in range(5)]
        return self._request(Operation.CONSOLIDATE, (*numbers, 0, self.notes, 0))

    def swap(
        self, sold: str, amount: int, wanted: str, minimum: int, epoch: int, cap: int, *, fails: bool = False
    ) -> Call:
        """A trade of at most two notes, in a slot of the epoch; cap in Wh."""
        head = (*(self._number() for _ in range(4)), 0, self.meters, self._number(), self.notes, 0)
        signals = (*head, int(sold, 16), amount)
        details = SwapOrder(wanted, minimum, self._number())
        return self._request(Operation.SWAP, signals, (epoch, cap), details, fails=fails)

    def _request(
        self,
        operation: Operation,
        signals: tuple[int, ...],
        more: tuple[int, ...] = (),
        details: Details = None,
        *,
        fails: bool = False,
    ) -> Call:
        """With the context between the signals and those behind it."""
        contract = self.registry if operation in (Operation.ISSUE, Operation.SETTLE) else self.pool
        terms = Terms(self._relayer, FOREVER, self._ciphertext())
        context = context_hash(self._chain_id, contract, operation, terms, details)
        request = Request(operation, self._chain_id, contract, PROOF, (*signals, context, *more), terms, details)
        return Call(operation.function, contract, request.calldata, fails=fails)

    def _call(self, kind: str, contract: str, function: str, *arguments: Any, value: int = 0) -> Call:
        data = self._contracts[contract].encode_abi(function, list(arguments))
        return Call(kind, contract, bytes.fromhex(data[2:]), value)

    def _number(self) -> int:
        self.used += 1
        return int.from_bytes(keccak(self.used.to_bytes(32, "big")), "big") % MODULUS

    def _ciphertext(self) -> bytes:
        return shake_256(self.used.to_bytes(32, "big")).digest(CIPHERTEXT_BYTES)
