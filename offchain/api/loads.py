"""The cheapest hours for a load that can wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from http import HTTPStatus
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from offchain.advice.habit import DAY, Floats, usual
from offchain.advice.intervals import HOUR, beginning
from offchain.advice.load import Placed, Prices, charge, run_through
from offchain.advice.marginal import further_kwh, season_of
from offchain.advice.metered import Metered
from offchain.advice.outlook import expected_kwh
from offchain.advice.tariff import Tariff
from offchain.advice.told import Told, told
from offchain.advice.usage import NothingReadError, Period, later
from offchain.api.advised import (
    USUAL_TARIFF,
    Basis,
    EthPrice,
    FeedIn,
    MarketUsed,
    TariffName,
    TariffShown,
    Text,
    library,
)
from offchain.api.costs import OWN_ERRORS
from offchain.api.followed import now
from offchain.api.home import PAST, Home, Market
from offchain.api.own import Reader
from offchain.api.problem import Problem
from offchain.api.source import Time

WEEK = 7
LONGEST_WAIT = 48

Energy = Annotated[int, Query(ge=1, le=1_000_000, description="What the load takes.", examples=[900])]
Running = Annotated[
    int | None, Query(ge=1, le=24, description="It runs so many hours without a break: 1 if not given.", examples=[2])
]
Most = Annotated[
    int | None, Query(ge=1, le=1_000_000, description="It takes any hours, at most so much in one.", examples=[3000])
]
Within = Annotated[int, Query(ge=1, le=LONGEST_WAIT, description="Hours until it must be done.", examples=[24])]


class ChosenHour(BaseModel):
    """An hour in which the load takes so much."""

    start: Time
    wh: int = Field(examples=[900])


class PricedHour(BaseModel):
    """What a further kWh costs in an hour, and what it was computed from. Of the market null: no trade at that hour."""

    start: Time
    tariff: float = Field(examples=[151.0])
    market: float | None = Field(examples=[139.2])
    surplus_wh: int = Field(description="Own, as foreseen.", examples=[0])
    price: float = Field(description="The cheaper one.", examples=[139.2])


class CheapestHours(BaseModel):
    """The hours to take; `saved` is against beginning at once, which costs `now`."""

    chosen: list[ChosenHour]
    cost: float = Field(examples=[101.3])
    now: float = Field(examples=[148.6])
    saved: float = Field(examples=[47.3])
    tariff: TariffShown
    market: MarketUsed | None
    hours: list[PricedHour]
    basis: Basis | Text


@dataclass(frozen=True)
class Ahead:
    """The hours ahead: prices by tariff and market (NaN: unknown), and own surplus."""

    start: datetime
    tariff: Floats
    market: Floats
    prices: Prices

    @classmethod
    def of(cls, start: datetime, tariff: Floats, market: Floats, feed_in: float, surplus: Metered | None) -> Ahead:
        """The cheaper one of tariff and market to buy, the better one of grid and market to sell."""
        count = len(tariff)
        own = np.zeros(count, np.int64) if surplus is None else usual(surplus.given, start, count)
        sell = np.fmax(market, feed_in)
        return cls(start, tariff, market, Prices(start, np.fmin(tariff, market), sell, own))

    def shown(self) -> list[PricedHour]:
        """As the API shows them."""
        return [
            PricedHour(
                start=int(later(self.start, hour).timestamp()),
                tariff=float(self.tariff[hour]),
                market=None if np.isnan(self.market[hour]) else float(self.market[hour]),
                surplus_wh=int(self.prices.surplus[hour]),
                price=float(self.prices.buy[hour]),
            )
            for hour in range(len(self.tariff))
        ]


def routes() -> APIRouter:
    """The route on loads that can wait."""
    router = APIRouter(prefix="/v1/me", tags=["advice"])

    @router.get("/hours", summary="The cheapest hours for a load that can wait", responses=OWN_ERRORS)
    def hours(
        http: Request,
        key: Reader,
        energy_wh: Energy,
        hours: Running = None,
        most_wh: Most = None,
        within_hours: Within = 24,
        tariff: TariffName = USUAL_TARIFF,
        eth_price: EthPrice = None,
        feed_in: FeedIn = 0,
    ) -> CheapestHours:
        if hours is not None and most_wh is not None:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "give hours or most_wh: it runs through, or it doesn't")
        home, known = Home.of(http, key), library(http).tariff(tariff)
        start = datetime.fromtimestamp(_next_hour(known.content, now(http)), known.content.place)
        read, market = _past(home, start, known.content), home.market(eth_price)
        by_tariff, prices = _by_tariff(known.content, read, start, within_hours)
        ahead = Ahead.of(start, by_tariff, _by_market(market, start, within_hours), feed_in, read)
        until = later(start, within_hours)
        if most_wh is None:
            placed = run_through(ahead.prices, _evenly(energy_wh, hours or 1), until)
        else:
            placed = charge(ahead.prices, energy_wh, most_wh, until)
        return CheapestHours(
            chosen=_chosen(placed),
            cost=placed.cost,
            now=placed.now,
            saved=placed.now - placed.cost,
            tariff=TariffShown.of(known, Period.month(start.year, start.month)),
            market=None if market is None else market.shown,
            hours=ahead.shown(),
            basis=_basis(read, prices, market),
        )

    return router


def _next_hour(tariff: Tariff, moment: int) -> int:
    return beginning(moment, tariff.place) + HOUR


def _past(home: Home, start: datetime, tariff: Tariff) -> Metered | None:
    """The last weeks, None if nothing was read in them."""
    until = int(start.timestamp())
    try:
        return home.read(until - PAST, until, tariff.place)
    except NothingReadError:
        return None


def _by_tariff(tariff: Tariff, read: Metered | None, start: datetime, count: int) -> tuple[Floats, Told]:
    """What a kWh more costs in each hour, and which prices and tier it was taken from."""
    period = Period.month(start.year, start.month)
    kwh = Decimal(0) if read is None else expected_kwh(tariff, read.drawn, period)
    season = season_of(tariff, start)
    clocks = [later(start, hour) for hour in range(count)]
    prices = told("prices", tariff=tariff.name, korean=tariff.korean or tariff.name)
    if season.tiers:
        tier = told("tier", tier=season.reached(Fraction(kwh)) + 1, tiers=len(season.tiers))
        prices = prices.then(tier, ", ")
    return further_kwh(tariff, clocks, Fraction(kwh)), prices


def _by_market(market: Market | None, start: datetime, count: int) -> Floats:
    """The mean of the same hour of the day in the last week; NaN where there was none."""
    if market is None:
        return np.full(count, np.nan)
    past = market.hourly(later(start, -WEEK * DAY), WEEK * DAY).reshape(WEEK, DAY)
    known = (~np.isnan(past)).sum(axis=0)
    of_day = np.divide(np.nansum(past, axis=0), known, out=np.full(DAY, np.nan), where=known > 0)
    found: Floats = of_day[np.arange(count) % DAY]
    return found


def _evenly(wh: int, hours: int) -> list[int]:
    whole, rest = divmod(wh, hours)
    return [whole + (step < rest) for step in range(hours)]


def _chosen(placed: Placed) -> list[ChosenHour]:
    pairs = zip(placed.hours, placed.wh, strict=True)
    return [ChosenHour(start=int(at.timestamp()), wh=wh) for at, wh in pairs]


def _basis(read: Metered | None, prices: Told, market: Market | None) -> Basis | Text:
    line = prices if market is None else prices.then(told("market_usual", days=WEEK))
    if read is None:
        return Text.of(line.then(told("surplus_none")))
    return Basis.of(read, line.then(told("surplus_usual")))
