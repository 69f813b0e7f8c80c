"""Tariffs as dated data: what a kWh costs, by tier or by hour of the day, from which day on."""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from offchain.advice.errors import AdviceError

BUNDLED = Path(__file__).parent / "tariffs"
HOURS = 24
WHOLE = Fraction(1)


class TariffError(AdviceError):
    """Says in one line what is wrong with a tariff, or what it doesn't say."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds from a day on, until the next entry's day."""

    since: date = msgspec.field(name="from")


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a month's use, what is above so many kWh costs `energy` a kWh; who gets there pays `base` for the month."""

    above: Decimal
    base: Decimal
    energy: Decimal


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hours of the day, from one until before another, perhaps over midnight."""

    name: str
    start: int = msgspec.field(name="from")
    end: int = msgspec.field(name="to")
    energy: Decimal

    def hours(self) -> list[int]:
        """Its hours, 0 to 23."""
        length = (self.end - self.start) % HOURS or HOURS
        return [(self.start + step) % HOURS for step in range(length)]


class Season(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Months that are charged alike: by tiers or by bands."""

    name: str
    months: list[int]
    tiers: list[Tier] = []
    bands: list[Band] = []

    def reached(self, kwh: Fraction, share: Fraction = WHOLE) -> int:
        """The place of the tier that so many kWh get to in a share of a month."""
        return max(place for place, tier in enumerate(self.tiers) if place == 0 or kwh > Fraction(tier.above) * share)

    def prices(self) -> list[Decimal]:
        """What a kWh costs in each hour of the day. Raises TariffError if that depends on the month's use."""
        if self.tiers:
            raise TariffError(f"what a kWh costs in season {self.name} depends on the month's use, not on the hour")
        found = [Decimal(0)] * HOURS
        for band in self.bands:
            for hour in band.hours():
                found[hour] = band.energy
        return found


class Rates(Entry, frozen=True, forbid_unknown_fields=True):
    """Seasons, and what a kW of contracted power costs a month."""

    seasons: list[Season]
    base_per_kw: Decimal = Decimal(0)

    def season(self, month: int) -> Season:
        """That of a month, 1 to 12."""
        return next(season for season in self.seasons if month in season.months)


class PerKwh(Entry, frozen=True, forbid_unknown_fields=True):
    """A charge on every kWh; it can be negative."""

    energy: Decimal


class Share(Entry, frozen=True, forbid_unknown_fields=True):
    """A share of a bill."""

    share: Decimal


class Rounding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To multiples of what amounts are brought: items, fund and total are cut, VAT is rounded half up."""

    items: Decimal = Decimal("0.01")
    vat: Decimal = Decimal("0.01")
    fund: Decimal = Decimal("0.01")
    total: Decimal = Decimal("0.01")


class Tariff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Amounts are in units of `currency`. `climate` and `fuel` are on every kWh, `fund` and `vat` on the sum."""

    name: str
    zone: str
    currency: str
    vat: Decimal
    rates: list[Rates]
    korean: str | None = None
    rounding: Rounding = Rounding()
    climate: list[PerKwh] = []
    fuel: list[PerKwh] = []
    fund: list[Share] = []

    @property
    def place(self) -> ZoneInfo:
        """The time zone whose days and hours count."""
        return ZoneInfo(self.zone)

    @property
    def first_day(self) -> date:
        """The first that it says something of."""
        return self.rates[0].since

    def rates_on(self, day: date) -> Rates:
        """Raises TariffError if the day is before the first that it knows."""
        found = on(self.rates, day)
        if found is None:
            raise TariffError(f"{self.name} is known from {self.first_day} on, not for {day}")
        return found

    def per_kwh(self, day: date) -> tuple[Decimal, Decimal]:
        """Climate and fuel charge of a day."""
        climate, fuel = (on(entries, day) for entries in (self.climate, self.fuel))
        return (climate.energy if climate else Decimal(0)), (fuel.energy if fuel else Decimal(0))

    def fund_share(self, day: date) -> Decimal:
        """The fund's share of a day."""
        found = on(self.fund, day)
        return found.share if found else Decimal(0)


class _Since(Protocol):
    @property
    def since(self) -> date: ...


Dated = TypeVar("Dated", bound=_Since)


def on(entries: Sequence[Dated], day: date) -> Dated | None:
    """The entry that holds on a day, None if it is before the first."""
    place = bisect_right([entry.since for entry in entries], day)
    return entries[place - 1] if place else None


def bundled() -> list[str]:
    """Names of the tariffs that come along."""
    return sorted(path.stem for path in BUNDLED.glob("*.toml"))


def load(name: str) -> Tariff:
    """A tariff that comes along, by its name, or one in a file. Raises TariffError for what is neither."""
    path = BUNDLED / f"{name}.toml"
    if name not in bundled():
        path = Path(name)
        if not path.is_file():
            raise TariffError(f"there is no tariff {name}: name a file or one of {', '.join(bundled())}")
    return read(path)


def read(path: Path) -> Tariff:
    """The tariff in a file. Raises TariffError for what is none."""
    try:
        document = tomllib.loads(path.read_text(), parse_float=Decimal)
        tariff = msgspec.convert(document, Tariff)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise TariffError(f"{path} is no tariff: {error}") from error
    _check(path, tariff)
    return tariff


def _check(path: Path, tariff: Tariff) -> None:
    for why in _faults(tariff):
        raise TariffError(f"{path} is no tariff: {why}")


def _faults(tariff: Tariff) -> list[str]:
    faults = []
    try:
        ZoneInfo(tariff.zone)
    except (ZoneInfoNotFoundError, ValueError):
        faults.append(f"there is no time zone {tariff.zone}")
    if not tariff.rates:
        faults.append("it has no rates")
    for name in ("rates", "climate", "fuel", "fund"):
        days = [entry.since for entry in getattr(tariff, name)]
        if days != sorted(set(days)):
            faults.append(f"the days of its {name} don't ascend")
    if not all(0 <= share < 1 for share in (tariff.vat, *(entry.share for entry in tariff.fund))):
        faults.append("a share is not between 0 and 1")
    if not all(getattr(tariff.rounding, name) > 0 for name in tariff.rounding.__struct_fields__):
        faults.append("amounts are rounded to something above 0")
    for rates in tariff.rates:
        faults += [f"rates of {rates.since}: {why}" for why in _faults_of(rates)]
    return faults


def _faults_of(rates: Rates) -> list[str]:
    faults = []
    if sorted(month for season in rates.seasons for month in season.months) != list(range(1, 13)):
        faults.append("the seasons don't have every month once")
    for season in rates.seasons:
        limits = [tier.above for tier in season.tiers]
        hours = sorted(hour for band in season.bands for hour in band.hours())
        if bool(limits) == bool(hours):
            faults.append(f"season {season.name} needs either tiers or bands")
        if limits and (limits[0] != 0 or limits != sorted(set(limits))):
            faults.append(f"the tiers of season {season.name} don't ascend from 0")
        if hours and hours != list(range(HOURS)):
            faults.append(f"the bands of season {season.name} don't have every hour once")
    return faults
