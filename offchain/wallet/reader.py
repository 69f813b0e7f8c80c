"""A wallet as its viewing key sees it: what it holds and what it did."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eth_utils.address import is_address, to_checksum_address
from web3 import Web3

from offchain.deployment.manifest import Manifest
from offchain.deployment.parts import MICROGRIDS
from offchain.errors import UserError
from offchain.node import Node
from offchain.settings import settings
from offchain.wallet.address import Address
from offchain.wallet.history import Entry, Receipt
from offchain.wallet.keys import ViewingKey
from offchain.wallet.note import ETH, OwnedNote
from offchain.wallet.scan import Progress, Scanner
from offchain.wallet.store import Store


class WalletError(UserError):
    """Says in one line why a wallet can't do something."""


@dataclass(frozen=True)
class Balance:
    """Base units of one asset: spendable now, and waiting for the next flush."""

    asset: str
    spendable: int
    waiting: int
    notes: int


class Reader:
    """A wallet that reads. `web3` is a node of the manifest's chain; `folder` is where it keeps what it has read.

    Raises StoreError if that can't be used, DeploymentError if there is no pool.
    """

    def __init__(self, viewing: ViewingKey, web3: Web3, manifest: Manifest, folder: Path | None = None) -> None:
        self.viewing, self.web3, self.manifest, self.node = viewing, web3, manifest, Node(web3)
        self.pool, self.registry = manifest.address("pool"), manifest.address("registry")
        self.store = Store(folder or settings.wallets, viewing.public_key, manifest.chain_id, self.pool)
        self.scanner = Scanner(self.node, manifest.chain_id, self.pool, self.registry, viewing, self.store)

    @property
    def address(self) -> Address:
        """What others pay to."""
        return self.viewing.address

    def sync(self, progress: Progress | None = None) -> int:
        """Reads what is new on chain; returns the latest block's number. Raises ScanError, NodeError and others."""
        return self.scanner.sync(progress)

    def asset(self, name: str) -> str:
        """The address of an asset: `ETH`, a microgrid's name, or an address. Raises WalletError."""
        if name.upper() == "ETH":
            return ETH
        if name.upper() in MICROGRIDS and name.upper() in self.manifest.contracts:
            return self.manifest.address(name.upper())
        if is_address(name):
            return to_checksum_address(name)
        raise WalletError(f"unknown asset {name!r}: give ETH, {', '.join(MICROGRIDS)} or a token's address")

    def asset_name(self, asset: str) -> str:
        """The name of an asset, its address if it has none here."""
        names = {self.manifest.address(name): name for name in MICROGRIDS if name in self.manifest.contracts}
        return "ETH" if asset == ETH else names.get(asset, asset)

    def balances(self) -> list[Balance]:
        """What is held, as last read, by asset."""
        balances = []
        for asset in sorted({note.note.asset for note in self.store.unspent(self.viewing.public_key)}):
            spendable, waiting = self.notes(asset)
            now, later = (sum(note.amount for note in notes) for notes in (spendable, waiting))
            balances.append(Balance(asset, now, later, len(spendable) + len(waiting)))
        return balances

    def notes(self, asset: str) -> tuple[list[OwnedNote], list[OwnedNote]]:
        """The unspent notes of an asset, as last read: spendable ones, and those that wait for a flush."""
        ends = {flushed.tree: flushed.next_index for flushed in self.store.flushes().values()}
        held = [note for note in self.store.unspent(self.viewing.public_key) if note.note.asset == asset]
        spendable = [note for note in held if note.index < ends.get(note.tree, 0)]
        return spendable, [note for note in held if note.index >= ends.get(note.tree, 0)]

    def history(self) -> list[Entry]:
        """What was done and received, as last read, oldest first."""
        return self.store.entries()

    def receipts(self) -> list[Receipt]:
        """Openings of settlements' receipts, for the operator at billing."""
        return self.store.receipts()
