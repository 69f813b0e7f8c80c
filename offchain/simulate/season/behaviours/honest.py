"""A household that looks to itself: its battery serves its own use, and it trades what its meter counted."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.random import Generator

from offchain.simulate.season.behaviour import Order, Own, Plan, Side, View
from offchain.simulate.season.season import Season


class Honest:
    """Stores its own surplus, charges its car when it comes home, and takes the utility's price where it is better."""

    def __init__(self, season: Season, place: int, random: Generator) -> None:
        self.home = season.homes[place]

    def plan(self, own: Own, view: View) -> Plan:
        """The battery takes what is left and gives what lacks."""
        home = self.home
        return Plan(own.made - own.used if home.battery else 0, home.car.power if home.car else 0)

    def orders(self, own: Own, view: View, exported: int, imported: int) -> Sequence[Order]:
        """Of its own microgrid, never worse than the utility's prices; notes it has left are used before it buys."""
        left = exported + own.notes.get(own.microgrid, 0) - imported
        if left > 0:
            return [Order(Side.SELL, left, float(view.feed_in[0]), own.microgrid)]
        if left < 0:
            return [Order(Side.BUY, -left, float(view.tariff[0]), own.microgrid)]
        return []

    def around(self, own: Own, view: View, seen: Order) -> tuple[Sequence[Order], Sequence[Order]]:
        """It lets others trade."""
        return [], []
