"""A car charges twice at a station that never learns whose it is, and an auditor checks what the station got."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eth_typing import HexStr
from rich.table import Table

from offchain import durable_file
from offchain.assets import Assets
from offchain.charging.car import Car, Wish
from offchain.charging.client import StationClient
from offchain.charging.garage import CarSession, Garage
from offchain.charging.proof import of_station
from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.simulate.charging_place import Place
from offchain.simulate.onlooker import PRIVATE, Onlooker, Sight
from offchain.units import ETHER, WATT_HOUR, shown
from offchain.wallet import keystore
from offchain.wallet.disclose import Discloser
from offchain.wallet.keys import Keys, Seed
from offchain.wallet.note import ETH
from offchain.wallet.request import Operation

PASSWORD = "the auditor's"
QUICK_SCRYPT = 1 << 10
ORDERED, TAKEN = 3_000, 1_200
"""Wh."""
MONEY = {"ETH": [ETHER // 1000, ETHER // 1000], "MG1": [3 * ETHER, 2 * ETHER]}


@dataclass
class ChargingStory:
    """Runs at a place; `lines` are what happened, `checks` what must hold."""

    place: Place
    streamed: int = 2_000
    """Wh of the first session; the second orders `ORDERED`, and its car leaves after `TAKEN`."""
    car_keys: Keys = field(default_factory=lambda: Seed.new().keys())
    sessions: list[CarSession] = field(default_factory=list)
    verdicts: list[dict[str, object]] = field(default_factory=list)
    sights: Sequence[Sight] = ()
    checks: dict[str, bool] = field(default_factory=dict)

    def run(self) -> Iterator[str]:
        """Goes through it; yields what is being done."""
        place = self.place
        yield "the car's money comes into the pool"
        place.give(self.car_keys, MONEY)
        self.first_block = place.web3.eth.block_number + 1
        with place.flushing(), place.relaying(), place.selling():
            self.wallet, submitter = place.wallet(self.car_keys), place.submitter
            relays = {name: submitter.relay(Operation.TRANSFER, place.asset(name)) for name in MONEY}
            self.relayer = relays["ETH"].account
            self.fees = {name: relay.fee for name, relay in relays.items()}
            garage = Garage(place.folder / "car")
            car = Car(self.wallet, submitter, garage, lambda: place.outlet.counted)
            yield from self._charge(car, Wish(ETH, self.streamed, stream=True), ORDERED)
            yield from self._charge(car, Wish(place.asset("MG1"), ORDERED, stream=False), TAKEN)
            yield "the refund goes home"
            self.sessions[1] = car.collect(self.sessions[1])
            self.wallet.await_flush()
            yield "an auditor checks both receipts in a process of its own"
            self._audit()
            car.close()
        self.onlooker = Onlooker(
            place.web3, place.manifest, {self.relayer: "relayer", place.operator.address: "operator"}
        )
        self.sights = self.onlooker.watch(self.first_block)
        self.checks = self._checked()

    def session_table(self) -> Table:
        """What each side knows of the sessions."""
        table = Table(title="Two sessions, as car and station know them")
        for name in ("", "streamed", "paid at once"):
            table.add_column(name, justify="left" if not name else "right")
        assets = Assets(self.place.manifest)
        columns = []
        for session in self.sessions:
            quote, receipt = session.quote, session.receipt
            assert receipt is not None
            asset, bill = assets.at(quote.asset), receipt.check(quote)
            columns.append(
                {
                    "price of a kWh": asset.shown(1000 * quote.price),
                    "ordered": f"{shown(quote.order * WATT_HOUR)} kWh",
                    "paid ahead, at most": f"{shown(quote.slice * WATT_HOUR)} kWh",
                    "delivered": f"{shown(receipt.delivered * WATT_HOUR)} kWh",
                    "payments": str(len(receipt.payments)),
                    "paid": asset.shown(bill.paid),
                    "charged": asset.shown(bill.charged),
                    "came back": asset.shown(bill.refund),
                    "fee of the refund": asset.shown(bill.refund_fee),
                }
            )
        for name, first in columns[0].items():
            table.add_row(name, first, columns[1][name])
        return table

    def _charge(self, car: Car, wish: Wish, leaves_after: int) -> Iterator[str]:
        name = "a stream in ETH" if wish.stream else "one payment in energy"
        yield f"{name}: asking for a quote"
        session = car.order(StationClient(self.place.station_url), wish)
        yield f"{name}: charging"
        seen: list[int] = [0]

        def tell(now: CarSession, paid: int) -> None:
            seen[0] = now.used

        self.sessions.append(car.charge(session, tell, lambda: seen[0] >= leaves_after))

    def _audit(self) -> None:
        """The station makes a file for each session, which a third process checks from it and the chain alone."""
        place, auditor = self.place, Seed.new()
        folder = place.folder / "auditor"
        keystore.save(auditor, folder / "auditor.json", PASSWORD, QUICK_SCRYPT)
        wallet = place.wallet(place.station_keys)
        wallet.sync()
        for session in self.sessions:
            discloser = Discloser(wallet, auditor.keys().address, "taxes of the year")
            path = folder / f"{session.name[:8]}.receipt"
            evidence = of_station(place.station.session(session.name), discloser)
            durable_file.replace(path, evidence.sealed().encode())
            self.verdicts.append(self._verified(path, folder))

    def _verified(self, file: Path, wallets: Path) -> dict[str, object]:
        url = str(self.place.web3.provider.endpoint_uri)  # type: ignore[attr-defined]
        settings = {"OPENMG_WALLETS": str(wallets), "OPENMG_DEPLOYMENTS": str(self.place.folder)}
        environment = os.environ | settings | {"OPENMG_PASSWORD": PASSWORD, "PYTHONPATH": str(PROJECT)}
        openmg = str(Path(sys.executable).with_name("openmg"))
        command = [openmg, "charge", "verify", str(file), "--wallet", "auditor", "--rpc", url, "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        content: dict[str, object] = json.loads(done.stdout) if done.stdout else {"error": done.stderr}
        if done.returncode:
            raise UserError(f"the auditor refuses: {content['error']}")
        return content

    def _checked(self) -> dict[str, bool]:
        place, pool = self.place, self.place.manifest.contract(self.place.web3, "pool").functions
        station, relayer = (place.wallet(keys) for keys in (place.station_keys, place.relayer_keys))
        held = {}
        for wallet in (self.wallet, station, relayer):
            wallet.sync()
            held[wallet] = {balance.asset: balance.spendable + balance.waiting for balance in wallet.balances()}
        found: dict[str, bool] = {}
        for name, session, verdict in zip(MONEY, self.sessions, self.verdicts, strict=True):
            receipt, asset = session.receipt, place.asset(name)
            assert receipt is not None
            bill, fee = receipt.check(session.quote), self.fees[name]
            sent = len(receipt.payments) + bool(session.collected)
            car, taken, earned = (held[wallet].get(asset, 0) for wallet in (self.wallet, station, relayer))
            found[f"{name}: paid = charged + refund + its fee + kept"] = (
                bill.paid == bill.charged + bill.refund + bill.refund_fee + bill.kept
            )
            found[f"{name}: the car has what it had, less what it used, fees and the refund's fee"] = (
                car == sum(MONEY[name]) - bill.charged - bill.kept - bill.refund_fee - sent * fee
            )
            found[f"{name}: the station has what it charged, and nothing else"] = taken == bill.charged + bill.kept
            found[f"{name}: the relayer has a fee for each payment"] = earned == (sent + bool(bill.refund)) * fee
            inside = pool.inside(asset).call()
            found[f"{name}: all of it is all that is in the pool"] = car + taken + earned == inside == sum(MONEY[name])
            found[f"{name}: another process finds the same from the station's file and the chain"] = (
                verdict["charged"],
                verdict["refunded"],
                verdict["owed"],
                verdict["payments"],
                verdict["receipt"],
            ) == (str(bill.charged), str(bill.refund), "0", len(receipt.payments), True)
        found["nothing that the station keeps holds a key, an address or an account of the car"] = self._is_unknown()
        found["the chain shows transfers by the relayer, and neither asset, amount nor receiver"] = self._is_hidden()
        return found

    def _is_unknown(self) -> bool:
        keys = self.car_keys
        kept = self.place.journal.read_bytes()
        numbers = [keys.viewing.public_key.to_bytes(32, "big"), keys.address.encryption_key]
        names = [str(keys.address), keys.account.address, *(number.hex() for number in numbers)]
        return not any(mark in kept for mark in (*numbers, *(name.encode() for name in names)))

    def _is_hidden(self) -> bool:
        private = [sight for sight in self.sights if sight.function in PRIVATE]
        secrets = [int(self.place.asset(name), 16) for name in MONEY]
        for session in self.sessions:
            assert session.receipt is not None
            secrets += [paid.amount for paid in session.receipt.payments]
        words = {number.to_bytes(32, "big") for number in secrets}
        data = [bytes(self.place.web3.eth.get_transaction(HexStr(name))["input"]) for name in self._transactions()]
        alike = {(sight.function, sight.sender) for sight in private} == {("transfer", self.relayer)}
        return alike and len(data) == len(private) and not any(word in call for word in words for call in data)

    def _transactions(self) -> list[str]:
        """All shielded transactions of the story."""
        names = []
        for session in self.sessions:
            assert session.receipt is not None
            names += [paid.transaction for paid in session.receipt.payments]
            names += [name for name in (session.receipt.refund_transaction, session.collected) if name]
        return names
