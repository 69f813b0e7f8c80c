"""A month's bill so far and as it will be, and the tier that is about to be reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from offchain.advice.bill import CONTRACT_KW, Bill, bill
from offchain.advice.tariff import Tariff
from offchain.advice.usage import HOUR, WH, Period, Usage, UsageError, hours_between, midnight

WEEKS = 4
"""Of the past that tell what a usual hour of the week is."""
WEEK = 168


@dataclass(frozen=True)
class NextTier:
    """`kwh` more and every further one costs `energy`; `at` is the hour in which that is expected, None: not this
    month. `extra_base` is what getting there adds to the month's base."""

    number: int
    kwh: Decimal
    energy: Decimal
    extra_base: Decimal
    at: datetime | None


@dataclass(frozen=True)
class Outlook:
    """`so_far` is of the hours read, `expected` with what is foreseen for the rest, told by `basis`."""

    so_far: Bill
    expected: Bill
    tier: int | None
    next_tier: NextTier | None
    basis: str


def outlook(
    tariff: Tariff, usage: Usage, period: Period, ahead: Usage | None = None, contract_kw: Decimal = CONTRACT_KW
) -> Outlook:
    """Of a period that runs. What lies ahead of the readings and of `ahead`, a forecast that follows them, is taken as
    the same hours of the last weeks. Raises TariffError; UsageError where nothing was read in the period."""
    zone = tariff.place
    if not len(usage.within(period, zone).wh):
        raise UsageError(f"nothing was read from {period.start} on")
    known = usage if ahead is None else usage.followed_by(ahead)
    missing = max(0, hours_between(known.end, midnight(period.end, zone)))
    whole = known.followed_by(Usage(known.end, usual(usage, known.end, missing)))
    basis = f"{_days(len(usage.within(period, zone).wh))} days read"
    if ahead is not None and len(ahead.within(period, zone).wh):
        basis += f", {len(ahead.within(period, zone).wh)} hours by the forecast"
    if missing:
        basis += f", {_days(missing)} days as the same hours of the last weeks"
    tier, following = _tiers(tariff, usage, whole, period)
    expected = bill(tariff, whole, period, contract_kw)
    return Outlook(bill(tariff, usage, period, contract_kw), expected, tier, following, basis)


def usual(usage: Usage, start: datetime, hours: int) -> NDArray[np.int64]:
    """Means of the same hour of the week in the last weeks, for hours from `start` on; of all hours where less than a
    week was read."""
    recent = usage.wh[-WEEKS * WEEK :]
    if len(recent) < WEEK:
        return np.full(hours, round(recent.mean()) if len(recent) else 0, np.int64)
    first = usage.end - len(recent) * HOUR
    offset = hours_between(first, start)
    of_week = np.arange(len(recent)) % WEEK
    means = np.array([recent[of_week == hour].mean() for hour in range(WEEK)])
    found: NDArray[np.int64] = np.rint(means[(offset + np.arange(hours)) % WEEK]).astype(np.int64)
    return found


def _tiers(tariff: Tariff, usage: Usage, whole: Usage, period: Period) -> tuple[int | None, NextTier | None]:
    """The tier reached, counted from 1, and the next one; None without tiers or where there is no next one."""
    last = period.end - timedelta(days=1)
    season = tariff.rates_on(last).season(last.month)
    if not season.tiers:
        return None, None
    drawn = usage.within(period, tariff.place)
    kwh = Decimal(drawn.total) / WH
    reached = season.reached(Fraction(kwh))
    if reached + 1 == len(season.tiers):
        return reached + 1, None
    now, after = season.tiers[reached : reached + 2]
    at = _crossing(drawn, whole.within(period, tariff.place), int(after.above * WH))
    return reached + 1, NextTier(reached + 2, after.above - kwh, after.energy, after.base - now.base, at)


def _crossing(drawn: Usage, whole: Usage, limit: int) -> datetime | None:
    """The hour after those drawn in which the sum of all gets above a limit in Wh."""
    above = np.flatnonzero(np.cumsum(whole.wh) > limit)
    return whole.start + int(max(above[0], len(drawn.wh))) * HOUR if len(above) else None


def _days(hours: int) -> str:
    return f"{hours / 24:.1f}".removesuffix(".0")


def month_of(usage: Usage, tariff: Tariff) -> Period:
    """The calendar month of the last hour read. Raises UsageError for no hours."""
    if not len(usage.wh):
        raise UsageError("nothing was read yet")
    last: date = (usage.end - HOUR).astimezone(tariff.place).date()
    return Period.month(last.year, last.month)
