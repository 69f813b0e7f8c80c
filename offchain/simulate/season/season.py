"""What a season begins with: homes, what they make and use, lines, and prices outside the market."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Battery:
    """A home's battery: what it stores in Wh, its most power in W, and what is left of a Wh that goes in and out."""

    capacity: int
    power: int
    efficiency: float = 0.9


@dataclass(frozen=True)
class Car:
    """A home's electric car. `parked` is whether it stands at home, `driven` what it uses in Wh; shape (hours,)."""

    capacity: int
    power: int
    parked: NDArray[np.bool_]
    driven: NDArray[np.int64]


@dataclass(frozen=True)
class Home:
    """A household by its place: its microgrid's place, its roof, the most that its meter counts in an hour, Wh, and the
    ETH that it brings to trade with, as a multiple of an exchange's."""

    name: str
    microgrid: int
    pv_kw: float
    capacity: int
    behaviour: str = "honest"
    battery: Battery | None = None
    car: Car | None = None
    capital: float = 1.0


@dataclass(frozen=True)
class Microgrid:
    """Homes behind one transformer, which carries so many W from and to the utility's grid."""

    name: str
    feeder: int


@dataclass(frozen=True)
class Line:
    """A line between two microgrids by their places: W that it carries either way, and what is lost on it."""

    ends: tuple[int, int]
    power: int
    loss: float = 0.03


@dataclass(frozen=True)
class Season:
    """All that a season is given; the same for the market and for what it is compared with.

    `used` (without batteries and cars) and `made` are in Wh, shape (hours, homes). `tariff` and `feed_in` are what a
    kWh from and to the utility costs and earns, in won, shape (hours,).
    """

    start: datetime
    homes: list[Home]
    microgrids: list[Microgrid]
    lines: list[Line]
    used: NDArray[np.int64]
    made: NDArray[np.int64]
    tariff: NDArray[np.float64]
    feed_in: NDArray[np.float64]
    seed: int = 1
    won_per_eth: float = 4_000_000.0

    @property
    def hours(self) -> int:
        """How many it has."""
        return len(self.used)

    @property
    def places(self) -> NDArray[np.int64]:
        """Each home's microgrid, shape (homes,)."""
        return np.array([home.microgrid for home in self.homes])
