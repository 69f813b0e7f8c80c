"""The trades of a month that had made most."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np

from offchain.advice.bill import CONTRACT_KW
from offchain.advice.habit import Integers
from offchain.advice.marginal import further_kwh
from offchain.advice.tariff import Tariff, Tier
from offchain.advice.trade import Month, Trades, Worth, worth
from offchain.advice.usage import WH, Period


def best(tariff: Tariff, month: Month, period: Period, contract_kw: Decimal = CONTRACT_KW) -> tuple[Trades, Worth]:
    """Of trades at each hour's price, whatever is traded, those that are worth most: sold where the market paid more
    than the grid, bought where it was cheaper than the tariff; under tiers from the cheapest hour on, until the next
    kWh costs more than the tier that is left. Raises TariffError."""
    sold = np.where(np.nan_to_num(month.price) > month.feed_in, month.given.wh, 0)
    found = [Trades(bought, sold) for bought in _purchases(tariff, month, period)]
    valued = [(trades, worth(tariff, month, trades, period, contract_kw)) for trades in found]
    return max(valued, key=lambda pair: pair[1].made)


def _purchases(tariff: Tariff, month: Month, period: Period) -> Iterator[Integers]:
    """Those that may be best, [hours] in Wh: nothing; by the hour, what was cheaper; under tiers, in each tier as much
    as is cheaper than it."""
    drawn, priced = month.drawn.wh, ~np.isnan(month.price)
    yield np.zeros_like(drawn)
    last = period.end - timedelta(days=1)
    season = tariff.rates_on(last).season(last.month)
    clocks = month.drawn.clocks(tariff.place)
    if not season.tiers:
        yield np.where(priced & (month.price < further_kwh(tariff, clocks, Fraction(0))), drawn, 0)
        return
    total = int(drawn.sum())
    for most, least in _steps(season.tiers, total):
        prices = further_kwh(tariff, clocks, Fraction(most, WH))
        cheaper = int(drawn[priced & (month.price < prices)].sum())
        yield _cheapest(month, min(max(cheaper, total - most), total - least))


def _steps(tiers: list[Tier], total: int) -> Iterator[tuple[int, int]]:
    """Of each tier that a use in Wh gets to, from where to where it goes down."""
    most = total
    for tier in reversed(tiers):
        least = int(tier.above * WH)
        if most > least:
            yield most, least
            most = least


def _cheapest(month: Month, wh: int) -> Integers:
    """So much of what was drawn in the cheapest hours, or all that has a price."""
    drawn = np.where(np.isnan(month.price), 0, month.drawn.wh)
    order = np.argsort(month.price, kind="stable")
    before = np.concatenate([[0], np.cumsum(drawn[order])[:-1]])
    bought = np.zeros_like(drawn)
    bought[order] = np.clip(wh - before, 0, drawn[order])
    return bought
