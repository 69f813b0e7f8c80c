"""A day of two microgrids whose households trade without being seen: real contracts, real proofs.

Some hours of the day are gone through. After each, both operators publish the meters' readings. When these can no
longer be corrected, households take their surplus as notes, give some of it to neighbours, move some to the other
microgrid, sell the rest on the exchange, buy what they need, and settle what they used. Everything but bringing ETH in
goes through a relayer, so that households need no account on the chain. The operator of a microgrid also flushes.
All ETH of the day comes by deposits: what the pools begin with, and what the households bring in. Gas is free.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from eth_typing import HexStr
from web3 import Web3

from offchain.assets import Assets
from offchain.deployment.manifest import Manifest
from offchain.deployment.parts import MICROGRIDS
from offchain.deployment.platform import PlatformDeployment, Rules
from offchain.flusher import Flusher
from offchain.journal import Journal
from offchain.metering.delivery import Delivery
from offchain.metering.microgrid import Microgrid
from offchain.metering.readings_tree import Reading, ReadingPath
from offchain.relayer.fees import Fees
from offchain.relayer.relayer import Relayer
from offchain.sender import development_sender, key_sender
from offchain.simulate.ground import Ground
from offchain.simulate.household import SMALLEST, Household, Measured, RelayerNextDoor, Stopwatch
from offchain.simulate.market_day import Home
from offchain.units import ETHER, WATT_HOUR
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH
from offchain.wallet.reader import Reader
from offchain.wallet.selection import merges

RULES = Rules(epoch_length=3_600, correction_window=600, price_window=1_800, max_deviation=1_000)
CAPACITY = 20_000
"""Wh an hour of each home's meter: all alike, so that a cap tells nobody's."""

POOL_KWH_PER_HOME = 100
PRICE = 34 * 10**12
"""Wei per kWh at the beginning: about 135 won at 4 million won per ETH."""

SHIELDED = ETHER // 1000
"""What each home brings in: all alike, since the chain shows it."""

UNSHIELDED = ETHER // 10_000
FEES = ["ETH=0.0000002", *(f"{name}=0.005" for name in MICROGRIDS)]
OPERATOR, RELAYER = range(2)
"""Development accounts of the demo's chain."""


@dataclass(frozen=True)
class Act:
    """What really happened: who did what, with how much, to whom. Amount in base units of the asset named; the
    transaction by its hash."""

    interval: int
    kind: str
    home: str
    asset: str
    amount: int
    block: int
    transaction: str
    other: str = ""


@dataclass
class Plan:
    """What a home still has to sell or to get in an interval, in base units."""

    surplus: int = 0
    need: int = 0


Part = tuple[Reading, ReadingPath]
"""A meter's reading and what proves it."""


@dataclass(frozen=True)
class Hour:
    """An interval that is gone through: its number, its epoch, and per home the reading and the plan."""

    interval: int
    epoch: int
    readings: dict[str, Part]
    plans: dict[str, Plan]


@dataclass
class PrivateDay:
    """Runs the day on its ground. `hours` are the hours of the day that are gone through."""

    ground: Ground
    manifest: Manifest
    homes: list[Home]
    hours: list[int]
    start: datetime
    folder: Path
    seed: int = 1
    acts: list[Act] = field(default_factory=list)
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    phases_done: int = 0

    @property
    def web3(self) -> Web3:
        """The chain."""
        return self.ground.web3

    @property
    def phases(self) -> int:
        """How many phases `run` has: six an hour, and one at the end."""
        return len(PHASES) * len(self.hours) + 1

    def prepare(self) -> Iterator[str]:
        """Deploys, opens wallets, registers meters, has ETH deposited and brings it in; yields what is being done."""
        self.random = random.Random(self.seed)
        self.operator = development_sender(self.web3, OPERATOR)
        per_pool = POOL_KWH_PER_HOME * len(self.homes)
        self.liquidity = per_pool * ETHER
        yield "deposit for the pools"
        self.ground.deposit({self.operator.address: len(MICROGRIDS) * per_pool * PRICE})
        deployment = PlatformDeployment(
            self.operator, self.manifest, self.operator.address, per_pool * PRICE, self.liquidity, rules=RULES
        )
        for step in deployment.run():
            yield f"deployed {step.name}"
        self.first_block = self.web3.eth.block_number + 1
        self.tokens = {name: self.manifest.address(name) for name in MICROGRIDS}
        self.flusher = Flusher(self.operator, self.manifest)
        self._employ_relayer()
        self.households = [
            Household(
                home.name, home.microgrid, self._measured(home), self.web3, self.manifest, self.folder / "wallets"
            )
            for home in self.homes
        ]
        yield "registering meters"
        self._register()
        yield "deposits for the homes"
        self.ground.deposit({household.keys.account.address: SHIELDED for household in self.households})
        yield "bringing ETH in"
        for household in self._shuffled(self.households):
            sent = household.wallet.shield(SHIELDED, ETH, key_sender(self.web3, household.keys.account))
            self._note(-1, "shield", household, ETH, SHIELDED, sent)
            yield "bringing ETH in"
        self._flush()

    def run(self) -> Iterator[str]:
        """Goes through the day; yields what each household does, once it is done."""
        for interval, hour in enumerate(self.hours):
            epoch = (int(self.start.timestamp()) + hour * 3600) // RULES.epoch_length
            self.ground.set_time((epoch + 1) * RULES.epoch_length + 1)
            self._observe()
            self._publish(interval, epoch)
            self.ground.set_time(self._time() + RULES.correction_window)
            readings = self._deliver(epoch)
            yield f"{hour:02}:00 readings are published"
            hour_of_trade = Hour(interval, epoch, readings, {home.name: Plan() for home in self.households})
            for phase in PHASES:
                yield from phase(self, hour_of_trade)
                self._flush()
                self.phases_done += 1
        yield from self._take_out()
        self._flush()
        self.phases_done += 1

    def _issue(self, hour: Hour) -> Iterator[str]:
        """Who exported takes it as a note."""
        for household in self._shuffled(self.households):
            reading, path = hour.readings[household.name]
            hour.plans[household.name].need = reading.imported * WATT_HOUR
            token = self.tokens[household.microgrid]
            if reading.exported * WATT_HOUR < SMALLEST:
                continue
            meter = household.wallet.meter()
            sent = household.wallet.issue(meter, hour.epoch, reading, path, self.submitter, self.stopwatch.tell)
            hour.plans[household.name].surplus = reading.exported * WATT_HOUR - self._fee(token)
            self._note(hour.interval, "issue", household, token, reading.exported * WATT_HOUR, sent)
            yield f"{household.name} takes what it fed in"

    def _give(self, hour: Hour) -> Iterator[str]:
        """In each microgrid, who has most to spare sells some of it to who needs most, hand to hand: energy one way,
        ETH the other, nothing of it on the exchange."""
        deals = []
        for microgrid in MICROGRIDS:
            ours = self._homes_of(microgrid)
            seller = max(ours, key=lambda household: hour.plans[household.name].surplus)
            buyer = max(ours, key=lambda household: hour.plans[household.name].need)
            amount = min(hour.plans[seller.name].surplus // 2, hour.plans[buyer.name].need // 2)
            if amount >= SMALLEST:
                deals.append((seller, buyer, microgrid, amount))
        for seller, buyer, microgrid, amount in deals:
            self._send(hour.interval, "give", seller, buyer, self.tokens[microgrid], amount)
            hour.plans[seller.name].surplus -= amount + self._fee(self.tokens[microgrid])
            hour.plans[buyer.name].need -= amount
            yield f"{seller.name} gives energy to {buyer.name}"
            self._send(hour.interval, "pay", buyer, seller, ETH, amount * PRICE // ETHER)
            yield f"{buyer.name} pays {seller.name}"

    def _move(self, hour: Hour) -> Iterator[str]:
        """Who has most to spare swaps some of it for energy of the other microgrid, for who needs most there."""
        seller = max(self.households, key=lambda household: hour.plans[household.name].surplus)
        others = [household for household in self.households if household.microgrid != seller.microgrid]
        friend = max(others, key=lambda household: hour.plans[household.name].need)
        amount = min(hour.plans[seller.name].surplus // 2, hour.plans[friend.name].need)
        if amount < SMALLEST:
            return
        sold, wanted = self.tokens[seller.microgrid], self.tokens[friend.microgrid]
        got = self._swap(hour.interval, seller, sold, amount, wanted)
        hour.plans[seller.name].surplus -= amount + self._fee(sold)
        yield f"{seller.name} swaps {seller.microgrid} for {friend.microgrid}"
        self._flush()
        given = got - self._fee(wanted)
        self._send(hour.interval, "give", seller, friend, wanted, given)
        hour.plans[friend.name].need = max(hour.plans[friend.name].need - given, 0)
        yield f"{seller.name} gives energy to {friend.name}"

    def _sell(self, hour: Hour) -> Iterator[str]:
        """What is left is sold on the exchange."""
        for household in self._shuffled(self.households):
            token = self.tokens[household.microgrid]
            amount = hour.plans[household.name].surplus - self._fee(token)
            if amount >= SMALLEST:
                self._swap(hour.interval, household, token, amount, ETH)
                yield f"{household.name} sells"

    def _buy(self, hour: Hour) -> Iterator[str]:
        """What is still needed is bought there, with a little more for the fee of settling it."""
        for household in self._shuffled(self.households):
            token = self.tokens[household.microgrid]
            imported = household.measured[hour.interval].imported * WATT_HOUR
            notes = len(household.wallet.notes(token)[0]) + 1
            missing = imported + self._fee(token) * (1 + sum(merges(notes))) - household.held(token)
            if imported and missing >= SMALLEST:
                exchange = self.manifest.contract(self.web3, f"{household.microgrid}_exchange").functions
                self._swap(hour.interval, household, ETH, exchange.getEthToTokenOutputPrice(missing).call(), token)
                yield f"{household.name} buys"

    def _settle(self, hour: Hour) -> Iterator[str]:
        """What was used is settled, as far as there is energy for it."""
        for household in self._shuffled(self.households):
            reading, path = hour.readings[household.name]
            token = self.tokens[household.microgrid]
            household.wallet.sync()
            meter = household.wallet.meter()
            amount = household.wallet.settleable(meter, reading, self.submitter)
            if amount < SMALLEST:
                continue
            progress = self.stopwatch.tell
            sent = household.wallet.settle(meter, hour.epoch, reading, path, amount, self.submitter, progress)
            self._note(hour.interval, "settle", household, token, amount, sent)
            yield f"{household.name} settles"

    def _take_out(self) -> Iterator[str]:
        """Who earned most takes some ETH out to a public account."""
        self._sync()
        richest = max(self.households, key=lambda household: household.held(ETH))
        account, progress = richest.keys.account.address, self.stopwatch.tell
        sent = richest.wallet.unshield(account, UNSHIELDED, ETH, self.submitter, progress)
        self._note(len(self.hours), "unshield", richest, ETH, UNSHIELDED, sent)
        yield f"{richest.name} takes ETH out"

    def _send(self, interval: int, kind: str, sender: Household, receiver: Household, asset: str, amount: int) -> None:
        sender.wallet.sync()
        sent = sender.wallet.send(receiver.wallet.address, amount, asset, self.submitter, self.stopwatch.tell)
        self._note(interval, kind, sender, asset, amount, sent, receiver.name)

    def _swap(self, interval: int, household: Household, sold: str, amount: int, wanted: str) -> int:
        """Trades on the exchange; returns what came of it."""
        wallet = household.wallet
        wallet.sync()
        quote = wallet.quote(sold, amount, wanted)
        sent = wallet.swap(quote, self.submitter, self.stopwatch.tell)
        kind = "sell" if wanted == ETH else "buy" if sold == ETH else "move"
        energy, moved = (wanted, quote.expected) if sold == ETH else (sold, amount)
        self._note(interval, kind, household, energy, moved, sent)
        return quote.expected

    def _note(
        self, interval: int, kind: str, home: Household, asset: str, amount: int, sent: str, other: str = ""
    ) -> None:
        named = "ETH" if asset == ETH else next(name for name, token in self.tokens.items() if token == asset)
        block = int(self.web3.eth.get_transaction_receipt(HexStr(sent))["blockNumber"])
        self.acts.append(Act(interval, kind, home.name, named, amount, block, sent, other))

    def _employ_relayer(self) -> None:
        """A relayer with a wallet of its own, which holds no energy and no ETH in the pool at first."""
        assets = Assets(self.manifest)
        self.fees = Fees.parse(FEES, assets)
        relayer_key = Seed.new().keys().viewing
        sender = development_sender(self.web3, RELAYER)
        journal = Journal(self.folder / "relayer.db")
        pool, registry = self.manifest.address("pool"), self.manifest.address("registry")
        relayer = Relayer(sender, relayer_key, pool, registry, self.fees, assets, journal)
        self.submitter = RelayerNextDoor(relayer, self.stopwatch, self.flusher)
        self.relayer_wallet = Reader(relayer_key, self.web3, self.manifest, self.folder / "wallets")

    def _register(self) -> None:
        folder = self.folder / "metering"
        self.microgrids = [Microgrid(name, self.operator, self.manifest, folder) for name in MICROGRIDS]
        for microgrid in self.microgrids:
            microgrid.register([home.card for home in self._homes_of(microgrid.name)], CAPACITY)
        self.delivery = Delivery(self.web3, self.manifest, self.microgrids[0].bundles)

    def _publish(self, interval: int, epoch: int) -> None:
        for microgrid in self.microgrids:
            microgrid.publish(epoch, [home.reading(interval) for home in self._homes_of(microgrid.name)])

    def _homes_of(self, microgrid: str) -> list[Household]:
        return [household for household in self.households if household.microgrid == microgrid]

    def _deliver(self, epoch: int) -> dict[str, Part]:
        """Each household fetches its own."""
        self._sync()
        return {household.name: self.delivery.reading(household.wallet.meter(), epoch) for household in self.households}

    def _measured(self, home: Home) -> list[Measured]:
        return [Measured(int(home.made[hour]), int(home.used[hour])) for hour in self.hours]

    def _fee(self, asset: str) -> int:
        """What the relayer takes for any operation, in base units."""
        return next(iter(self.fees.amounts[asset].values()))

    def _observe(self) -> None:
        for name in MICROGRIDS:
            self.operator.transact(self.manifest.contract(self.web3, f"{name}_exchange").functions.observe())

    def _flush(self) -> None:
        self.flusher.flush()
        self._sync()

    def _sync(self) -> None:
        for household in self.households:
            household.wallet.sync()
        self.relayer_wallet.sync()

    def _shuffled(self, households: Sequence[Household]) -> list[Household]:
        """In random order: who always goes first could be told by it."""
        return self.random.sample(households, len(households))

    def _time(self) -> int:
        return int(self.web3.eth.get_block("latest")["timestamp"])


PHASES = (
    PrivateDay._issue,
    PrivateDay._give,
    PrivateDay._move,
    PrivateDay._sell,
    PrivateDay._buy,
    PrivateDay._settle,
)
"""What households do after each hour, one after the other; what one phase made can be spent in the next."""


def hours_of(intervals: int) -> list[int]:
    """So many hours: noon, or spread from morning to evening, or over the whole day where that is too short."""
    if intervals == 1:
        return [12]
    first, last = (8, 20) if intervals <= 13 else (0, 23)
    return [first + round(number * (last - first) / (intervals - 1)) for number in range(intervals)]
