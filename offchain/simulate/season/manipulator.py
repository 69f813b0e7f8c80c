"""A manipulator beside a season's homes: what it has, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from offchain.errors import UserError
from offchain.simulate.season.protections import Protections
from offchain.simulate.season.season import Home, Season
from offchain.wallet.meter import SHARES

ATTACKED = 0
"""The microgrid's place in which manipulators trade."""
MOST_METERS, MOST_CAPACITY = 20, 1_000_000
CAPITAL = (0.01, 100)


@dataclass(frozen=True)
class Means:
    """What a manipulator has: so many registered meters, each of a capacity in Wh an hour, and for each of them ETH, as
    a multiple of what an exchange holds. Where participation isn't asked for, it trades in public instead, from
    accounts without a meter. The capacity is that of a home's connection with a charger, the most that an operator
    registers without a roof."""

    meters: int = 1
    capacity: int = 6_200
    capital: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.meters <= MOST_METERS:
            raise UserError(f"a manipulator has from 1 to {MOST_METERS} meters, not {self.meters}")
        if not max(SHARES) <= self.capacity <= MOST_CAPACITY:
            raise UserError(
                f"a meter's capacity is from {max(SHARES)} to {MOST_CAPACITY:,} Wh an hour, not {self.capacity:,}"
            )

        if not CAPITAL[0] <= self.capital <= CAPITAL[1]:
            raise UserError(
                f"a meter's ETH is from {CAPITAL[0]} to {CAPITAL[1]} times an exchange's, not {self.capital:g}"
            )


def beside(season: Season, kind: str | None, means: Means, protections: Protections) -> Season:
    """A season with a manipulator's meters more, behind all homes, or with nobody behind those meters."""
    capacity = means.capacity if protections.participation else 0
    more = [
        Home(f"manipulator-{number + 1}", ATTACKED, 0.0, capacity, kind or "honest", capital=means.capital)
        for number in range(means.meters)
    ]
    nothing = np.zeros((season.hours, means.meters), np.int64)
    used, made = (np.hstack([column, nothing]) for column in (season.used, season.made))
    return replace(season, homes=[*season.homes, *more], used=used, made=made)
