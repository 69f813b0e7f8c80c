"""Who trades with itself, so that there seem to be more trade and other prices than there are."""

from __future__ import annotations

from collections.abc import Sequence

from offchain.simulate.season.behaviour import Order, Own, Side, View
from offchain.simulate.season.behaviours.honest import Honest

SHARE = 0.15
"""Of the exchange's energy that it buys and sells again, if one trade can be as large."""
ANY_PRICE = 1e6
"""Won a kWh that nothing costs."""
PAIRS = 2
"""Trades each way in an hour: a meter has four."""


class WashTrader(Honest):
    """Buys at the beginning of each hour's trade and sells the same at its end: the average price that others go by is
    moved in between, and volume is made up. It pays the exchange's fee each way and wants nothing of what it trades."""

    def orders(self, own: Own, view: View, exported: int, imported: int) -> Sequence[Order]:
        """In as many trades as a meter has, each as large as it can be; what it couldn't sell goes first."""
        at = own.microgrid
        wh, held = min(own.most, int(SHARE * view.depth[at] / PAIRS)), own.notes.get(at, 0)
        sells = [Order(Side.SELL, wh, 0.0, at, turn=1.0)] * PAIRS
        return sells if held >= wh else [*[Order(Side.BUY, wh, ANY_PRICE, at, turn=0.0)] * PAIRS, *sells]
