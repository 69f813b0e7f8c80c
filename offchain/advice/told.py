"""What a number was computed from, in phrases: each is told in English here, and has a code and values for who tells
it in another language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PHRASES: Mapping[str, str] = {
    "base_of_tier": "{amount} for tier {tier} of {tiers} ({season})",
    "base_of_power": "{kw} kW at {price} ({season})",
    "bills": "bill {without} without, {with} with trades",
    "days_read": "{days} days read",
    "days_usual": "{days} days as the same hours of the last weeks",
    "energy": "{kwh} kWh at {price}",
    "energy_of_band": "{kwh} kWh {band} at {price}",
    "ether": "an ETH at {price}",
    "exported_usual": "exported as the same hours of the last weeks",
    "fading": "{share} % less each year",
    "feed_in": "feed-in {price} a kWh",
    "forecast_band": "band: errors of the same hour of the day in the last {days} days",
    "hours_foreseen": "{hours} hours by the forecast",
    "hours_priced": "{hours} hours with a price of the exchange",
    "hours_sent": "{hours} hours sent",
    "hours_usual": "{hours} as the same hours of the last weeks",
    "imported_by_model": "imported {hours} hours by model {model}",
    "imported_usual": "imported as the same hours of the last weeks",
    "losses": "losses {share} %",
    "market_usual": "the market's by hour of the day, of {days} days",
    "panels": "{kw} kW at {tilt} degrees to {azimuth}",
    "panels_cost": "cost {price}",
    "panels_sold": "{kwh} kWh sold at {price}",
    "panels_used": "{kwh} kWh used at once",
    "prices": "prices of {tariff}",
    "share": "{share} % of {amount}",
    "surplus_none": "no surplus: nothing was read in the last weeks",
    "surplus_usual": "surplus as the same hours of the last weeks",
    "tier": "tier {tier} of {tiers}",
    "traded": "{bought} kWh bought, {sold} kWh sold at each hour's price",
    "typical_year": "typical year of {place}: {kwh} kWh a level square metre",
    "year_until": "in 12 months until {day} under {tariff}",
}
"""By code, in English."""


@dataclass(frozen=True)
class Phrase:
    """A phrase of `PHRASES` with its values as they are shown; `joint` stands between it and the one before."""

    code: str
    values: Mapping[str, str]
    joint: str = ""

    def __str__(self) -> str:
        return self.joint + PHRASES[self.code].format_map(self.values)


@dataclass(frozen=True)
class Told:
    """Phrases in their order; as text they are an English line."""

    phrases: tuple[Phrase, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.phrases))

    def then(self, other: Told, joint: str = "; ") -> Told:
        """Followed by another one."""
        return joined((self, other), joint)


def told(code: str, **values: object) -> Told:
    """One phrase."""
    return Told((Phrase(code, {name: str(value) for name, value in values.items()}),))


def joined(parts: Iterable[Told], joint: str = "; ") -> Told:
    """One after the other."""
    phrases: list[Phrase] = []
    for part in parts:
        for place, phrase in enumerate(part.phrases):
            between = joint if phrases and not place else phrase.joint
            phrases.append(Phrase(phrase.code, phrase.values, between))
    return Told(tuple(phrases))
