"""A day of a season with real proofs: wallets do on verifiers of their own what was done with mocked ones.

What was done before is done again by the same homes in the same order, so exchanges must pay the same and hold the same
at the end, to the last wei and base unit.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from eth_typing import HexStr
from numpy.typing import NDArray

from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.exchange import Market as Exchanges
from offchain.flusher import Flusher
from offchain.metering.readings_tree import Reading, ReadingsTree
from offchain.simulate.season.beginning import SETUP
from offchain.simulate.season.chain import SeasonChain, SeasonChainError, season_chain
from offchain.simulate.season.founding import Meter, Meters, capital, founded
from offchain.simulate.season.households import AHEAD
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.market import HOUR, PUBLISHED, ROUNDS, RULES
from offchain.simulate.season.run import run
from offchain.simulate.season.season import Season
from offchain.simulate.season.trading import Act
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH
from offchain.wallet.relay import OwnAccount
from offchain.wallet.wallet import Wallet

Told = Callable[[int, str], None]

DAY = 24
FIRST, HOURS = 0, DAY
"""The hours of the sampled day."""
EACH = 1
"""Homes that have most left, and homes that lack most."""


@dataclass(frozen=True)
class Proven:
    """So many homes in so many hours: `seconds` of all, `gas` of each operation by kind, with its real proof."""

    homes: int
    hours: int
    seconds: float
    gas: dict[str, list[int]]

    @property
    def proofs(self) -> int:
        """How many were made and checked."""
        return sum(map(len, self.gas.values()))


def sample(season: Season) -> Season:
    """The day in the middle of a season, of the first microgrid's homes that have most left on it and that lack most:
    without batteries, cars, and neighbours."""
    first = season.hours // DAY // 2 * DAY + FIRST
    rows = slice(first, first + HOURS)
    here = np.flatnonzero(season.places == 0)
    order = here[np.argsort((season.made - season.used)[rows][:, here].sum(axis=0), kind="stable")]
    chosen = [*order[-EACH:], *order[: max(0, min(EACH, len(order) - EACH))]]
    homes = [replace(season.homes[place], behaviour="honest", battery=None, car=None) for place in chosen]
    return Season(
        season.start.fromtimestamp(season.start.timestamp() + first * HOUR, season.start.tzinfo),
        homes,
        season.microgrids[:1],
        [],
        season.used[rows][:, chosen],
        season.made[rows][:, chosen],
        season.tariff[rows],
        season.feed_in[rows],
        season.seed,
        season.won_per_eth,
    )


def _nothing(hour: int) -> NDArray[np.float64]:
    """No forecast: nobody stores anything."""
    return np.zeros((AHEAD, 1))


def prove(season: Season, told: Told = lambda hours, doing: None) -> Proven:
    """Runs a sample with mocked proofs and then with real ones; `told` hears of hours that are over and of what is
    being done. Raises SeasonChainError where they differ."""
    told(0, "mocked proofs")
    acts: list[Act] = []
    ledger = run(season, _nothing, acts=acts).ledger
    began = time.monotonic()
    with season_chain(int(season.start.timestamp()) - SETUP) as chain, TemporaryDirectory() as folder:
        again = _Again(season, chain, Path(folder))
        for hour in range(season.hours):
            again.publish(hour, ledger)
            rounds = [again.time(hour) + seconds for seconds in ROUNDS]
            ours = [act for act in acts if again.time(hour) <= act.time < again.time(hour + 1)]
            blocks = {moment: list(block) for moment, block in groupby(ours, lambda act: act.time)}
            for moment in sorted({*rounds, *blocks}):
                again.block(moment, hour, blocks.get(moment, []), told, observed=moment in rounds)
            told(1, f"{sum(map(len, again.gas.values()))} of {len(acts)}")
        price = again.price()
        gas = dict(again.gas)
    if price != ledger.price[-1, 0]:
        raise SeasonChainError(f"with real proofs the price ends at {price}, with mocked ones at {ledger.price[-1, 0]}")
    return Proven(len(season.homes), season.hours, time.monotonic() - began, gas)


@dataclass
class _Again:
    """The same homes with wallets, on a platform with real verifiers."""

    season: Season
    chain: SeasonChain
    folder: Path
    gas: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        season, chain = self.season, self.chain
        self.manifest = Manifest.open(chain.web3.eth.chain_id, self.folder)
        reserve = founded(season, chain, self.manifest, RULES, PlatformDeployment)[0].eth
        seeds = [Seed(sha256(f"{season.seed} {place}".encode()).digest()) for place in range(len(season.homes))]
        self.wallets = [Wallet(seed.keys(), chain.web3, self.manifest, self.folder / "wallets") for seed in seeds]
        commitments = [wallet.keys.meter_commitment(0) for wallet in self.wallets]
        homes = zip(season.homes, commitments, strict=True)
        meters = Meters([Meter(0, home.capacity, commitment) for home, commitment in homes], [])
        meters.register(chain, self.manifest)
        self.meters, self.submitter = meters.homes, OwnAccount(chain.operator)
        self.flusher = Flusher(chain.operator, self.manifest)
        for place, wallet in enumerate(self.wallets):
            wallet.shield(capital(season, place, reserve), ETH, chain.operator)
        self._flush()
        chain.stand_still()  # what was done in one block has one time again
        self.trees: dict[int, ReadingsTree] = {}

    def time(self, hour: int) -> int:
        """When an hour's energy begins to be traded."""
        return int(self.season.start.timestamp()) + (hour + 1) * HOUR

    def publish(self, hour: int, ledger: Ledger) -> None:
        """The hour's readings, as they were before, and a snapshot of the price."""
        metered = (ledger.made + ledger.discharged - ledger.used - ledger.curtailed)[hour]
        readings = [
            Reading(meter.commitment, max(0, int(net)), max(0, -int(net)))
            for meter, net in zip(self.meters, metered, strict=True)
        ]
        epoch = self.time(hour) // HOUR - 1
        self.trees[hour] = tree = ReadingsTree.in_order(epoch, readings)
        self.chain.set_time(self.time(hour) + PUBLISHED)
        registry = self.manifest.contract(self.chain.web3, "registry").functions
        totals = (tree.tree_root, tree.exported, tree.imported)
        self.chain.operator.transact(registry.publishReadings(1, epoch, *totals, bytes(32)))
        self._observe()

    def block(self, moment: int, hour: int, acts: Sequence[Act], told: Told, *, observed: bool) -> None:
        """What was done in one block, one after the other, perhaps after a snapshot of the price. Notes are flushed in
        between: a wallet doesn't spend the notes that an amount without a wallet did."""
        self.chain.set_time(moment)
        if observed:
            self._observe()
        for act in acts:
            told(0, act.kind)
            self._do(act, hour)
            self._flush()

    def price(self) -> float:
        """Won a kWh in the exchange."""
        return Exchanges(self.chain.web3, self.manifest).state(self._name).price * self.season.won_per_eth

    def _do(self, act: Act, hour: int) -> None:
        wallet, token, tree = self.wallets[act.place], self.manifest.address(self._name), self.trees[hour]
        reading, path = tree.readings[act.place], tree.path(act.place)
        wallet.sync()
        if act.kind == "issue":
            sent = wallet.issue(wallet.meter(), tree.epoch, reading, path, self.submitter)
        elif act.kind == "settle":
            sent = wallet.settle(wallet.meter(), tree.epoch, reading, path, act.given, self.submitter)
        else:
            sold, wanted = (token, ETH) if act.kind == "sale" else (ETH, token)
            quote = wallet.quote(sold, act.given, wanted)
            if quote.expected != act.got:
                raise SeasonChainError(
                    f"a {act.kind} brings {quote.expected} base units with real proofs, and brought {act.got}"
                )
            sent = wallet.swap(quote, self.submitter)
        self.gas[act.kind].append(int(self.chain.web3.eth.get_transaction_receipt(HexStr(sent))["gasUsed"]))

    @property
    def _name(self) -> str:
        return self.season.microgrids[0].name

    def _observe(self) -> None:
        exchange = self.manifest.contract(self.chain.web3, f"{self._name}_exchange").functions
        self.chain.operator.transact(exchange.observe())

    def _flush(self) -> None:
        self.flusher.flush()
        for wallet in self.wallets:
            wallet.sync()
