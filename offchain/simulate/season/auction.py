"""The world with an auction in place of the exchange: each hour's orders are sealed and cleared at one price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite

import numpy as np

from offchain.simulate.season.behaviour import Order, Side, View
from offchain.simulate.season.clearing import clear
from offchain.simulate.season.households import Foresight, Households
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.physics import Hour
from offchain.simulate.season.season import Season


class Auction:
    """Nothing can be kept: what was bought and not used, or sold and not made, is settled with the utility at its own
    prices. Orders are sealed, so nobody trades around another's. What lines earn by prices apart is their operator's.
    Who orders is told what was sold in the hour before as the market's depth."""

    def __init__(self, season: Season, foresight: Foresight) -> None:
        self.season = season
        self.homes = Households(season, foresight, np.full(len(season.microgrids), _middle(season, 0)))
        self.depth = np.zeros(len(season.microgrids))

    def run(self) -> Iterator[int]:
        """Through all hours; yields each when it is over."""
        for hour in range(self.season.hours):
            view = self.homes.view(hour)
            passed = self.homes.live(hour, view)
            self._trade(hour, replace(view, depth=self.depth), passed)
            yield hour

    @property
    def ledger(self) -> Ledger:
        """What happened so far."""
        return self.homes.ledger

    def _trade(self, hour: int, view: View, passed: Hour) -> None:
        season, ledger = self.season, self.ledger
        placed = self._orders(view, passed)
        feed_in, tariff = float(season.feed_in[hour]), float(season.tariff[hour])
        cleared = clear([order for _, order in placed], season.lines, len(season.microgrids), feed_in, tariff)
        self.depth = np.zeros(len(season.microgrids))
        for (place, order), wh in zip(placed, cleared.filled.tolist(), strict=True):
            won = wh * float(cleared.price[order.microgrid]) / 1000
            sells = order.side is Side.SELL
            (ledger.sold if sells else ledger.bought)[hour, place] += wh
            (ledger.earned if sells else ledger.paid)[hour, place] += won
            self.homes.owns[place].won += won if sells else -won
            self.depth[order.microgrid] += wh if sells else 0
            if order.microgrid != season.homes[place].microgrid:  # energy of where it has no meter
                (ledger.drawn if sells else ledger.fed_in)[hour, place] += wh
        apart = ledger.drawn[hour] - ledger.fed_in[hour]
        left = passed.exported - passed.imported + ledger.bought[hour] - ledger.sold[hour] + apart
        ledger.fed_in[hour] += np.maximum(0, left)
        ledger.drawn[hour] += np.maximum(0, -left)
        ledger.credited[hour], ledger.billed[hour] = (
            ledger.fed_in[hour] * feed_in / 1000,
            ledger.drawn[hour] * tariff / 1000,
        )
        ledger.price[hour] = ledger.average[hour] = cleared.price
        ledger.congestion[hour], ledger.rent[hour] = cleared.congestion, cleared.rent

    def _orders(self, view: View, passed: Hour) -> list[tuple[int, Order]]:
        """Who wants what; what makes no sense is dropped."""
        return [
            (place, order)
            for place, one in enumerate(self.homes.minds)
            for order in one.orders(
                self.homes.owns[place], view, int(passed.exported[place]), int(passed.imported[place])
            )
            if order.wh > 0 and isfinite(order.limit) and 0 <= order.microgrid < len(self.season.microgrids)
        ]


def _middle(season: Season, hour: int) -> float:
    return float(season.tariff[hour] + season.feed_in[hour]) / 2
