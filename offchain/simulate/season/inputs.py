"""A season from bundled profiles or a file of readings: who uses, makes, stores and drives what, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from offchain.advice.bill import CONTRACT_KW
from offchain.advice.marginal import further_kwh
from offchain.advice.tariff import Tariff
from offchain.advice.tariff import load as load_tariff
from offchain.advice.usage import later
from offchain.errors import UserError
from offchain.metering.profiles import DAYS, weekly_consumption
from offchain.metering.solar import clear_yield
from offchain.ppdl.learning.readings import PRESENT, Readings, read_csv
from offchain.simulate.market_day import KOREA, Assumptions
from offchain.simulate.past_weeks import DULLEST
from offchain.simulate.season.season import Battery, Car, Home, Line, Microgrid, Season

HOURS = 24
DAYS_BEFORE = 42
"""From which a forecast is learned."""
MOST_HOMES, MOST_DAYS, MOST_MICROGRIDS = 2_000, 366, 20
MOST_LINE_KW = 4_000
"""An hour of it is within the largest class of caps, by which a line's operator trades."""
FIRST, LAST = date(2000, 1, 1), date(2106, 1, 1)
"""Between which a season lies: exchanges count seconds in 32 bits, which end in February 2106."""

ROOFS_KW = (3.0, 3.0, 6.0)
"""Korea's subsidy for homes is for up to 3 kW (Korea Energy Agency); some have more."""
FACING = (180.0, 180.0, 135.0, 225.0)
"""Degrees from north: south, south-east, south-west."""
BATTERY = Battery(9_300, 5_000)
"""As LG's RESU10H: 9.3 kWh usable, 5 kW."""
CAR_WH, CHARGER_W = 77_400, 3_200
"""As a Hyundai Ioniq 5, on a portable charger at a socket."""
KM_A_DAY, KM_PER_KWH = 35.8, 5.2
"""Private cars in Korea (Korea Transportation Safety Authority, 2014), and the Ioniq 5's certified consumption."""
VILLAGE, TOWN = 1.5, 0.5
"""Of the share of homes that has a roof: microgrids are villages and towns in turn."""


class InputError(UserError):
    """Says in one line what a season can't be made of."""


@dataclass(frozen=True)
class Choices:
    """What an analyst chooses. Without `homes`, all of a file or `BUNDLED_HOMES`; `since` is the first day taken from a
    file, without it the stretch of the same weekdays that most homes have. Shares are of homes; `kinds` says how many
    homes behave otherwise than honestly. `feed_in` is in won a kWh, powers in kW."""

    homes: int | None = None
    days: int = 30
    start: date = date(2026, 6, 1)
    microgrids: int = 2
    seed: int = 1
    data: Path | None = None
    since: date | None = None
    roofs: float = 0.4
    batteries: float = 0.2
    cars: float = 0.2
    kinds: Mapping[str, int] = field(default_factory=dict)
    tariff: str = "kepco_jeju_time_of_use"
    feed_in: float = Assumptions.feed_in_price
    line_kw: float = 8.0
    feeder_kw_per_home: float = 1.2


BUNDLED_HOMES = 55


@dataclass(frozen=True)
class Inputs:
    """A season and where it is from: `source` in words, `filled` the share of hours that no reading was there for, and
    a hash of what the homes use and make. `used_before` and `made_before` are Wh of as many of the
    `DAYS_BEFORE` days before it as are known, shape (hours, homes)."""

    season: Season
    choices: Choices
    source: str
    filled: float
    digest: str
    used_before: NDArray[np.int64]
    made_before: NDArray[np.int64]


def season_of(choices: Choices) -> Inputs:
    """The same for the same choices. Raises InputError, DataError, AdviceError."""
    _check(choices)
    kwh, source, filled = _made_up(choices) if choices.data is None else _read(choices)
    hours, homes = choices.days * HOURS, kwh.shape[1]
    before = len(kwh) - hours
    for kind, number in choices.kinds.items():
        if number < 0:
            raise InputError(f"{number} homes can't be {kind}")
    if sum(choices.kinds.values()) > homes:
        raise InputError(f"{sum(choices.kinds.values())} homes of other kinds are more than the {homes} there are")
    if homes < choices.microgrids:
        raise InputError(f"{choices.microgrids} microgrids need a home each, there are {homes}")
    random = np.random.default_rng(choices.seed)
    start = datetime(choices.start.year, choices.start.month, choices.start.day, tzinfo=KOREA)
    used = np.rint(kwh[before:] * 1000).astype(np.int64)
    settled = _settle(choices, used, start, random)
    made_before, made = np.split(_made(choices, settled, before // HOURS, random), [before])
    tariff = _tariff(choices, start, used)
    season = Season(
        start,
        settled,
        _microgrids(choices, settled),
        [Line((end, end + 1), round(choices.line_kw * 1000)) for end in range(choices.microgrids - 1)],
        used,
        made,
        tariff,
        np.full(hours, choices.feed_in),
        choices.seed,
    )
    digest = sha256(used.tobytes() + made.tobytes()).hexdigest()
    used_before = np.rint(kwh[:before] * 1000).astype(np.int64)
    return Inputs(season, choices, source, filled, digest, used_before, made_before)


def _check(choices: Choices) -> None:
    for what, value, least, most in (
        ("homes", choices.homes, 2, MOST_HOMES),
        ("days", choices.days, 1, MOST_DAYS),
        ("microgrids", choices.microgrids, 1, MOST_MICROGRIDS),
        ("seed", choices.seed, 0, 2**32 - 1),
        ("share of homes with a roof", choices.roofs, 0, 1),
        ("share of homes with a battery", choices.batteries, 0, 1),
        ("share of homes with a car", choices.cars, 0, 1),
        ("feed-in price", choices.feed_in, 0, 10_000),
        ("power of a line in kW", choices.line_kw, 0, MOST_LINE_KW),
        ("power of a transformer in kW a home", choices.feeder_kw_per_home, 0.1, 100),
    ):
        if value is not None and not least <= value <= most:
            raise InputError(f"{what}: {value:g} is not from {least:,} to {most:,}")
    if not FIRST <= choices.start <= LAST - timedelta(days=choices.days):
        raise InputError(f"a season lies between {FIRST} and {LAST}, not {choices.days} days from {choices.start} on")
    if choices.since is not None and choices.data is None:
        raise InputError("a first day is taken from a file: name one")


def _made_up(choices: Choices) -> tuple[NDArray[np.float64], str, float]:
    """kWh of made-up homes, shape (hours, homes), with the weekdays of the season, and before it."""
    weekday = choices.start.weekday()  # made-up weeks begin on a Monday
    weeks = ceil((weekday + choices.days + DAYS_BEFORE) / DAYS)
    kwh = weekly_consumption(np.random.default_rng(choices.seed), choices.homes or BUNDLED_HOMES, weeks)
    return kwh[weekday * HOURS : (weekday + DAYS_BEFORE + choices.days) * HOURS], "bundled profiles", 0.0


def _read(choices: Choices) -> tuple[NDArray[np.float64], str, float]:
    """kWh of a file's homes that have enough readings in the stretch that is taken, gaps filled, and before it."""
    if choices.data is None:
        raise InputError("there is no file of readings")
    readings, hours = read_csv(choices.data), choices.days * HOURS
    name = choices.data.name
    first = _stretch(readings, choices, name)
    there = ~np.isnan(readings.kwh[first : first + hours])
    enough = np.flatnonzero(there.mean(axis=0) >= PRESENT)[: choices.homes or MOST_HOMES]
    if len(enough) < (choices.homes or 2):
        since = f"{choices.days} days from {readings.hours[first]:%Y-%m-%d} on"
        raise InputError(f"{name}: {len(enough)} homes have enough readings in {since}")
    begin = first - min(first // HOURS, DAYS_BEFORE) * HOURS
    whole = filled_up(readings.kwh[:, enough])[begin : first + hours]
    gaps = 1 - float(there[:, enough].mean())
    return whole, f"{name}, {len(enough)} homes from {readings.hours[first]:%Y-%m-%d} on", gaps


def _stretch(readings: Readings, choices: Choices, name: str) -> int:
    """The row of the first hour that is taken: of the day that was chosen, or of the first of those with the weekdays
    of the season that most homes have readings for."""
    hours = choices.days * HOURS
    midnights = [row for row in range(min(HOURS, len(readings.hours))) if readings.hours[row].hour == 0]
    starts = np.arange(midnights[0] if midnights else 0, len(readings.kwh) - hours + 1, HOURS)
    if choices.since is not None:
        starts = starts[[readings.hours[row].date() == choices.since for row in starts]]
        if not len(starts):
            raise InputError(f"{name} has no {choices.days} days from {choices.since} on")
        return int(starts[0])
    starts = starts[[readings.hours[row].weekday() == choices.start.weekday() for row in starts]]
    if not len(starts):
        raise InputError(f"{name} has no {choices.days} days with the weekdays from {choices.start} on")
    there = np.vstack([np.zeros(readings.kwh.shape[1]), np.cumsum(~np.isnan(readings.kwh), axis=0)])
    share = (there[starts + hours] - there[starts]) / hours
    return int(starts[int((share >= PRESENT).sum(axis=1).argmax())])


def filled_up(kwh: NDArray[np.float64]) -> NDArray[np.float64]:
    """With a missing hour as a week before; as the next week that is known where none is before; 0 where none is."""
    week = DAYS * HOURS
    whole = kwh.copy()
    for rows in (range(week, len(whole)), range(len(whole) - week - 1, -1, -1)):
        step = -week if rows.step > 0 else week
        for row in rows:
            whole[row] = np.where(np.isnan(whole[row]), whole[row + step], whole[row])
    return np.nan_to_num(whole)


def _settle(choices: Choices, used: NDArray[np.int64], start: datetime, random: np.random.Generator) -> list[Home]:
    """Homes of the microgrids in turn, with what they have. What a meter counts in an hour is bounded by the home's
    connection: the contracted 3 kW or what it was seen to draw, and the charger; or what its roof or battery gives."""
    homes = used.shape[1]
    places = np.arange(homes) % choices.microgrids
    often = np.where(places % 2 == 0, VILLAGE, TOWN) if choices.microgrids > 1 else np.ones(homes)
    roofs = random.random(homes) < np.clip(choices.roofs * often, 0, 1)
    sizes = random.choice(ROOFS_KW, homes)
    batteries, cars = random.random(homes) < choices.batteries, random.random(homes) < choices.cars
    kinds = np.array(["honest"] * homes, dtype=object)
    others = [kind for kind, number in choices.kinds.items() for _ in range(number)]
    kinds[random.permutation(homes)[: len(others)]] = others
    settled = []
    for number in range(homes):
        car = _car(start, len(used), random) if cars[number] else None
        contract = max(int(CONTRACT_KW) * 1000, ceil(used[:, number].max() / 1000) * 1000)
        pv_kw = float(sizes[number]) if roofs[number] else 0.0
        settled.append(
            Home(
                f"home-{number + 1:02}",
                int(places[number]),
                pv_kw,
                max(contract + (CHARGER_W if car else 0), round(pv_kw * 1000)),
                str(kinds[number]),
                BATTERY if batteries[number] else None,
                car,
            )
        )
    return settled


def _car(start: datetime, hours: int, random: np.random.Generator) -> Car:
    """Away on working days from the morning on, on some days of a weekend for a few hours; what a day's way takes is
    used when it leaves and when it comes back."""
    parked, driven = np.ones(hours, np.bool_), np.zeros(hours, np.int64)
    leaves, returns = random.integers(7, 10), random.integers(17, 21)
    habit = KM_A_DAY * random.uniform(0.5, 1.5)
    for day in range(hours // HOURS):
        away = (leaves, returns)
        if (start + timedelta(days=day)).weekday() >= 5:
            noon = int(random.integers(10, 15))
            away = (noon, noon + int(random.integers(1, 5)))
        wh = round(habit * random.uniform(0.6, 1.4) / KM_PER_KWH * 1000)
        first, last = (day * HOURS + hour for hour in away)
        parked[first:last] = False
        driven[first] += wh // 2
        driven[last - 1] += wh - wh // 2
    return Car(CAR_WH, CHARGER_W, parked, driven)


def _made(choices: Choices, homes: list[Home], before: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Wh from the roofs, shape (hours, homes), from so many days before: of a clear day on Jeju what a day's clouds,
    the same for all, leave."""
    start, days = choices.start - timedelta(days=before), before + choices.days
    clear = {azimuth: clear_yield(start, days, azimuth) for azimuth in sorted(set(FACING))}
    clouds = random.uniform(DULLEST, 1, days)
    clouds = np.repeat(np.roll(clouds, before), HOURS)  # those of the season don't depend on what is known before it
    facing = random.choice(FACING, len(homes))
    columns = [clear[float(towards)] * home.pv_kw for home, towards in zip(homes, facing, strict=True)]
    made: NDArray[np.int64] = np.rint(np.column_stack(columns) * clouds[:, None] * 1000).astype(np.int64)
    return made


def _tariff(choices: Choices, start: datetime, used: NDArray[np.int64]) -> NDArray[np.float64]:
    """What a kWh more costs in each hour, with charges and taxes; under tiers, that of the mean home's month."""
    tariff: Tariff = load_tariff(choices.tariff)
    month = Fraction(int(used.sum()), 1000 * used.shape[1]) * 30 * HOURS / len(used)
    clocks = [later(start, hour).astimezone(tariff.place) for hour in range(len(used))]
    prices = further_kwh(tariff, clocks, month)
    if (prices < choices.feed_in).any():
        raise InputError(f"the feed-in price, {choices.feed_in:g}, is above the tariff, {prices.min():.1f}")
    return prices


def _microgrids(choices: Choices, homes: list[Home]) -> list[Microgrid]:
    """With a transformer for their homes."""
    numbers = np.bincount([home.microgrid for home in homes])
    return [
        Microgrid(f"MG{place + 1}", round(int(number) * choices.feeder_kw_per_home * 1000))
        for place, number in enumerate(numbers)
    ]
