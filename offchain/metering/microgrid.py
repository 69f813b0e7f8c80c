"""A microgrid as its operator runs it: meters are registered, an epoch's readings published and corrected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from offchain.deployment.manifest import Manifest
from offchain.metering.card import MeterCard
from offchain.metering.ledger import Ledger, Meter
from offchain.metering.publication import BUNDLES, Publication, Publisher
from offchain.metering.readings_tree import Progress, Reading
from offchain.metering.registration import Registration
from offchain.metering.source import Epoch
from offchain.sender import Sender
from offchain.units import WATT_HOUR
from offchain.wallet.audit import Audit
from offchain.wallet.disclosure import Disclosure, DisclosureError
from offchain.wallet.keys import ViewingKey


@dataclass(frozen=True)
class Settlement:
    """What a meter, by its commitment, settled of an epoch; whole Wh."""

    meter: int
    epoch: int
    wh: int


class Microgrid:
    """A microgrid by its name (MG1) and its operator's account. The operator's book and bundles are in `folder`.

    Raises RegistrationError if there is none of that name, LedgerError, DeploymentError.
    """

    def __init__(self, name: str, sender: Sender, manifest: Manifest, folder: Path) -> None:
        self.name = name.upper()
        self.ledger = Ledger(folder)
        self.registration = Registration(sender, manifest, self.ledger)
        self.number = self.registration.microgrid(self.name)
        self.publisher = Publisher(sender, manifest, self.number, self.ledger, folder)
        self.bundles = folder / BUNDLES
        """What owners fetch from, to be served as it is."""
        self._audit = Audit(sender.web3, manifest)
        self._registry = manifest.contract(sender.web3, "registry").functions

    @cached_property
    def epoch_length(self) -> int:
        """Seconds."""
        return int(self._registry.rulesOf(self.number).call()[1])

    def epoch(self, number: int) -> Epoch:
        """What a meter source is asked for."""
        return Epoch(self.name, number, self.epoch_length)

    def register(self, cards: Iterable[MeterCard], capacity: int) -> int:
        """Registers those of the meters that the chain doesn't have, each of so many Wh an epoch; returns how many
        those were. Raises RegistrationError before anything is changed, TransactionError."""
        return self.registration.register([Meter(card, self.number, capacity) for card in cards])

    def publish(self, epoch: int, readings: Sequence[Reading], progress: Progress | None = None) -> Publication:
        """Publishes an epoch's readings, as `Publisher.publish`."""
        return self.publisher.publish(epoch, readings, progress)

    def correct(self, epoch: int, readings: Sequence[Reading], progress: Progress | None = None) -> Publication:
        """Replaces an epoch's readings while its correction window is open, as `Publisher.correct`."""
        return self.publisher.correct(epoch, readings, progress)

    def without(self, readings: Iterable[Reading]) -> list[int]:
        """The commitments of the registered meters that have none of the readings."""
        read = {reading.commitment for reading in readings}
        return [meter for meter in self.ledger.keys(self.number) if meter not in read]

    def settled(self, receipt: str, key: ViewingKey) -> list[Settlement]:
        """What a disclosure for the owner of `key` proves that meters of this microgrid settled. A meter settles an
        epoch once, so a receipt that is shown again says the same. Raises DisclosureError if it doesn't hold, or shows
        no settlement of them."""
        ours = self.ledger.keys(self.number)
        found = [
            Settlement(line.meter, line.epoch, line.burned // WATT_HOUR)
            for line in self._audit.check(Disclosure.unsealed(receipt, key))
            if line.burned is not None and line.microgrid == self.number and line.meter in ours
        ]
        if not found:
            raise DisclosureError(f"the disclosure shows no settlement of a meter of {self.name}")
        return found
