"""What a home pays for a period under a tariff, line by line, each with what it was computed from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from offchain.advice.tariff import Rates, Season, Tariff
from offchain.advice.told import Told, joined, told
from offchain.advice.usage import WH, Period, Usage

CONTRACT_KW = Decimal(3)
"""What a home in Korea has if nothing else was agreed."""


@dataclass(frozen=True)
class Line:
    """An amount, and what it was computed from."""

    name: str
    amount: Decimal
    basis: Told


@dataclass(frozen=True)
class Bill:
    """`lines` are the items before tax; the total is what is to be paid."""

    tariff: str
    currency: str
    period: Period
    kwh: Decimal
    lines: tuple[Line, ...]
    vat: Line
    fund: Line
    total: Decimal

    @property
    def net(self) -> Decimal:
        """The sum of the lines."""
        return sum((line.amount for line in self.lines), Decimal(0))


@dataclass(frozen=True)
class Part:
    """Days of a period in which the same rates, season and charges hold, and what was drawn in them."""

    period: Period
    share: Fraction
    rates: Rates
    season: Season
    kwh: Fraction
    usage: Usage


Charged = tuple[Fraction, Told]
"""An exact amount, and what it was computed from."""


def bill(tariff: Tariff, usage: Usage, period: Period, contract_kw: Decimal = CONTRACT_KW) -> Bill:
    """The bill of a period. Where rates or seasons change within it, tiers, base and use are divided by days, as
    utilities do; use by hour of the day is taken as it was read. Raises TariffError for days that the tariff doesn't
    know."""
    drawn = usage.within(period, tariff.place)
    parts = list(_parts(tariff, drawn, period))
    charged = [_by_tier(part) if part.season.tiers else _by_band(tariff, part, contract_kw) for part in parts]
    items = {"base": [base for base, _ in charged], "energy": [energy for _, energy in charged]}
    for place, name in enumerate(("climate", "fuel")):
        items[name] = [_of(part.kwh, tariff.per_kwh(part.period.start)[place]) for part in parts]
    lines = tuple(_line(name, found, tariff.rounding.items) for name, found in items.items())
    return _taxed(tariff, drawn, period, lines, _fund_share(tariff, parts))


def _line(name: str, charged: list[Charged], unit: Decimal) -> Line:
    amount, basis = _sum(charged, "; ")
    return Line(name, cut(amount, unit), basis)


def _taxed(tariff: Tariff, drawn: Usage, period: Period, lines: tuple[Line, ...], fund_share: Fraction) -> Bill:
    net = sum((line.amount for line in lines), Decimal(0))
    vat = Line("vat", rounded(Fraction(net * tariff.vat), tariff.rounding.vat), _share(tariff.vat, net))
    fund = Line("fund", cut(Fraction(net) * fund_share, tariff.rounding.fund), _share(fund_share, net))
    total = cut(Fraction(net + vat.amount + fund.amount), tariff.rounding.total)
    return Bill(tariff.name, tariff.currency, period, Decimal(drawn.total) / WH, lines, vat, fund, total)


def _share(share: Decimal | Fraction, net: Decimal) -> Told:
    return told("share", share=shown(share * 100), amount=shown(net))


def _fund_share(tariff: Tariff, parts: list[Part]) -> Fraction:
    return sum((Fraction(tariff.fund_share(part.period.start)) * part.share for part in parts), Fraction(0))


def _parts(tariff: Tariff, drawn: Usage, period: Period) -> Iterator[Part]:
    """In order; of a tiered part the use is its share by days of the whole."""
    days = period.days
    for _, run in groupby(days, lambda day: _what_holds(tariff, day)):
        held = list(run)
        within = Period(held[0], held[-1] + timedelta(days=1))
        rates = tariff.rates_on(within.start)
        season, share = rates.season(within.start.month), Fraction(len(held), len(days))
        usage = drawn.within(within, tariff.place)
        kwh = (drawn.total * share if season.tiers else Fraction(usage.total)) / WH
        yield Part(within, share, rates, season, kwh, usage)


def _what_holds(tariff: Tariff, day: date) -> tuple[object, ...]:
    rates = tariff.rates_on(day)
    return rates.since, rates.season(day.month).name, tariff.per_kwh(day), tariff.fund_share(day)


def _of(kwh: Fraction, price: Decimal, band: str | None = None) -> Charged:
    values = {"kwh": shown(kwh), "price": shown(price)}
    basis = told("energy", **values) if band is None else told("energy_of_band", band=band, **values)
    return kwh * Fraction(price), basis


def _by_tier(part: Part) -> tuple[Charged, Charged]:
    tiers = part.season.tiers
    limits = [Fraction(tier.above) * part.share for tier in tiers]
    reached = part.season.reached(part.kwh, part.share)
    ends = [*limits[1 : reached + 1], part.kwh]
    charged = [_of(end - limits[place], tiers[place].energy) for place, end in enumerate(ends)]
    base = Fraction(tiers[reached].base) * part.share
    basis = told("base_of_tier", amount=shown(base), tier=reached + 1, tiers=len(tiers), season=part.season.name)
    return (base, basis), _sum(charged)


def _by_band(tariff: Tariff, part: Part, contract_kw: Decimal) -> tuple[Charged, Charged]:
    by_hour = part.usage.by_hour(tariff.place)
    charged = [
        _of(Fraction(int(by_hour[band.hours()].sum()), WH), band.energy, band.name) for band in part.season.bands
    ]
    base = Fraction(part.rates.base_per_kw * contract_kw) * part.share
    price = shown(part.rates.base_per_kw)
    basis = told("base_of_power", kw=shown(contract_kw), price=price, season=part.season.name)
    return (base, basis), _sum(charged)


def _sum(charged: list[Charged], between: str = " + ") -> Charged:
    return sum((amount for amount, _ in charged), Fraction(0)), joined((basis for _, basis in charged), between)


def cut(amount: Fraction, unit: Decimal) -> Decimal:
    """To a multiple of a unit, towards zero."""
    return int(amount / Fraction(unit)) * unit


def rounded(amount: Fraction, unit: Decimal) -> Decimal:
    """To the nearest multiple of a unit, half away from zero."""
    half = Fraction(1, 2) if amount >= 0 else Fraction(-1, 2)
    return int(amount / Fraction(unit) + half) * unit


def shown(number: Decimal | Fraction) -> str:
    """A number as people read it, to a thousandth."""
    return f"{float(number):,.3f}".rstrip("0").rstrip(".")
