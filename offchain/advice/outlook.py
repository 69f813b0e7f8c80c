"""A month's bill so far and as it will be, and the tier that is about to be reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np

from offchain.advice.bill import CONTRACT_KW, Bill, bill
from offchain.advice.habit import usual
from offchain.advice.tariff import Tariff
from offchain.advice.told import Told, told
from offchain.advice.usage import WH, NothingReadError, Period, Usage, hours_between, midnight


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
    """`so_far` is of the hours read, `expected` of the `whole` use: with so many hours `foreseen` by a forecast and so
    many as is `usual`, told by `basis`."""

    so_far: Bill
    expected: Bill
    whole: Usage
    foreseen: int
    usual: int
    tier: int | None
    next_tier: NextTier | None
    basis: Told


def outlook(
    tariff: Tariff, usage: Usage, period: Period, ahead: Usage | None = None, contract_kw: Decimal = CONTRACT_KW
) -> Outlook:
    """Of a period that runs. What lies ahead of the readings and of `ahead`, a forecast that follows them, is taken as
    the same hours of the last weeks. Raises TariffError; NothingReadError where nothing was read in the
    period."""
    zone = tariff.place
    if not len(usage.within(period, zone).wh):
        raise NothingReadError(f"nothing was read from {period.start} on")
    known = usage if ahead is None else usage.followed_by(ahead)
    missing = max(0, hours_between(known.end, midnight(period.end, zone)))
    whole = known.followed_by(Usage(known.end, usual(usage, known.end, missing)))
    basis = told("days_read", days=_days(len(usage.within(period, zone).wh)))
    foreseen = 0 if ahead is None else len(ahead.within(period, zone).wh)
    if foreseen:
        basis = basis.then(told("hours_foreseen", hours=foreseen), ", ")
    if missing:
        basis = basis.then(told("days_usual", days=_days(missing)), ", ")
    tier, following = _tiers(tariff, usage, whole, period)
    expected = bill(tariff, whole, period, contract_kw)
    so_far = bill(tariff, usage, period, contract_kw)
    return Outlook(so_far, expected, whole, foreseen, missing, tier, following, basis)


def expected_kwh(tariff: Tariff, usage: Usage, period: Period) -> Decimal:
    """What will be drawn in a period that runs: what was, and what is usual after it."""
    end = midnight(period.end, tariff.place)
    missing = hours_between(usage.end, end)
    whole = usage.followed_by(Usage(usage.end, usual(usage, usage.end, max(0, missing))))
    return Decimal(whole.within(period, tariff.place).total) / WH


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
    return whole.moment(int(max(above[0], len(drawn.wh)))) if len(above) else None


def _days(hours: int) -> str:
    return f"{hours / 24:.1f}".removesuffix(".0")


def month_of(usage: Usage, tariff: Tariff) -> Period:
    """The calendar month of the last hour read. Raises NothingReadError for no hours."""
    if not len(usage.wh):
        raise NothingReadError("nothing was read yet")
    last: date = usage.moment(len(usage.wh) - 1).astimezone(tariff.place).date()
    return Period.month(last.year, last.month)
