"""Who sees others' orders wait, and trades right before and behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from offchain.simulate.season.behaviour import Order, Own, Side, View
from offchain.simulate.season.behaviours.honest import Honest
from offchain.simulate.season.behaviours.wash_trader import ANY_PRICE

KEPT = 0.997
"""Of what is given to an exchange, after its fee."""
STOCK = 0.05
"""Of the exchange's energy that it holds ready: what is bought in a block can't be sold in it, notes must first be
flushed."""
TRIES = 40
"""Amounts that it tries."""


@dataclass
class Reserves:
    """An exchange as an attacker computes with it, in kWh and won."""

    kwh: float
    won: float

    def buys(self, won: float) -> float:
        """kWh for so much."""
        got = won * KEPT * self.kwh / (self.won + won * KEPT)
        self.won, self.kwh = self.won + won, self.kwh - got
        return got

    def sells(self, kwh: float) -> float:
        """Won for so much."""
        got = kwh * KEPT * self.won / (self.kwh + kwh * KEPT)
        self.won, self.kwh = self.won - got, self.kwh + kwh
        return got

    def costs(self, kwh: float) -> float:
        """Won that buy so much."""
        return self.won * kwh / ((self.kwh - kwh) * KEPT)


class Sandwich(Honest):
    """Moves the price against an order as far as its minimum allows, and back behind it; knows the order, its minimum
    and the exchange's reserves. Its capital is what it brought and a stock of energy."""

    def orders(self, own: Own, view: View, exported: int, imported: int) -> Sequence[Order]:
        """Keeps its stock, at prices near to what they were."""
        at = own.microgrid
        lacks = int(STOCK * view.depth[at]) - own.notes.get(at, 0)
        return [Order(Side.BUY, lacks, float(view.tariff[0]), at)] if lacks > 0 else []

    def around(self, own: Own, view: View, seen: Order) -> tuple[Sequence[Order], Sequence[Order]]:
        """The two trades that earn most, if any do."""
        at = seen.microgrid
        if at != own.microgrid or own.most == 0:
            return [], []
        stock = min(own.most, own.notes.get(at, 0))
        wh, earned = best(float(view.spot[at]), float(view.depth[at]) / 1000, seen, stock / 1000)
        if earned <= 0:
            return [], []
        before, behind = (Side.BUY, Side.SELL) if seen.side is Side.BUY else (Side.SELL, Side.BUY)
        limits = {Side.BUY: ANY_PRICE, Side.SELL: 0.0}
        return [Order(before, wh, limits[before], at)], [Order(behind, wh, limits[behind], at)]


def best(spot: float, kwh: float, seen: Order, most: float) -> tuple[int, float]:
    """Wh to trade before and behind an order, up to `most` kWh, and won that this earns. Spot in won a kWh."""
    tried = [(earned(spot, kwh, seen, most * share / TRIES), most * share / TRIES) for share in range(1, TRIES + 1)]
    won, amount = max(tried, default=(0.0, 0.0))
    return int(amount * 1000), won


def earned(spot: float, kwh: float, seen: Order, amount: float) -> float:
    """Won that trading so many kWh around an order brings; less than nothing if the order then fails."""
    pool, wanted = Reserves(kwh, spot * kwh), seen.wh / 1000
    if not 0 < amount < kwh / 2 or wanted >= kwh / 2:
        return -1.0
    if seen.side is Side.BUY:
        given = pool.costs(wanted)
        paid = pool.costs(amount)
        pool.buys(paid)
        if pool.buys(given) * seen.limit < given:
            return -1.0
        return pool.sells(amount) - paid
    got = pool.sells(amount)
    if pool.sells(wanted) < wanted * seen.limit:
        return -1.0
    return got - pool.costs(amount)
