"""What it costs to move a price and to hold it there: by the exchange's arithmetic, and measured on the contracts."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil, log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import Rules
from offchain.errors import UserError
from offchain.exchange import WHOLE
from offchain.simulate.season.beginning import SETUP, begun
from offchain.simulate.season.behaviour import Order, Own, Plan, Side, View
from offchain.simulate.season.behaviours.honest import Honest
from offchain.simulate.season.behaviours.wash_trader import ANY_PRICE
from offchain.simulate.season.chain import season_chain
from offchain.simulate.season.exchange import Exchange
from offchain.simulate.season.founding import reserves
from offchain.simulate.season.households import Foresight
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.manipulator import ATTACKED, Means, beside
from offchain.simulate.season.market import RULES
from offchain.simulate.season.metrics import KWH
from offchain.simulate.season.protections import SETS
from offchain.simulate.season.season import Season
from offchain.units import ETHER
from offchain.wallet.meter import SLOTS, largest_cap

RISES = (0.05, 0.1, 0.25, 0.5)
"""By which a price is moved, as shares."""
NEAR = 0.9
"""Of a rise that counts as it."""
MOST_RISE = 4.0


@dataclass(frozen=True)
class Move:
    """A price moved up by a share, and back at once. `energy` is what is bought, kWh; `capital` what is paid for it and
    `lost` what doesn't come back, won. `meter_hours` are the hours that one meter takes within its limits, `meters`
    those that do it in one hour; `bound_hours` are those until the price bound, following the average, lets it."""

    rise: float
    energy: float
    capital: float
    lost: float
    meter_hours: int
    meters: int
    bound_hours: float

    def to_json(self) -> dict[str, Any]:
        """By the fields' names."""
        return asdict(self)


@dataclass(frozen=True)
class Hold:
    """A price held up by a share for some hours among all others' trade, measured. `risen` is by how much it was above
    what it was without, in the mean of the hours; `first` the hour in which it first was `NEAR` there, None if never;
    `capital` the most that was paid and not earned back, `cost` what it came to with all energy at the price there
    would have been, won."""

    protections: str
    rise: float
    hours: int
    risen: float
    first: int | None
    capital: float
    cost: float

    def to_json(self) -> dict[str, Any]:
        """By the fields' names."""
        return asdict(self)


def move(exchange: Exchange, rise: float, means: Means, rules: Rules, won_per_eth: float) -> Move:
    """By the arithmetic of the exchange as it stands, fee included. Raises UserError for a rise that isn't within
    reason."""
    if not 0 < rise <= MOST_RISE:
        raise UserError(f"a price is moved by more than 0 and at most {MOST_RISE:.0%}, not by {rise:.0%}")
    wei = _wei_for(exchange, rise)
    moved = replace(exchange, snapshots=exchange.snapshots.copy())
    energy = moved.buy(wei, exchange.time)
    back = moved.eth_of(energy)
    meter_hours = energy * 1000 / ETHER / sum(largest_cap(means.capacity, slot) for slot in range(SLOTS))
    steps = ceil(log(1 + rise) / log(1 + rules.max_deviation / WHOLE) - 1e-9)
    return Move(
        rise,
        energy / ETHER,
        wei / ETHER * won_per_eth,
        (wei - back) / ETHER * won_per_eth,
        ceil(meter_hours / means.meters),
        ceil(meter_hours),
        (steps - 1) * rules.price_window / 3600,
    )


def moves(season: Season, means: Means | None = None) -> list[Move]:
    """By all `RISES`, of an exchange as a season begins."""
    exchange = Exchange(*reserves(season))
    return [move(exchange, rise, means or Means(), RULES, season.won_per_eth) for rise in RISES]


def hold(
    season: Season, foresight: Foresight, before: Ledger, rise: float, protections: str, means: Means | None = None
) -> Hold:
    """Measured on the contracts, from the season's first hour to its last. `before` is the same season's without a
    manipulator, of the same means. Raises UserError, SeasonChainError."""
    means = means or Means()
    if protections not in SETS:
        raise UserError(f"there are no protections called {protections}: take of {', '.join(SETS)}")
    if not 0 < rise <= MOST_RISE:
        raise UserError(f"a price is held up by more than 0 and at most {MOST_RISE:.0%}, not by {rise:.0%}")
    whole = beside(season, None, means, SETS[protections])
    genesis = int(season.start.timestamp()) - SETUP
    with tempfile.TemporaryDirectory(prefix="openmg-hold-") as folder, season_chain(genesis) as chain:
        manifest = Manifest(chain.web3.eth.chain_id, Path(folder) / "contracts.json")
        market = begun(whole, chain, manifest, foresight, SETS[protections])
        for place in range(len(season.homes), len(whole.homes)):
            market.households.minds[place] = Holder(before.price[:, ATTACKED] * (1 + rise))
        for hour in range(season.hours):
            market.hour(hour)
    return _held(season, market.ledger, before, rise, protections)


class Holder(Honest):
    """Brings its microgrid's price to a wanted one at the beginning of each hour's trade, shape (hours,)."""

    def __init__(self, wanted: NDArray[np.float64]) -> None:
        self.wanted = wanted

    def plan(self, own: Own, view: View) -> Plan:
        """It has nothing to store."""
        return Plan()

    def orders(self, own: Own, view: View, exported: int, imported: int) -> Sequence[Order]:
        """What is lacking to the wanted price, either way."""
        at = own.microgrid
        apart = sqrt(float(self.wanted[view.hour]) / float(view.spot[at]))
        wh = int(view.depth[at] * abs(1 - 1 / apart))
        if apart > 1:
            return [Order(Side.BUY, wh, ANY_PRICE, at, turn=0.0)]
        return [Order(Side.SELL, min(wh, own.notes.get(at, 0)), 0.0, at, turn=0.0)]


def _wei_for(exchange: Exchange, rise: float) -> int:
    """The least that moves the price up by a share."""
    wanted = exchange.price * (1 + rise)
    low, high = 0, int(exchange.eth * (1 + rise))
    while high - low > 1:
        middle = (low + high) // 2
        reached = (exchange.eth + middle) / (exchange.tokens - exchange.tokens_of(middle)) >= wanted
        low, high = (low, middle) if reached else (middle, high)
    return high


def _held(season: Season, ledger: Ledger, before: Ledger, rise: float, protections: str) -> Hold:
    manipulator = slice(len(season.homes), None)
    above = ledger.average[:, ATTACKED] / before.average[:, ATTACKED] - 1
    near = np.flatnonzero(ledger.price[:, ATTACKED] >= before.price[:, ATTACKED] * (1 + NEAR * rise))
    spent = (ledger.paid - ledger.earned)[:, manipulator].sum(axis=1)
    held = float(ledger.notes[-1, manipulator].sum()) / KWH * float(before.price[-1, ATTACKED])
    return Hold(
        protections,
        rise,
        season.hours,
        float(above.mean()),
        int(near[0]) if len(near) else None,
        float(np.maximum(0, spent.cumsum()).max()),
        float(spent.sum()) - held,
    )
