"""How much of a trade a price bound lets, before anything is proven."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.exchange import PRICE_BITS, PoolState, input_price
from offchain.wallet.note import ETH
from offchain.wallet.trade import Bound, Desk, TradeError, most_within

NORTH, SOUTH = "0x" + "11" * 20, "0x" + "22" * 20
RESERVES = st.integers(1_000, 10**24)
BOUNDS = st.builds(
    lambda eth, tokens, share, deviation: Bound(
        PoolState(eth, tokens), (eth << PRICE_BITS) // tokens * share // 100, deviation
    ),
    RESERVES,
    RESERVES,
    st.integers(50, 200),
    st.integers(0, 10_000),
)


def spots(falls: Bound | None, rises: Bound | None, amount: int) -> list[tuple[bool, int, Bound]]:
    """The prices that a trade leaves behind."""
    found, wei = [], amount
    if falls:
        wei = input_price(amount, falls.pool.tokens, falls.pool.eth)
        found.append((True, (falls.pool.eth - wei << PRICE_BITS) // (falls.pool.tokens + amount), falls))
    if rises:
        bought = input_price(wei, rises.pool.eth, rises.pool.tokens)
        found.append((False, (rises.pool.eth + wei << PRICE_BITS) // (rises.pool.tokens - bought), rises))
    return found


def is_allowed(falls: Bound | None, rises: Bound | None, amount: int) -> bool:
    return all(
        10_000 * spot >= bound.average * (10_000 - bound.deviation)
        if falling
        else 10_000 * spot <= bound.average * (10_000 + bound.deviation)
        for falling, spot, bound in spots(falls, rises, amount)
    )


@given(st.none() | BOUNDS, st.none() | BOUNDS, st.integers(1, 10**25))
def test_the_most_is_the_most(falls: Bound | None, rises: Bound | None, amount: int) -> None:
    """S17: it passes, and a unit more doesn't, unless it is all; nothing passes where it is 0."""
    most = most_within(falls, rises, amount)
    assert 0 <= most <= amount
    if most:
        assert is_allowed(falls, rises, most)
    if most < amount:
        assert not is_allowed(falls, rises, most + 1)


class Quoted(Desk):
    """A desk whose exchanges hold 10 ETH and 1,000 kWh, at so many hundredths of the average price."""

    def __init__(self, hundredths: int) -> None:
        self.hundredths = hundredths

    def _bound(self, energy: str) -> Bound:
        pool = PoolState(10**19, 10**21)
        return Bound(pool, (pool.eth << PRICE_BITS) // pool.tokens * 100 // self.hundredths, 1_000)

    def _priced(self, asset: str, amount: int, *, to_eth: bool) -> int:
        reserves = (10**21, 10**19) if to_eth else (10**19, 10**21)
        return amount if asset == ETH else input_price(amount, *reserves)


@pytest.mark.parametrize(
    ("hundredths", "sold", "amount", "wanted", "why"),
    [
        (100, ETH, 10**18, NORTH, r"more than 10 % from its average: trade at most 0\.4888\d\d ETH"),
        (100, NORTH, 10**20, ETH, r"more than 10 % from its average: trade at most 54\.17\d+ kWh"),
        (100, NORTH, 10**20, SOUTH, r"more than 10 % from its average: trade at most 51\.\d+ kWh"),
        (111, ETH, 1_000, NORTH, "the price is 10 % or more from its average: only trades that bring it"),
        (89, NORTH, 10**6, SOUTH, "only trades that bring it back"),
    ],
)
def test_it_is_said_before_anything_is_proven(hundredths: int, sold: str, amount: int, wanted: str, why: str) -> None:
    """P9 S17"""
    with pytest.raises(TradeError, match=why):
        Quoted(hundredths).quote(sold, amount, wanted)


@pytest.mark.parametrize(
    ("hundredths", "sold", "amount", "wanted"),
    [(100, ETH, 48 * 10**16, NORTH), (111, NORTH, 10**19, ETH), (89, ETH, 10**17, NORTH), (300, NORTH, 10**20, ETH)],
)
def test_what_brings_a_price_back_is_quoted(hundredths: int, sold: str, amount: int, wanted: str) -> None:
    """S17"""
    assert Quoted(hundredths).quote(sold, amount, wanted).expected > 0
