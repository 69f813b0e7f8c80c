"""Who bets that a price returns to what it was on average."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from offchain.simulate.season.behaviour import Order, Own, Side, View
from offchain.simulate.season.behaviours.honest import Honest

REMEMBERED, NEEDED = 72, 24
"""Hours of prices that count, and without which the middle of the utility's prices does."""
MARGIN = 0.01
"""By how much a price must be apart: more than an exchange's fee there and back."""


class Speculator(Honest):
    """Buys what is cheaper than the mean of the last three days, and sells what is dearer; knows the closing prices and
    how deep the exchange is. Its capital is what it brought; what its home makes and uses is part of its position."""

    def orders(self, own: Own, view: View, exported: int, imported: int) -> Sequence[Order]:
        """As much as brings the price to the mean: beyond that each Wh would lose."""
        at = own.microgrid
        spot, fair = float(view.spot[at]), mean_price(view, at)
        if spot < fair * (1 - MARGIN):
            wh = int(view.depth[at] * (1 - sqrt(spot / fair)))
            return [Order(Side.BUY, wh, sqrt(spot * fair), at)]
        held = own.notes.get(at, 0) + exported - imported
        if spot > fair * (1 + MARGIN) and held > 0:
            wh = int(view.depth[at] * (sqrt(spot / fair) - 1))
            return [Order(Side.SELL, min(held, wh), sqrt(spot * fair), at)]
        return []


def mean_price(view: View, microgrid: int) -> float:
    """Of the hours that are remembered, won a kWh."""
    known = view.history[-REMEMBERED:, microgrid]
    if len(known) < NEEDED:
        return float(view.tariff.mean() + view.feed_in.mean()) / 2
    return float(known.mean())
