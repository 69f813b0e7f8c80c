"""What the market would have made of a home's month."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from offchain.advice import trade
from offchain.advice.best import best
from offchain.advice.bill import shown
from offchain.advice.habit import Floats, Integers
from offchain.advice.told import Told, joined, told
from offchain.advice.trade import Trades, Worth, worth
from offchain.advice.usage import WH, Usage
from offchain.api.advised import (
    Basis,
    MarketUsed,
    Month,
    PhraseShown,
    TariffShown,
    TradedMonthAsked,
    library,
    month_shown,
    phrases_of,
)
from offchain.api.costs import OWN_ERRORS
from offchain.api.home import Home
from offchain.api.own import Reader
from offchain.api.source import Time

MOST_HOURS = 10


class Made(BaseModel):
    """Trades at each hour's price: `made` is how much better off the home had been than with the tariff alone, `bill`
    what it had then paid to the grid."""

    bought_kwh: float = Field(examples=[0.0])
    sold_kwh: float = Field(examples=[41.3])
    paid: float = Field(examples=[0.0])
    earned: float = Field(examples=[5740.2])
    bill: float = Field(examples=[28840.0])
    made: float = Field(examples=[5740.2])
    basis: str = Field(examples=["0 kWh bought, 41.3 kWh sold at each hour's price; bill 28,840 without"])
    phrases: list[PhraseShown]

    @classmethod
    def of(cls, trades: Trades, found: Worth) -> Made:
        """As the API shows it."""
        return cls(
            bought_kwh=int(trades.bought.sum()) / WH,
            sold_kwh=int(trades.sold.sum()) / WH,
            paid=found.paid,
            earned=found.earned,
            bill=float(found.with_trades.total),
            made=found.made,
            basis=str(found.basis),
            phrases=phrases_of(found.basis),
        )


class TradingHour(BaseModel):
    """An hour, its price of a kWh, and what could have been traded in it."""

    start: Time
    price: float = Field(examples=[171.4])
    wh: int = Field(examples=[1830])


class Gains(Month):
    """What the market would have made of what the meters counted; private trades aren't known."""

    tariff: TariffShown
    market: MarketUsed
    feed_in: float = Field(examples=[0.0])
    sell_all: Made
    buy_all: Made
    best: Made
    best_to_sell: list[TradingHour]
    best_to_buy: list[TradingHour]
    average_price: float | None = Field(description="Of the hours with a price.", examples=[140.3])
    priced_hours: int = Field(examples=[611])
    hours: int = Field(description="That were read.", examples=[624])
    basis: Basis


def routes() -> APIRouter:
    """The route on what the market would have made."""
    router = APIRouter(prefix="/v1/me", tags=["advice"])

    @router.get(
        "/trades",
        summary="What the market would have made of a month",
        description="Of what the meters counted, at each hour's price, which trading much would have moved. Private "
        "trades can't be known to the service.",
        responses=OWN_ERRORS,
    )
    def trades(http: Request, key: Reader, asked: Annotated[TradedMonthAsked, Query()]) -> Gains:
        home, known = Home.of(http, key), library(http).tariff(asked.tariff)
        market = home.needed_market(asked.eth_price)
        period = home.month(asked.month, known.content)
        read = home.of_month(period, known.content)
        prices = market.hourly(read.drawn.start, len(read.drawn.wh))
        hours = trade.Month(read.drawn, read.given, prices, asked.feed_in)
        there, nothing = ~np.isnan(prices), np.zeros(len(prices), np.int64)
        sold, bought = (np.where(there, usage.wh, 0) for usage in (read.given, read.drawn))
        found = {
            name: Made.of(chosen, worth(known.content, hours, chosen, period, asked.kw))
            for name, chosen in {"sell_all": Trades(nothing, sold), "buy_all": Trades(bought, nothing)}.items()
        }
        chosen, value = best(known.content, hours, period, asked.kw)
        fields: dict[str, Any] = dict(month_shown(period, known.content)) | found
        return Gains(
            **fields,
            tariff=TariffShown.of(known, period),
            market=market.shown,
            feed_in=asked.feed_in,
            best=Made.of(chosen, value),
            best_to_sell=_hours(read.given, chosen.sold, prices, -prices),
            best_to_buy=_hours(read.drawn, chosen.bought, prices, prices),
            average_price=float(prices[there].mean()) if there.any() else None,
            priced_hours=int(there.sum()),
            hours=len(prices),
            basis=Basis.of(read, _text(market.eth_price, int(there.sum()), read.drawn)),
        )

    return router


def _hours(usage: Usage, traded: Integers, prices: Floats, order: Floats) -> list[TradingHour]:
    """The best hours of those in which something is traded, in an order."""
    places = [place for place in np.argsort(order, kind="stable") if traded[place]][:MOST_HOURS]
    return [
        TradingHour(start=int(usage.moment(int(place)).timestamp()), price=float(prices[place]), wh=int(traded[place]))
        for place in places
    ]


def _text(eth_price: float, priced: int, drawn: Usage) -> Told:
    read = told("days_read", days=shown(Fraction(len(drawn.wh), 24)))
    return joined((read, told("hours_priced", hours=priced), told("ether", price=f"{eth_price:,.10g}")), ", ")
