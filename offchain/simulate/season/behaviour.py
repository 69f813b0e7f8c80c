"""What a participant does: how it plans an hour, and what it orders once the meter has counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from offchain.wallet.meter import LARGEST_CAP


class Side(Enum):
    """Of an order."""

    SELL = "sell"
    BUY = "buy"


@dataclass(frozen=True)
class Order:
    """A trade wanted of a microgrid's energy, at worst at `limit` won a kWh on average; Wh. `turn` is when in the hour,
    from 0, before all others, to 1, behind them; without it chance decides."""

    side: Side
    wh: int
    limit: float
    microgrid: int
    turn: float | None = None


@dataclass(frozen=True)
class View:
    """What everybody can know before an hour, and the home what concerns itself.

    `spot` and `average` are prices by microgrid, `depth` the energy in its exchange in Wh, 0 where there is none;
    `history` the closing prices until now, shape (hours, microgrids).
    `tariff` and `feed_in` are known 24 hours ahead. `foreseen` is the microgrids' made less used, as forecast for the
    next 24 hours, in Wh, shape (24, microgrids).
    """

    hour: int
    time: datetime
    spot: NDArray[np.float64]
    average: NDArray[np.float64]
    depth: NDArray[np.float64]
    history: NDArray[np.float64]
    tariff: NDArray[np.float64]
    feed_in: NDArray[np.float64]
    foreseen: NDArray[np.float64]


@dataclass
class Own:
    """What a participant has: Wh in its battery and car, energy notes by microgrid in Wh, won; and in the hour what it
    makes and uses for certain, Wh (both 0 for who has no meter). `most` is what one trade of its can move, Wh."""

    microgrid: int
    battery: int = 0
    car: int = 0
    notes: dict[int, int] = field(default_factory=dict)
    won: float = 0.0
    made: int = 0
    used: int = 0
    most: int = LARGEST_CAP


@dataclass(frozen=True)
class Plan:
    """Wh into the battery (negative: out of it) and into the car in an hour. What can't be is cut to what can."""

    battery: int = 0
    car: int = 0


class Behaviour(Protocol):
    """A participant's mind. It gets what it may know and says what it wants; the market does the rest."""

    def plan(self, own: Own, view: View) -> Plan:
        """Before the hour: what to store."""

    def orders(self, own: Own, view: View, exported: int, imported: int) -> Sequence[Order]:
        """After the hour: what to trade, given what its meter counted, Wh."""

    def around(self, own: Own, view: View, seen: Order) -> tuple[Sequence[Order], Sequence[Order]]:
        """What it places right before and right behind somebody's order that it sees waiting."""
