"""Who buys up energy before it is needed, to sell it back dear."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from offchain.simulate.season.behaviour import Order, Own, Side, View
from offchain.simulate.season.behaviours.honest import Honest

DEAR_HOURS = 5
"""Of the next day, in which most is foreseen to lack: then it sells, and buys in all others."""
STARVED = 0.6
"""Of the exchange's energy it buys at most."""


class Hoarder(Honest):
    """Empties the exchange as far as its trades and capital go, up to the tariff, above which nobody would buy from it;
    knows the forecast of what the microgrid makes and needs."""

    def orders(self, own: Own, view: View, exported: int, imported: int) -> Sequence[Order]:
        """Sells all in the dear hours, before others do, and else buys all it can, also before others."""
        at = own.microgrid
        held = own.notes.get(at, 0) + exported - imported
        if self._is_dear(view, at):
            return [Order(Side.SELL, held, float(view.feed_in[0]), at, turn=0.0)] if held > 0 else []
        wanted = int(STARVED * (view.depth[at] + held)) - held
        return [Order(Side.BUY, wanted, float(view.tariff.max()), at, turn=0.0)] if wanted > 0 else []

    def _is_dear(self, view: View, at: int) -> bool:
        """Whether this is one of the hours of a day in which the microgrid lacks most."""
        return bool(np.argsort(view.foreseen[:, at], kind="stable")[:DEAR_HOURS].min() == 0)
