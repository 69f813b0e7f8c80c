"""A home as advice sees it: its own meters' hours, what is foreseen of them, and the market of its microgrid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import BaseModel, Field
from starlette.requests import Request

from offchain.advice.habit import Floats
from offchain.advice.metered import Metered, metered
from offchain.advice.tariff import Tariff
from offchain.advice.usage import WH, NothingReadError, Period, Usage, midnight
from offchain.api.advised import MarketUsed, month_named
from offchain.api.followed import Chains, chains, database
from offchain.api.keys import ApiKey
from offchain.api.market import known_exchange
from offchain.api.problem import Problem
from offchain.api.source import Hash
from offchain.api.spans import DAY
from offchain.history.database import Database
from offchain.history.energy import last_reading
from offchain.history.meters import MeterRecord, meters_by_id
from offchain.indexer.prices import Prices
from offchain.ppdl.foresight import FEWEST, Foresight, foresee
from offchain.ppdl.learning.model import FEATURES

PAST = 84 * DAY
"""Of what lies before: habits take four weeks, a model's own regression more."""


class ModelUsed(BaseModel):
    """The model that foresees: `GET /v1/forecasts/model` has its proof."""

    number: int = Field(examples=[3])
    weight_hash: Hash


@dataclass(frozen=True)
class ByModel:
    """What a model says of the hours after the last one read."""

    model: ModelUsed
    foresight: Foresight

    def after(self, usage: Usage) -> Usage:
        """In Wh."""
        return Usage(usage.end, np.rint(self.foresight.kwh * WH).astype(np.int64))


@dataclass(frozen=True)
class Market:
    """A microgrid's exchange, its trades, and what an ETH is taken for."""

    prices: Prices
    eth_price: float

    @property
    def shown(self) -> MarketUsed:
        """As the API shows it."""
        return MarketUsed(exchange=self.prices.exchange, eth_price=self.eth_price)

    def hourly(self, start: datetime, hours: int) -> Floats:
        """What a kWh cost in each hour from a moment on; NaN without a trade in the day before."""
        return self.prices.hourly(int(start.timestamp()), hours) * self.eth_price


@dataclass(frozen=True)
class Home:
    """The caller's meters."""

    database: Database
    chains: Chains
    meters: list[MeterRecord]
    eth_price: float | None

    @classmethod
    def of(cls, http: Request, key: ApiKey) -> Home:
        """Raises HistoryError."""
        own = meters_by_id(database(http), key.meters)
        return cls(database(http), chains(http), own, http.app.state.eth_price)

    def read(self, since: int, until: int, zone: ZoneInfo) -> Metered:
        """Its hours. Raises NothingReadError, HistoryError."""
        return metered(self.database, self.meters, since, until, zone)

    def newest(self) -> int:
        """When the last interval began that was read (Unix time). Raises NothingReadError."""
        found = last_reading(self.database, [meter.id for meter in self.meters])
        if found is None:
            raise NothingReadError("nothing was read yet: the meters have sent no reading")
        return found

    def month(self, name: str | None, tariff: Tariff) -> Period:
        """The month of that name, or that of the last reading. Raises NothingReadError."""
        if name is not None:
            return month_named(name)
        last = datetime.fromtimestamp(self.newest(), tariff.place)
        return Period.month(last.year, last.month)

    def of_month(self, period: Period, tariff: Tariff, before: int = 0) -> Metered:
        """Its hours of a month, and of so many seconds before. Raises NothingReadError."""
        start, end = (int(midnight(day, tariff.place).timestamp()) for day in (period.start, period.end))
        found = self.read(start - before, end, tariff.place)
        if not len(found.drawn.within(period, tariff.place).wh):
            raise NothingReadError(f"nothing was read from {period.start} until {period.end}")
        return found

    def by_model(self, read: Metered) -> ByModel | None:
        """What the served model says, None if there is none for a home's use, or too little was read."""
        models = self.chains.models
        if models is None or models.horizon is None or len(read.drawn.wh) < FEWEST:
            return None
        number = models.head()
        served = models.model(number)
        if served.model.layers[0] != FEATURES:
            return None
        foresight = foresee(read.drawn.start, read.drawn.wh / WH, served.model, models.horizon)
        return ByModel(ModelUsed(number=number, weight_hash=f"0x{served.hash:064x}"), foresight)

    def market(self, eth_price: float | None) -> Market | None:
        """That of the first meter's microgrid, None if none is followed or nobody says what an ETH costs."""
        price, chain = eth_price or self.eth_price, self.chains.plasma
        if price is None or chain is None:
            return None
        exchange = known_exchange(self.database, chain, self.meters[0].microgrid)
        return None if exchange is None else Market(Prices(self.database, chain.id, exchange), price)

    def needed_market(self, eth_price: float | None) -> Market:
        """The same. Raises Problem where there is none."""
        found = self.market(eth_price)
        if found is not None:
            return found
        if eth_price is None and self.eth_price is None:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "say what an ETH costs in the tariff's currency: eth_price")
        raise Problem(HTTPStatus.NOT_FOUND, "this service knows no exchange of your microgrid")
