"""What stands before a season's first hour: the platform, founded exchanges, registered meters, and ETH in the pool."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from eth_utils.crypto import keccak

from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment, Rules
from offchain.metering.card import MeterCard
from offchain.metering.registration import AT_ONCE
from offchain.simulate.season.chain import SeasonChain
from offchain.simulate.season.deployment import MockProofDeployment
from offchain.simulate.season.exchange import Exchange
from offchain.simulate.season.season import Season
from offchain.units import ETHER, WATT_HOUR
from offchain.wallet.meter import SHARES, smallest_cap
from offchain.zk.field import MODULUS

POOL_KWH_PER_HOME = 25


@dataclass(frozen=True)
class Meter:
    """A meter of a microgrid by its place: the most that it counts, Wh an epoch, and its commitment."""

    microgrid: int
    capacity: int
    commitment: int


@dataclass(frozen=True)
class Meters:
    """Those of the homes, and two of each line, one at either end, of which one trade moves what it carries."""

    homes: list[Meter]
    lines: list[tuple[Meter, Meter]]

    @classmethod
    def of(cls, season: Season) -> Meters:
        """The same for the same seed."""

        def meter(microgrid: int, capacity: int, name: str) -> Meter:
            secret = int.from_bytes(keccak(text=f"{season.seed} {name}"), "big") % MODULUS
            return Meter(microgrid, capacity, MeterCard.of(secret).commitment)

        homes = [meter(home.microgrid, home.capacity, f"home {place}") for place, home in enumerate(season.homes)]
        lines = [
            (meter(line.ends[0], most, f"line {place}"), meter(line.ends[1], most, f"line {place} back"))
            for place, line in enumerate(season.lines)
            for most in [SHARES[0] * smallest_cap((line.power + 1) * WATT_HOUR)]
        ]
        return cls(homes, lines)

    def register(self, chain: SeasonChain, manifest: Manifest) -> int:
        """Registers all that can count; returns the registration root."""
        registry = manifest.contract(chain.web3, "registry").functions
        found = [meter for meter in (*self.homes, *(end for line in self.lines for end in line)) if meter.capacity]
        for microgrid in sorted({meter.microgrid for meter in found}):
            ours = [meter for meter in found if meter.microgrid == microgrid]
            for start in range(0, len(ours), AT_ONCE):
                part = ours[start : start + AT_ONCE]
                columns = [meter.commitment for meter in part], [meter.capacity for meter in part]
                chain.operator.transact(registry.registerMeters(microgrid + 1, *columns))
        return int(registry.registrationRoot().call())


def reserves(season: Season) -> tuple[int, int]:
    """Wei and base units that each exchange begins with: energy of a day or two of the largest microgrid's homes, at a
    price between those of the utility."""
    homes = max(np.bincount(season.places, minlength=len(season.microgrids)))
    energy = POOL_KWH_PER_HOME * int(homes) * ETHER
    return int(energy * (float(season.tariff.mean() + season.feed_in.mean()) / 2 / season.won_per_eth)), energy


def founded(
    season: Season,
    chain: SeasonChain,
    manifest: Manifest,
    rules: Rules,
    platform: type[PlatformDeployment] = MockProofDeployment,
) -> list[Exchange]:
    """Deploys the platform with its `reserves`. Returns the exchanges as they stand."""
    eth, energy = reserves(season)
    names = [microgrid.name for microgrid in season.microgrids]
    sender = chain.operator
    deployment = platform(sender, manifest, sender.address, eth, energy, rules=rules, microgrids=names)
    for _ in deployment.run():
        pass
    exchanges = []
    for name in names:
        exchange = manifest.contract(chain.web3, f"{name}_exchange").functions
        time, cumulative = exchange.observation(exchange.observationCount().call() - 1).call()
        exchanges.append(Exchange(eth, energy, time, cumulative))
        exchanges[-1].snapshots.append((time, cumulative))
    return exchanges


def capital(season: Season, place: int, reserve: int) -> int:
    """Wei that a home brings: its multiple of what an exchange holds, and what all that it uses would cost at the
    utility."""
    won = float(season.used[:, place] @ season.tariff) / 1000
    return int(Fraction(season.homes[place].capital) * reserve) + int(won / season.won_per_eth * ETHER)
