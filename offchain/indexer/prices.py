"""What was paid at an exchange: the last price, candles, averages over time. Prices are wei for 10^18 base units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Row, func, select

from offchain.history.database import Database
from offchain.indexer import tables
from offchain.indexer.place import newest, placed
from offchain.units import ETHER

SWAPS = tables.swaps.c
HOUR, DAY = 60 * 60, 24 * 60 * 60
BLOCKS_AT_ONCE = 500
"""Of one question: databases take so many values, and not many more."""


class Candle(NamedTuple):
    """Trades of an interval from Unix time `start` on; volumes in wei and base units. `last` is the closing trade."""

    start: int
    open: int
    high: int
    low: int
    close: int
    eth: int
    tokens: int
    trades: int
    last: Any


class Average(NamedTuple):
    """A price averaged over the seconds from `since` until `until`; each trade's holds until the next."""

    price: int
    since: int
    until: int


@dataclass(frozen=True)
class Prices:
    """The trades of one exchange. Every method raises HistoryError."""

    database: Database
    chain: int
    exchange: str

    def trades(self, count: int, before: tuple[int, int] | None = None) -> list[Row[Any]]:
        """The newest trades, or those before one, which is named by its block and log."""
        query = newest(placed(tables.swaps).where(*self._own), tables.swaps).limit(count)
        if before is not None:
            block, log = before
            query = query.where((SWAPS.block < block) | ((SWAPS.block == block) & (SWAPS.log < log)))
        with self.database.read() as connection:
            return list(connection.execute(query))

    def last(self) -> Row[Any] | None:
        """The newest trade, None if there was none."""
        return next(iter(self.trades(1)), None)

    def candles(self, interval: int, since: int, until: int) -> list[Candle]:
        """Candles of so many seconds whose trades are from `since` on and before `until`; without those that have no
        trade. Intervals are counted from Unix time 0."""
        start = (SWAPS.time - SWAPS.time % interval).label("start")
        ends = (func.min(SWAPS.block).label("first"), func.max(SWAPS.block).label("last"))
        paid = (func.min(SWAPS.price).label("low"), func.max(SWAPS.price).label("high"))
        within = (*self._own, SWAPS.time >= since, SWAPS.time < until)
        spans = select(start, *ends, *paid, func.count().label("trades")).where(*within).group_by(start).order_by(start)
        with self.database.read() as connection:
            found = connection.execute(spans).all()
            blocks = self._blocks(connection, {number for span in found for number in (span.first, span.last)})
        return [_candle(span, blocks[span.first][0], blocks[span.last][-1]) for span in found]

    def _blocks(self, connection: Connection, numbers: set[int]) -> dict[int, list[Row[Any]]]:
        """The trades of these blocks, in order."""
        found: dict[int, list[Row[Any]]] = {number: [] for number in numbers}
        for some in _batched(sorted(numbers), BLOCKS_AT_ONCE):
            query = placed(tables.swaps).where(*self._own, SWAPS.block.in_(some)).order_by(SWAPS.block, SWAPS.log)
            for row in connection.execute(query):
                found[row.block].append(row)
        return found

    def hourly(self, start: int, hours: int) -> NDArray[np.float64]:
        """Wei for a base unit in each hour from Unix time `start` on: all wei over all base units of its trades; of an
        hour without a trade the last one's price, if that is at most a day old, else NaN. Hours are those of UTC."""
        first = start // HOUR * HOUR - DAY
        count = hours + DAY // HOUR
        found, last, since = np.full(count, np.nan), float("nan"), -count
        candles = {candle.start: candle for candle in self.candles(HOUR, first, first + count * HOUR)}
        for place in range(count):
            candle = candles.get(first + place * HOUR)
            if candle is not None:
                found[place], last, since = candle.eth / candle.tokens, candle.close / ETHER, place
            elif place - since <= DAY // HOUR:
                found[place] = last
        return found[DAY // HOUR :]

    def average(self, since: int, until: int) -> Average | None:
        """The price averaged over time, from the first trade on if that came later; None without a trade before
        `until`."""
        with self.database.read() as connection:
            first = connection.scalar(select(func.min(SWAPS.time)).where(*self._own))
            if first is None or first >= until:
                return None
            begin = max(since, first)
            if begin >= until:
                return None
            change = self._price_seconds(connection, until) - self._price_seconds(connection, begin)
        return Average(change // (until - begin), begin, until)

    def _price_seconds(self, connection: Connection, time: int) -> int:
        """The total of prices times seconds up to a time that is not before the first trade."""
        earlier = select(tables.swaps).where(*self._own, SWAPS.time <= time)
        order = (SWAPS.time.desc(), SWAPS.block.desc(), SWAPS.log.desc())
        row = connection.execute(earlier.order_by(*order).limit(1)).one()
        total: int = row.price_seconds + row.price * (time - row.time)
        return total

    @property
    def _own(self) -> tuple[ColumnElement[bool], ...]:
        return SWAPS.chain == self.chain, SWAPS.contract == self.exchange


def _candle(span: Row[Any], first: Row[Any], last: Row[Any]) -> Candle:
    """Of an interval's extremes, and of its first and last trade."""
    eth = last.eth_total - first.eth_total + first.eth
    tokens = last.tokens_total - first.tokens_total + first.tokens
    return Candle(span.start, first.price, span.high, span.low, last.price, eth, tokens, span.trades, last)


def _batched(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """The numbers, so many at a time."""
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]
