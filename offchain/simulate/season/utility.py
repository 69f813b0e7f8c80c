"""The world without a local market: all that a meter counts is the utility's, at its tariff and feed-in price."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from offchain.simulate.season.households import Foresight, Households
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.season import Season


class UtilityOnly:
    """Everybody sees the tariff as the price; nobody sees what a full line costs."""

    def __init__(self, season: Season, foresight: Foresight) -> None:
        self.season = season
        self.homes = Households(season, foresight, np.full(len(season.microgrids), season.tariff[0]))

    def run(self) -> Iterator[int]:
        """Through all hours; yields each when it is over."""
        season, ledger = self.season, self.homes.ledger
        for hour in range(season.hours):
            passed = self.homes.live(hour, self.homes.view(hour))
            ledger.fed_in[hour], ledger.drawn[hour] = passed.exported, passed.imported
            ledger.credited[hour] = passed.exported * season.feed_in[hour] / 1000
            ledger.billed[hour] = passed.imported * season.tariff[hour] / 1000
            ledger.price[hour] = ledger.average[hour] = season.tariff[hour]
            yield hour

    @property
    def ledger(self) -> Ledger:
        """What happened so far."""
        return self.homes.ledger
