"""Candles and averages of trades against plain arithmetic, in both kinds of databases; numbers of any size."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from offchain.history.database import Database
from offchain.indexer import tables
from offchain.indexer.prices import Average, Prices
from offchain.units import ETHER
from tests.history import KINDS, opened

CHAIN, START = 950327, 1_800_000_000
EXCHANGE, OTHER = (f"0x{digit * 40}" for digit in "12")
WHOLES = (0, 1, 9, 10, 99, 10**18, 2**64, 2**256 - 1, 10**97 - 1)


class Trade(NamedTuple):
    """Seconds since the last one, wei and base units."""

    pause: int
    eth: int
    tokens: int

    @property
    def price(self) -> int:
        return self.eth * ETHER // self.tokens


TRADES = st.lists(
    st.builds(Trade, st.integers(0, 1_000), st.integers(1, 2**128), st.integers(1, 2**128)), min_size=1, max_size=12
)


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with opened(request.param, tmp_path_factory.mktemp("prices")) as found:
        yield found


def told(database: Database, trades: list[Trade]) -> tuple[Prices, list[int]]:
    """The trades, as the indexer writes them, and their times; those of another exchange lie between."""
    place = {"chain": CHAIN, "transaction_hash": b"\3" * 32, "side": "buy"}
    rows, times, eth_total, tokens_total, seconds, last = [], [], 0, 0, 0, 0
    time = START
    for number, trade in enumerate(trades):
        time += trade.pause
        seconds, last = seconds + last * (trade.pause if number else 0), trade.price
        eth_total, tokens_total = eth_total + trade.eth, tokens_total + trade.tokens
        own = {"eth": trade.eth, "tokens": trade.tokens, "price": trade.price}
        totals = {"eth_total": eth_total, "tokens_total": tokens_total, "price_seconds": seconds}
        for log, contract in enumerate((OTHER, EXCHANGE)):
            rows.append({**place, "block": number, "log": log, "time": time, "contract": contract, **own, **totals})
        times.append(time)
    blocks = [
        {"chain": CHAIN, "number": number, "hash": bytes([number]) * 32, "time": at, "bare": False}
        for number, at in enumerate(times)
    ]
    with database.write() as connection:
        connection.execute(tables.swaps.delete())
        connection.execute(tables.blocks.delete())
        connection.execute(insert(tables.blocks), blocks)
        connection.execute(insert(tables.swaps), rows)
    return Prices(database, CHAIN, EXCHANGE), times


@settings(max_examples=60, deadline=None)
@given(trades=TRADES, interval=st.sampled_from([1, 60, 300, 3_600]), begin=st.integers(-500, 2_000))
def test_candles_are_what_was_traded(database: Database, trades: list[Trade], interval: int, begin: int) -> None:
    """Q3 open, high, low, close and volumes of each interval, whatever the numbers and however many in a block."""
    prices, times = told(database, trades)
    since, until = START + begin, START + begin + 5_000
    expected: dict[int, list[Trade]] = {}
    for trade, time in zip(trades, times, strict=True):
        if since <= time < until:
            expected.setdefault(time // interval * interval, []).append(trade)
    found = prices.candles(interval, since, until)
    assert [candle.start for candle in found] == sorted(expected)
    for candle in found:
        inside = expected[candle.start]
        paid = [trade.price for trade in inside]
        assert (candle.open, candle.high, candle.low, candle.close) == (paid[0], max(paid), min(paid), paid[-1])
        assert candle.eth == sum(trade.eth for trade in inside)
        assert candle.tokens == sum(trade.tokens for trade in inside)
        assert candle.trades == len(inside)
        assert candle.last.block_hash == f"0x{bytes([candle.last.block]).hex() * 32}"


@settings(max_examples=60, deadline=None)
@given(trades=TRADES, begin=st.integers(-500, 4_000), length=st.integers(1, 4_000))
def test_an_average_is_that_of_each_second(database: Database, trades: list[Trade], begin: int, length: int) -> None:
    """Q3 the mean over the seconds of what the last trade until then was made at, as an oracle adds it up."""
    prices, times = told(database, trades)
    since, until = START + begin, START + begin + length
    first = max(since, times[0])
    found = prices.average(since, until)
    if first >= until:
        assert found is None
        return
    total = 0
    for number, (trade, time) in enumerate(zip(trades, times, strict=True)):
        end = times[number + 1] if number + 1 < len(times) else until
        total += trade.price * max(0, min(end, until) - max(time, first))
    assert found == Average(int(Fraction(total, until - first)), first, until)


def test_no_trades(database: Database) -> None:
    """Q3 there is no price before the first trade."""
    prices, times = told(database, [Trade(0, 1, 1)])
    assert Prices(database, CHAIN, "0x" + "3" * 40).last() is None
    assert Prices(database, CHAIN, "0x" + "3" * 40).candles(60, START, START + 60) == []
    assert prices.average(times[0] - 100, times[0]) is None
    assert prices.trades(5, before=(0, 1)) == []


@given(numbers=st.lists(st.one_of(st.sampled_from(WHOLES), st.integers(0, 10**97 - 1)), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_wholes_keep_their_value_and_order(database: Database, numbers: list[int]) -> None:
    """Q3 numbers of the chain are exact in every database, and sort as numbers do."""
    swaps = tables.swaps
    row = {"chain": 1, "log": 0, "time": 0, "transaction_hash": b"\0" * 32, "contract": OTHER, "side": "buy"}
    zeros = dict.fromkeys(("eth", "tokens", "eth_total", "tokens_total", "price_seconds"), 0)
    rows = [{**row, **zeros, "block": block, "price": number} for block, number in enumerate(numbers)]
    with database.write() as connection:
        connection.execute(swaps.delete())
        connection.execute(insert(swaps), rows)
        assert list(connection.scalars(select(swaps.c.price).order_by(swaps.c.price))) == sorted(numbers)


def test_bindings_are_addresses(tmp_path: Path) -> None:
    """Q3 addresses and hashes are told as chains tell them."""
    with opened("sqlite", tmp_path) as database:
        prices, _ = told(database, [Trade(0, 5, 2)])
        last = prices.last()
        assert last is not None
        assert (last.contract, last.transaction_hash) == (EXCHANGE, "0x" + "03" * 32)
