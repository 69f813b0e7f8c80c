"""A car that charges on the day's chain: it pays from the pool, leaves before its order is there, gets the rest back.

The car's wallet, the relayer and the station are those of `openmg charge`; relayer and station answer over HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from offchain.assets import Assets
from offchain.charging.car import Car, Wish
from offchain.charging.client import StationClient
from offchain.charging.garage import CarSession, Garage
from offchain.sender import key_sender
from offchain.simulate.bridged_chain import BridgedChain
from offchain.simulate.charging_place import Place
from offchain.simulate.private_day import PrivateDay
from offchain.units import ETHER, WATT_HOUR, shown
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH
from offchain.wallet.request import Operation
from offchain.wallet.wallet import Wallet

MONEY = ETHER // 1000
ORDERED, TAKEN = 3_000, 1_200
"""Wh."""
SPEED = 100
"""Seconds that the outlet counts in one."""


@dataclass
class CarStory:
    """Goes through it; `run` yields what it is at, the rest is for the report."""

    day: PrivateDay
    ground: BridgedChain
    folder: Path
    lines: list[tuple[str, str]] = field(default_factory=list)
    checks: dict[str, bool] = field(default_factory=dict)

    steps = 3
    """How many `run` takes."""

    def run(self) -> Iterator[str]:
        """Goes through it. Raises UserError if something fails."""
        place = Place(self.day.web3, self.day.manifest, self.folder, speed=SPEED)
        keys = Seed.new().keys()
        yield "the car's money"
        self.ground.deposit({keys.account.address: MONEY})
        wallet = place.wallet(keys)
        wallet.shield(MONEY, ETH, key_sender(place.web3, keys.account))
        with place.flushing(), place.relaying(), place.selling():
            wallet.await_flush()
            submitter = place.submitter
            car = Car(wallet, submitter, Garage(self.folder / "car"), lambda: place.outlet.counted)
            yield "charging"
            session = self._charged(car, car.order(StationClient(place.station_url), Wish(ETH, ORDERED, stream=False)))
            yield "the rest goes home"
            session = car.collect(session)
            car.close()
            wallet.await_flush()
        self._report(place, wallet, session, submitter.relay(Operation.TRANSFER, ETH).fee)

    def _charged(self, car: Car, session: CarSession) -> CarSession:
        """Until the car leaves: to its receipt, which it checks."""
        used = [0]

        def tell(now: CarSession, paid: int) -> None:
            used[0] = now.used

        return car.charge(session, tell, lambda: used[0] >= TAKEN)

    def _report(self, place: Place, wallet: Wallet, session: CarSession, fee: int) -> None:
        receipt, eth = session.receipt, Assets(place.manifest).at(ETH)
        assert receipt is not None
        bill = receipt.check(session.quote)
        ordered, taken = (f"{shown(number * WATT_HOUR)} kWh" for number in (session.quote.order, receipt.delivered))
        self.lines += [
            ("paid", f"{eth.shown(bill.paid)} for {ordered}, by a transfer that shows nothing"),
            ("charged", f"{eth.shown(bill.charged)} for {taken}, then the car left"),
            ("came back", f"{eth.shown(bill.refund)} to an address of its own, and went home"),
        ]
        station = place.wallet(place.station_keys)
        station.sync()
        self.checks["the car's receipt holds: paid = charged + came back + its fee + kept"] = (
            bill.paid == bill.charged + bill.refund + bill.refund_fee + bill.kept and bill.refund > 0
        )
        self.checks["the car has what is left after charge and fees, the station the charge"] = (
            _held(wallet) == MONEY - bill.charged - bill.kept - bill.refund_fee - 2 * fee
            and _held(station) == bill.charged + bill.kept
        )
        kept = place.journal.read_bytes()
        names = (str(wallet.keys.address).encode(), wallet.keys.account.address.encode())
        self.checks["nothing that the station keeps names the car"] = not any(name in kept for name in names)


def _held(wallet: Wallet) -> int:
    """Wei in the pool."""
    return sum(one.spendable + one.waiting for one in wallet.balances() if one.asset == ETH)
