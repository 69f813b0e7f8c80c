"""What a further kWh costs under a tariff, with charges and taxes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

import numpy as np

from offchain.advice.habit import Floats
from offchain.advice.tariff import Season, Tariff


def season_of(tariff: Tariff, clock: datetime) -> Season:
    """The season that holds at a time. Raises TariffError."""
    return tariff.rates_on(clock.date()).season(clock.month)


def further_kwh(tariff: Tariff, clocks: Sequence[datetime], kwh: Fraction) -> Floats:
    """What a kWh more costs in hours that clocks of the tariff's zone show; under tiers, of a month of so many kWh.
    Base and rounding aren't in it. Raises TariffError."""
    return np.array([float(_price(tariff, clock, kwh)) for clock in clocks], np.float64)


def _price(tariff: Tariff, clock: datetime, kwh: Fraction) -> Fraction:
    season, day = season_of(tariff, clock), clock.date()
    energy = season.tiers[season.reached(kwh)].energy if season.tiers else season.prices()[clock.hour]
    taxed = 1 + Fraction(tariff.vat) + Fraction(tariff.fund_share(day))
    return Fraction(energy + sum(tariff.per_kwh(day))) * taxed
