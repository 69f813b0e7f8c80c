"""The operator publishes an epoch's readings: the sum tree's root on chain, each owner's part in a bundle.

The order of things makes it safe to be cut off anywhere and begun again: readings, their order and the bundle's key go
into the book, the bundle into its folder, and then the root onto the chain. The same readings again find their draft,
hence the same tree and the same bundle, and are not published twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from offchain import durable_file
from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.metering.bundle import data_hash, seal
from offchain.metering.ledger import Draft, Ledger
from offchain.metering.readings_tree import Progress, Reading, ReadingsTree
from offchain.node import Node
from offchain.sender import Sender, TransactionError

BUNDLES = "bundles"
"""Folder of the bundles inside the operator's, to be served to owners as it is."""


class PublicationError(UserError):
    """Says in one line why an epoch's readings can't be published."""


class Outcome(StrEnum):
    """What a publication came to."""

    PUBLISHED = "published"
    CORRECTED = "corrected"
    THERE_ALREADY = "there already"


@dataclass(frozen=True)
class Publication:
    """An epoch's readings on chain; totals in Wh, `open_from` in Unix time."""

    outcome: Outcome
    root: int
    exported: int
    imported: int
    data_hash: bytes
    open_from: int


class Publisher:
    """Publishes the readings of one microgrid (by number) with its operator's account; bundles go into `folder`."""

    def __init__(self, sender: Sender, manifest: Manifest, microgrid: int, ledger: Ledger, folder: Path) -> None:
        self._sender, self._microgrid, self._ledger = sender, microgrid, ledger
        self._folder = folder / BUNDLES
        self._registry = manifest.contract(sender.web3, "registry").functions
        self._node = Node(sender.web3)

    def publish(self, epoch: int, readings: Sequence[Reading], progress: Progress | None = None) -> Publication:
        """Publishes an epoch's readings, or finds them published. A meter without a reading has none in the epoch.

        Raises PublicationError if other readings were published, the epoch isn't over or was before the microgrid's
        first, or the account isn't the operator's, ReadingsError and BundleError for readings that can't be published,
        TransactionError.
        """
        self._check_operator()
        length, first = self._rules[1], self._registry.firstEpochOf(self._microgrid).call()
        if epoch < first:
            raise PublicationError(f"epoch {epoch} was before microgrid {self._microgrid} began, in epoch {first}")
        if epoch >= self._node.time() // length:
            left = (epoch + 1) * length - self._node.time()
            raise PublicationError(f"epoch {epoch} is not over: its readings can be published in {left:,} s")
        tree, sealed = self._drafted(epoch, readings, progress)
        return self._bring(epoch, tree, sealed, Outcome.PUBLISHED)

    def correct(self, epoch: int, readings: Sequence[Reading], progress: Progress | None = None) -> Publication:
        """Replaces an epoch's readings while its correction window is open. Raises as `publish`."""
        self._check_operator()
        open_from = self._on_chain(epoch)[3]
        if not open_from:
            raise PublicationError(f"epoch {epoch} is not published yet: there is nothing to correct")
        tree, sealed = self._drafted(epoch, readings, progress)
        if self._on_chain(epoch)[0] != tree.root and self._node.time() >= open_from:
            raise PublicationError(f"epoch {epoch} can't be corrected any more: owners use its readings already")
        return self._bring(epoch, tree, sealed, Outcome.CORRECTED)

    def bundle(self, name: bytes) -> Path:
        """Where the bundle of a data hash is, or belongs."""
        return self._folder / f"{name.hex()}.bin"

    @property
    def _rules(self) -> tuple[str, int, int, int, int]:
        rules: tuple[str, int, int, int, int] = self._registry.rulesOf(self._microgrid).call()
        return rules

    def _on_chain(self, epoch: int) -> tuple[int, int, int, int, bool]:
        found: tuple[int, int, int, int, bool] = self._registry.readingsOf(self._microgrid, epoch).call()
        return found

    def _check_operator(self) -> None:
        operator = self._rules[0]
        if operator != self._sender.address:
            raise PublicationError(f"microgrid {self._microgrid} is run by {operator}, not by {self._sender.address}")

    def _drafted(
        self, epoch: int, readings: Sequence[Reading], progress: Progress | None
    ) -> tuple[ReadingsTree, bytes]:
        """The tree of these readings and its bundle: those of a draft in the book, or new ones in a new order. Of
        several drafts, as two runs at once leave them, the published one."""
        keys = self._ledger.keys(self._microgrid)
        wanted = sorted(readings, key=_by_meter)
        drafts = [
            draft
            for draft in self._ledger.drafts(self._microgrid, epoch)
            if sorted(draft.readings, key=_by_meter) == wanted and draft.keys.items() <= keys.items()
        ]
        for draft in drafts:
            tree = ReadingsTree.in_order(epoch, draft.readings, progress=progress)
            if draft is drafts[-1] or tree.root == self._on_chain(epoch)[0]:
                return tree, seal(self._microgrid, tree, draft.keys, draft.secret)
        tree = ReadingsTree(epoch, readings, progress=progress)
        self._check_capacity(tree)
        secret = secrets.token_bytes(32)
        sealed = seal(self._microgrid, tree, keys, secret)
        used = {reading.commitment: keys[reading.commitment] for reading in tree.readings}
        self._ledger.add_draft(self._microgrid, epoch, Draft(tree.readings, used, secret))
        return tree, sealed

    def _check_capacity(self, tree: ReadingsTree) -> None:
        meters = {meter.card.commitment: meter.capacity for meter in self._ledger.meters(self._microgrid)}
        for reading in tree.readings:
            capacity = meters.get(reading.commitment, 0)
            largest = max(reading.exported, reading.imported)
            if reading.commitment in meters and largest > capacity:
                raise PublicationError(
                    f"meter {reading.commitment:#066x} read {largest} Wh, and is registered with {capacity}: nothing "
                    "above that can be issued or settled"
                )

    def _bring(self, epoch: int, tree: ReadingsTree, sealed: bytes, outcome: Outcome) -> Publication:
        """Bundle into the folder, root onto the chain, as far as they aren't there."""
        name = data_hash(sealed)
        self._keep(name, sealed)
        root, _, _, open_from, _ = self._on_chain(epoch)
        if open_from and root == tree.root:
            return Publication(Outcome.THERE_ALREADY, tree.root, tree.exported, tree.imported, name, open_from)
        if open_from and outcome is Outcome.PUBLISHED:
            raise PublicationError(f"epoch {epoch} was published with other readings: correct it, or leave it")
        call = self._registry.publishReadings if outcome is Outcome.PUBLISHED else self._registry.correctReadings
        arguments = (self._microgrid, epoch, tree.tree_root, tree.exported, tree.imported, name)
        try:
            self._sender.transact(call(*arguments))
        except TransactionError:  # perhaps a transaction of the run before was mined meanwhile
            if self._on_chain(epoch)[0] != tree.root:
                raise
            outcome = Outcome.THERE_ALREADY
        return Publication(outcome, tree.root, tree.exported, tree.imported, name, self._on_chain(epoch)[3])

    def _keep(self, name: bytes, sealed: bytes) -> None:
        path = self.bundle(name)
        if path.exists() and path.stat().st_size == len(sealed):
            return
        try:
            durable_file.replace(path, sealed)
        except OSError as error:
            raise PublicationError(f"{path} can't be written: {error.strerror}") from error


def _by_meter(reading: Reading) -> tuple[int, int, int]:
    return reading.commitment, reading.exported, reading.imported
