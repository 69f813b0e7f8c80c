"""What panels on a roof would make in a typical year, and when they have paid for themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from offchain.advice.bill import CONTRACT_KW, bill
from offchain.advice.climate import LENGTHS, MONTHS, Climate, TypicalYear
from offchain.advice.errors import AdviceError
from offchain.advice.tariff import Tariff
from offchain.advice.told import Told, joined, told
from offchain.advice.usage import WH, Period, Usage, hours_between, midnight
from offchain.metering.solar import SYSTEM_LOSSES, power

FADING = 0.005
"""What modules lose of their yield each year: the median of Jordan and Kurtz, Progress in Photovoltaics 21, 2013."""
YEARS = 25


class RoofError(AdviceError):
    """Says in one line why a roof can't be advised on."""


@dataclass(frozen=True)
class Roof:
    """Panels of so many kW at peak; `tilt` from level and `azimuth` from north (180 is south), in degrees."""

    kw: float
    tilt: float = 30
    azimuth: float = 180

    def __post_init__(self) -> None:
        if not 0 < self.kw <= 1000:
            raise RoofError(f"panels have more than 0 kW and at most 1,000, not {self.kw:g}")
        if not 0 <= self.tilt <= 90 or not 0 <= self.azimuth < 360:
            raise RoofError("a tilt is from 0 to 90 degrees, an azimuth from 0 to less than 360")


@dataclass(frozen=True)
class Yield:
    """`curve[m, h]` is what a day of month m makes in hour h, in Wh; `months` what each makes, in kWh."""

    curve: NDArray[np.float64]
    basis: Told

    @property
    def months(self) -> NDArray[np.float64]:
        """Of a year without a leap day [12]."""
        found: NDArray[np.float64] = self.curve.sum(axis=1) * np.array(LENGTHS) / WH
        return found

    @property
    def kwh(self) -> float:
        """Of the year."""
        return float(self.months.sum())

    def over(self, usage: Usage, tariff: Tariff) -> NDArray[np.int64]:
        """What would have been made in the hours of some use, in Wh."""
        hours = usage.clocks(tariff.place)
        return np.array([round(self.curve[hour.month - 1, hour.hour]) for hour in hours], np.int64)


def expected(roof: Roof, climate: Climate) -> Yield:
    """In a climate's typical year, at each month's mean air."""
    year = TypicalYear(climate)
    watts = power(year.irradiance, roof.kw, roof.tilt, roof.azimuth, np.repeat(climate.temperature, 24))
    level = year.daily @ np.array(LENGTHS) / WH
    parts = (
        told("panels", kw=f"{roof.kw:g}", tilt=f"{roof.tilt:g}", azimuth=f"{roof.azimuth:g}"),
        told("typical_year", place=climate.name, kwh=f"{level:,.0f}"),
        told("losses", share=f"{SYSTEM_LOSSES * 100:.0f}"),
    )
    return Yield(watts.reshape(MONTHS, 24), joined(parts))


@dataclass(frozen=True)
class Payback:
    """`saved` and `earned` are of the first year: less on the bill, and for the surplus. `balance[y]` is what is there
    after y + 1 years, the cost taken off; `years` until that isn't below 0 any more, None if it stays so."""

    saved: Decimal
    earned: float
    used: float
    surplus: float
    balance: NDArray[np.float64]
    years: int | None
    basis: Told


def payback(
    panels: Yield, cost: float, tariff: Tariff, usage: Usage, surplus_price: float, contract_kw: Decimal = CONTRACT_KW
) -> Payback:
    """Of the last twelve whole months of some use; what isn't used at once is sold at `surplus_price` a kWh. Prices
    stay as they are, and there is no interest. Raises RoofError if the use is of less than twelve months, or for a cost
    or price that is none."""
    if not 0 < cost < float("inf") or not 0 <= surplus_price < float("inf"):
        raise RoofError("panels cost more than nothing, and surplus earns nothing or more")
    periods = _last_year(usage, tariff)
    made = panels.over(usage, tariff)
    used = np.minimum(made, usage.wh)
    rest = Usage(usage.start, usage.wh - used)
    saved = sum(
        (bill(tariff, usage, one, contract_kw).total - bill(tariff, rest, one, contract_kw).total for one in periods),
        Decimal(0),
    )
    year = Period(periods[0].start, periods[-1].end)
    own, surplus = (Usage(usage.start, wh).within(year, tariff.place).total / WH for wh in (used, made - used))
    earned = surplus * surplus_price
    yearly = (float(saved) + earned) * (1 - FADING) ** np.arange(YEARS)
    balance = np.cumsum(yearly) - cost
    paid = np.flatnonzero(balance >= 0)
    shares = (
        told("panels_used", kwh=f"{own:,.0f}"),
        told("panels_sold", kwh=f"{surplus:,.0f}", price=f"{surplus_price:g}"),
        told("year_until", day=year.end - timedelta(days=1), tariff=tariff.name, korean=tariff.korean or tariff.name),
    )
    money = (told("fading", share=f"{FADING * 100:.1f}"), told("panels_cost", price=f"{cost:,.0f}"))
    basis = joined((joined(shares, ", "), *money))
    return Payback(saved, earned, own, surplus, balance, int(paid[0]) + 1 if len(paid) else None, basis)


def _last_year(usage: Usage, tariff: Tariff) -> list[Period]:
    """The last twelve whole months that the use covers."""
    end: datetime = usage.end.astimezone(tariff.place)
    year, month = end.year, end.month
    found: list[Period] = []
    for _ in range(MONTHS):
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
        found.insert(0, Period.month(year, month))
    if hours_between(usage.start, midnight(found[0].start, tariff.place)) < 0:
        first: date = usage.start.astimezone(tariff.place).date()
        raise RoofError(f"use since {first} is too short: it takes the twelve months from {found[0].start} on")
    return found


def even_use(month_kwh: float, end: datetime) -> Usage:
    """A use that is so much each month and the same in all its hours, in the twelve whole months before a moment, in
    its time zone."""
    zone = end.tzinfo
    if zone is None:
        raise RoofError("months are those of a time zone")
    first = 12 * (end.year - 1) + end.month - 1
    days = [date((first + step) // 12, (first + step) % 12 + 1, 1) for step in range(MONTHS + 1)]
    counts = [hours_between(midnight(day, zone), midnight(after, zone)) for day, after in pairwise(days)]
    wh = [np.full(count, round(month_kwh * WH / count), np.int64) for count in counts]
    return Usage(midnight(days[0], zone), np.concatenate(wh))
