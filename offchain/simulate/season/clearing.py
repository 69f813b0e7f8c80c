"""A double auction of sealed orders in coupled microgrids: one price for all in each, apart where a line is full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from offchain.simulate.season.behaviour import Order, Side
from offchain.simulate.season.season import Line

HALF = 0.5
"""Wh below which an amount is none: amounts are whole."""
EFFORT = 1e-6
"""Won a kWh by which trade within a microgrid is preferred to an equal one over a line."""

Energy = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cleared:
    """`filled` is what each order got, Wh; `price` won a kWh by microgrid; `flow` what leaves over each line, Wh, from
    its first end to its second if positive; `lost` on it; `congestion` by how much the price where it goes, less the
    loss, is above the price where it comes from, won a kWh; `rent` what it earns, won."""

    filled: Energy
    price: Floats
    flow: Energy
    lost: Energy
    congestion: Floats
    rent: Floats


@dataclass(frozen=True)
class _Way:
    """A line in one of its directions."""

    line: int
    source: int
    target: int
    power: int
    loss: float
    sign: int


@dataclass(frozen=True)
class _Book:
    """Orders of the same microgrid, side and limit as one: shape (groups,). `group` is each order's."""

    group: Energy
    at: Energy
    sells: NDArray[np.bool_]
    limit: Floats
    most: Energy

    @classmethod
    def of(cls, orders: Sequence[Order]) -> Self:
        keys = [(order.microgrid, order.side is Side.SELL, order.limit) for order in orders]
        groups = {key: number for number, key in enumerate(sorted(set(keys)))}
        group = np.array([groups[key] for key in keys], np.int64)
        most = np.zeros(len(groups), np.int64)
        np.add.at(most, group, np.array([order.wh for order in orders], np.int64))
        at, sells, limit = zip(*groups, strict=True) if groups else ((), (), ())
        return cls(group, np.array(at, np.int64), np.array(sells, np.bool_), np.array(limit, np.float64), most)

    def total(self, amounts: NDArray[np.generic], sells: bool, microgrids: int) -> Floats:
        """Of a side, by microgrid."""
        mine = self.sells == sells
        return np.bincount(self.at[mine], amounts[mine], microgrids).astype(np.float64)


def clear(orders: Sequence[Order], lines: Sequence[Line], microgrids: int, feed_in: float, tariff: float) -> Cleared:
    """The trades that are worth most to all together, at the middle of the prices that support them; where nothing
    bounds these, the utility's do. Orders at the same limit are filled alike.

    Coupled spot markets: Bohn, Caramanis and Schweppe, RAND Journal of Economics 15, 1984. The middle price: Chatterjee
    and Samuelson, Operations Research 31, 1983, with k = 1/2.
    """
    ways = [
        _Way(number, *ends, line.power, line.loss, sign)
        for number, line in enumerate(lines)
        for ends, sign in ((line.ends, 1), (line.ends[::-1], -1))
    ]
    book = _Book.of(orders)
    taken, sent = _best(book, ways, microgrids)
    price = _prices(book, taken, ways, sent, microgrids, (feed_in, tariff))
    whole, carried = _whole(book, taken, ways, sent, microgrids)
    flow, lost = np.zeros((2, len(lines)), np.int64)
    congestion, rent = np.zeros((2, len(lines)))
    for way, wh in zip(ways, carried, strict=True):
        if wh:
            flow[way.line], lost[way.line] = way.sign * wh, _lost(way, wh)
            congestion[way.line] = max(0.0, price[way.target] * (1 - way.loss) - price[way.source])
            rent[way.line] = (price[way.target] * (wh - _lost(way, wh)) - price[way.source] * wh) / 1000
    return Cleared(_shared(book, orders, whole), price, flow, lost, congestion, rent)


def _best(book: _Book, ways: list[_Way], microgrids: int) -> tuple[Floats, Floats]:
    """What each group and each way takes, Wh: buyers' limits less sellers' are the greatest sum, what leaves a
    microgrid and is used there is what is sold and arrives."""
    groups = len(book.most)
    if not groups:
        return np.zeros(0), np.zeros(len(ways))
    worth = np.concatenate([np.where(book.sells, book.limit, -book.limit), np.full(len(ways), EFFORT)])
    balance = np.zeros((microgrids, groups + len(ways)))
    balance[book.at, np.arange(groups)] = np.where(book.sells, 1, -1)
    for number, way in enumerate(ways):
        balance[way.source, groups + number] = -1
        balance[way.target, groups + number] = 1 - way.loss
    bounds = [(0, most) for most in (*book.most.tolist(), *(way.power for way in ways))]
    found = linprog(worth, A_eq=balance, b_eq=np.zeros(microgrids), bounds=bounds, method="highs")
    return found.x[:groups], found.x[groups:]


def _prices(
    book: _Book, taken: Floats, ways: list[_Way], sent: Floats, microgrids: int, utility: tuple[float, float]
) -> Floats:
    """The middle of the prices at which nobody would rather trade more or less, and no line carry more or less."""
    low, high = np.full(microgrids, -np.inf), np.full(microgrids, np.inf)
    trades, wants = taken > HALF, taken < book.most - HALF
    np.maximum.at(low, book.at[trades & book.sells], book.limit[trades & book.sells])
    np.minimum.at(high, book.at[trades & ~book.sells], book.limit[trades & ~book.sells])
    np.minimum.at(high, book.at[wants & book.sells], book.limit[wants & book.sells])
    np.maximum.at(low, book.at[wants & ~book.sells], book.limit[wants & ~book.sells])
    feed_in, tariff = utility
    _spread(low, high, ways, sent)
    high = np.minimum(high, np.maximum(tariff, low))
    _spread(low, high, ways, sent)
    low = np.maximum(low, np.minimum(feed_in, high))
    _spread(low, high, ways, sent)
    price: Floats = (low + high) / 2
    return price


def _spread(low: Floats, high: Floats, ways: list[_Way], sent: Floats) -> None:
    """Tightens bounds of prices by each other: where a way carries something, the price at its end pays for what is
    lost on it; where it could carry more, the price there pays for no more than that."""
    for _ in low:
        for way, wh in zip(ways, sent, strict=True):
            source, target, left = way.source, way.target, 1 - way.loss
            if wh > HALF:
                low[target], high[source] = max(low[target], low[source] / left), min(high[source], high[target] * left)
            if wh < way.power - HALF:
                low[source], high[target] = max(low[source], low[target] * left), min(high[target], high[source] / left)


def _whole(
    book: _Book, taken: Floats, ways: list[_Way], sent: Floats, microgrids: int
) -> tuple[dict[bool, Energy], list[int]]:
    """The same in whole Wh that add up: by side what each microgrid's orders get, and what each way carries."""
    supply, demand = (np.floor(book.total(taken, sells, microgrids) + 1e-6).astype(np.int64) for sells in (True, False))
    carried = [int(wh + 1e-9) for wh in sent]
    while True:
        leaving = np.zeros(microgrids, np.int64)
        for way, wh in zip(ways, carried, strict=True):
            leaving[way.source] += wh
            leaving[way.target] -= wh - _lost(way, wh)
        for number, way in enumerate(ways):  # a Wh that a microgrid hasn't got, or doesn't need, is not sent
            beyond = max(leaving[way.source] - supply[way.source], -leaving[way.target] - demand[way.target], 0)
            if carried[number] and beyond:
                carried[number] -= min(carried[number], int(beyond))
                break
        else:
            break
    bought = np.minimum(demand, supply - leaving)
    return {True: bought + leaving, False: bought}, carried


def _shared(book: _Book, orders: Sequence[Order], whole: dict[bool, Energy]) -> Energy:
    """What each order gets of its side's Wh: the best limits first, those at the same limit pro rata."""
    filled = np.zeros(len(orders), np.int64)
    wh = np.array([order.wh for order in orders], np.int64)
    for sells, totals in whole.items():
        for microgrid, left in enumerate(totals.tolist()):
            groups = np.flatnonzero((book.at == microgrid) & (book.sells == sells))
            for group in groups if sells else groups[::-1]:  # ascending limits
                members = np.flatnonzero(book.group == group)
                got = min(left, int(book.most[group]))
                filled[members] = np.diff(wh[members].cumsum() * got // max(1, int(book.most[group])), prepend=0)
                left -= got
    return filled


def _lost(way: _Way, wh: int) -> int:
    return int(np.ceil(wh * way.loss))
