"""A household of the private day: its meter, its wallet, and what it may do with a relayer's help alone."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from web3 import Web3

from offchain.deployment.manifest import Manifest
from offchain.flusher import Flusher
from offchain.metering.card import MeterCard
from offchain.metering.readings_tree import Reading
from offchain.relayer.relayer import Relayer
from offchain.units import WATT_HOUR
from offchain.wallet.address import Address
from offchain.wallet.history import EntryKind
from offchain.wallet.keys import Keys, Seed
from offchain.wallet.relay import Relay, RelayError
from offchain.wallet.request import Operation, Request
from offchain.wallet.transaction import CIRCUIT_OF
from offchain.wallet.wallet import Wallet


@dataclass
class Stopwatch:
    """Seconds that proofs took, by circuit, witness and check included."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _started: float = 0.0

    def tell(self, stage: str) -> None:
        """Is told of each stage of a proof."""
        if stage == "witness":
            self._started = time.perf_counter()

    def stop(self, operation: Operation) -> None:
        """The proof of an operation is done."""
        self.seconds[CIRCUIT_OF[operation]].append(time.perf_counter() - self._started)


@dataclass
class RelayerNextDoor:
    """A relayer in this process: a `Submitter`. Requests go to it as they would over the wire."""

    relayer: Relayer
    stopwatch: Stopwatch
    flusher: Flusher

    def relay(self, operation: Operation, asset: str) -> Relay:
        """Its terms. Raises RelayError if it doesn't take the asset."""
        terms = self.relayer.terms()
        fee = terms["fees"].get(asset, {}).get(operation.function)
        if fee is None:
            raise RelayError(f"the relayer takes no {asset} for {operation.function}")
        return Relay(terms["account"], Address.parse(terms["address"]), int(fee))

    def submit(self, request: Request) -> str:
        """Has it sent; the hash of the mined transaction. Raises Refusal, RelayError."""
        self.stopwatch.stop(request.operation)
        outcome = self.relayer.take(Request.from_json(request.to_json()))
        if outcome.status != "mined":
            raise RelayError(f"transaction {outcome.transaction} is {outcome.status}")
        if request.operation is Operation.CONSOLIDATE:  # its wallet waits for the flush
            self.flusher.flush()
        return outcome.transaction


@dataclass(frozen=True)
class Measured:
    """What a home made and used in an interval, in Wh."""

    made: int
    used: int

    @property
    def exported(self) -> int:
        return max(self.made - self.used, 0)

    @property
    def imported(self) -> int:
        return max(self.used - self.made, 0)


@dataclass(frozen=True)
class Book:
    """The household's day as its own wallet tells it, in base units. Fees of other operations are in `fees`."""

    issued: int = 0
    sold: int = 0
    bought: int = 0
    given: int = 0
    received: int = 0
    settled: int = 0
    fees: int = 0
    brought: int = 0
    """Shielded less unshielded."""

    @property
    def balance(self) -> int:
        """What must be left."""
        earned = self.issued + self.bought + self.received + self.brought
        return earned - self.sold - self.given - self.settled - self.fees


class Household:
    """A wallet from a fresh seed, and what its meter counted in each interval."""

    def __init__(
        self, name: str, microgrid: str, measured: list[Measured], web3: Web3, manifest: Manifest, folder: Path
    ) -> None:
        self.name, self.microgrid, self.measured = name, microgrid, measured
        self.seed = Seed.new()
        self.keys: Keys = self.seed.keys()
        self.wallet = Wallet(self.keys, web3, manifest, folder)
        self.card = MeterCard.of(self.keys.meter_secret(0))

    def reading(self, interval: int) -> Reading:
        """What the meter counted."""
        measured = self.measured[interval]
        return Reading(self.card.commitment, measured.exported, measured.imported)

    def held(self, asset: str) -> int:
        """Base units that can be spent, as last read."""
        return sum(note.amount for note in self.wallet.notes(asset)[0])

    def book(self, asset: str) -> Book:
        """What the history says of one asset."""
        told: dict[str, int] = defaultdict(int)
        for entry in self.wallet.history():
            if entry.asset == asset:
                told["fees"] += entry.fee
                if entry.kind in COLUMNS:
                    gross = entry.fee if entry.kind is EntryKind.ISSUED else 0  # told less the fee
                    sign = -1 if entry.kind is EntryKind.UNSHIELDED else 1
                    told[COLUMNS[entry.kind]] += sign * (entry.amount + gross)
            if entry.got_asset == asset:
                told["bought"] += entry.got_amount
        return Book(**told)


COLUMNS = {
    EntryKind.ISSUED: "issued",
    EntryKind.SWAPPED: "sold",
    EntryKind.SENT: "given",
    EntryKind.RECEIVED: "received",
    EntryKind.SETTLED: "settled",
    EntryKind.SHIELDED: "brought",
    EntryKind.UNSHIELDED: "brought",
}
"""What a line of the history counts as."""

SMALLEST = 100 * WATT_HOUR
"""Less energy than this is left where it is: the relayer's fee would eat it up."""
