"""A charging station without a chain: its notes are those that a test puts into transactions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from offchain.charging.claim import blinding_of
from offchain.charging.journal import Session, StationJournal
from offchain.charging.quote import Quote
from offchain.charging.station import Offer, Station
from offchain.metering.signed_reading import SignedReading, sign
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH, Note
from offchain.wallet.transactions import TransactionMissing

STATION, CAR, OTHER = (Seed(bytes([number] * 16)).keys() for number in (41, 42, 43))
KEY, METER, STRANGER = (SigningKey(bytes([number] * 32)) for number in (1, 2, 3))
POOL = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
TOKEN = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
PRICE, FEE, SLICE = 40_000, 500_000, 500
"""Base units per Wh, base units, Wh."""
NOW = 1_800_000_000


@dataclass
class MadeUpChain:
    """Transactions by hash, and the station's notes in them."""

    transactions: dict[str, list[Note]] = field(default_factory=dict)

    def notes(self, transaction: str) -> list[Note]:
        if transaction not in self.transactions:
            raise TransactionMissing(f"transaction {transaction} is not on this chain")
        return self.transactions[transaction]


@dataclass
class Yard:
    """A station over a journal's file, and what its cars do. Its clock stands until a test moves it."""

    path: Path
    chain: MadeUpChain = field(default_factory=MadeUpChain)
    now: float = NOW
    readings: int = 0

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """The station, with what its journal has."""
        offer = Offer(
            station=bytes(KEY.verify_key).hex(),
            meter=bytes(METER.verify_key).hex(),
            chain_id=950327,
            pool=POOL,
            address=str(STATION.address),
            prices={ETH: PRICE, TOKEN: 2 * PRICE},
            refund_fees={ETH: FEE, TOKEN: 0},
            slice=SLICE,
            most=100_000,
        )
        self.station = Station(offer, KEY, self.chain, StationJournal(self.path), lambda: self.now)

    def open(self, order: int = 2_000, asset: str = ETH, *, stream: bool = True) -> Quote:
        return self.station.open(asset, order, str(CAR.one_time(0).address), stream=stream)

    def mined(self, quote: Quote, amount: int, asset: str = ETH) -> tuple[str, str]:
        """A transaction that pays the station for a session, and its salt."""
        number = len(self.chain.transactions) + 1
        transaction, salt = f"0x{number:064x}", f"{number:064x}"
        note = Note(asset, amount, blinding_of(quote.session, salt), STATION.viewing.public_key)
        self.chain.transactions[transaction] = [note]
        return transaction, salt

    def pay(self, quote: Quote, watt_hours: int) -> Session:
        return self.show(quote, *self.mined(quote, quote.cost(watt_hours), quote.asset))

    def show(self, quote: Quote, transaction: str, salt: str) -> Session:
        return self.station.pay(quote.session, transaction, salt)

    def reading(self, quote: Quote, watt_hours: int, key: SigningKey = METER, **changes: Any) -> SignedReading:
        self.readings += 1
        told = {"start": NOW, "length": self.readings, "sequence": self.readings} | changes
        return sign(key, bytes.fromhex(quote.session), told["start"], told["length"], watt_hours, 0, told["sequence"])

    def count(self, quote: Quote, watt_hours: int) -> None:
        """The meter has counted so much since the session began."""
        self.station.take(self.reading(quote, watt_hours))


def altered(statement: Any, **changes: Any) -> dict[str, Any]:
    """A statement's JSON object with other fields, under the old signature."""
    content: dict[str, Any] = json.loads(statement.model_dump_json())
    return content | changes


def made_quote(**changes: Any) -> Quote:
    told: dict[str, Any] = {
        "station": bytes(KEY.verify_key).hex(),
        "session": "5f" * 32,
        "chain_id": 950327,
        "pool": POOL,
        "address": str(OTHER.address),
        "meter": bytes(METER.verify_key).hex(),
        "asset": ETH,
        "price": PRICE,
        "order": 2_000,
        "slice": 500,
        "smallest": 250,
        "refund_address": str(CAR.one_time(0).address),
        "refund_fee": FEE,
        "made": NOW,
        "valid_until": NOW + 180,
    }
    return Quote(**{**told, **changes}).signed(KEY)
