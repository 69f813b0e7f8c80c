"""What panels on a roof would make, and when they have paid for themselves."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from offchain.advice.library import Known
from offchain.advice.roof import Payback, Roof, even_use, expected, payback
from offchain.advice.tariff import Tariff
from offchain.advice.usage import Usage
from offchain.api.advised import (
    USUAL_TARIFF,
    ContractKw,
    FeedIn,
    PhraseShown,
    TariffName,
    Text,
    contracted,
    library,
    phrases_of,
)
from offchain.api.costs import OWN_ERRORS
from offchain.api.followed import now
from offchain.api.home import Home
from offchain.api.own import Reader
from offchain.api.problem import Problem, described
from offchain.api.spans import DAY

YEAR = 398 * DAY
"""The last twelve whole months and the one that runs are within it."""
ERRORS = described(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS)

Place = Annotated[str, Query(max_length=64, description="A climate's name.", examples=["seoul"])]
Kw = Annotated[float, Query(gt=0, le=1000, description="Power at peak.", examples=[3])]
Tilt = Annotated[float, Query(ge=0, le=90, description="Degrees from level.", examples=[30])]
Azimuth = Annotated[float, Query(ge=0, lt=360, description="Degrees from north; 180 is south.", examples=[180])]
Cost = Annotated[float | None, Query(gt=0, le=1e12, description="With it there is a payback.", examples=[4_000_000])]
MonthKwh = Annotated[
    float | None, Query(ge=0, le=100_000, description="The home's use a month, even over its hours.", examples=[350])
]


class PaybackShown(BaseModel):
    """What is saved on bills and earned in the first year, and what is left of the cost after each."""

    years: int | None = Field(description="Until it is paid; null: not in 25 years.", examples=[9])
    saved: float = Field(examples=[402310.0])
    earned: float = Field(examples=[51200.0])
    used_kwh: float = Field(examples=[1790.2])
    surplus_kwh: float = Field(examples=[1722.2])
    balance: list[float] = Field(description="After each of 25 years, the cost taken off.", examples=[[-3546490.0]])
    basis: str = Field(examples=["1,790 kWh used at once, 1,722 kWh sold at 30"])
    phrases: list[PhraseShown]

    @classmethod
    def of(cls, found: Payback) -> PaybackShown:
        """As the API shows it."""
        return cls(
            years=found.years,
            saved=float(found.saved),
            earned=found.earned,
            used_kwh=found.used,
            surplus_kwh=found.surplus,
            balance=found.balance.tolist(),
            basis=str(found.basis),
            phrases=phrases_of(found.basis),
        )


class RoofYield(BaseModel):
    """What a typical year brings: Wh of each hour of a day of each month, kWh of each month, January first."""

    place: str = Field(examples=["Seoul"])
    kwh: float = Field(description="Of the year.", examples=[3512.4])
    months: list[float] = Field(examples=[[221.0]])
    curve: list[list[float]] = Field(examples=[[[0.0]]])
    payback: PaybackShown | None
    basis: Text


def routes() -> APIRouter:
    """The routes on roofs."""
    router = APIRouter(tags=["advice"])

    @router.get("/v1/advice/roof", summary="What a roof would make in a typical year", responses=ERRORS)
    def roof(
        http: Request,
        kw: Kw,
        place: Place = "seoul",
        tilt: Tilt = 30,
        azimuth: Azimuth = 180,
        cost: Cost = None,
        surplus_price: FeedIn = 0,
        month_kwh: MonthKwh = None,
        tariff: TariffName = USUAL_TARIFF,
        contract_kw: ContractKw = 3,
    ) -> RoofYield:
        if cost is not None and month_kwh is None:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "a payback needs the home's use: month_kwh")
        known = library(http).tariff(tariff)
        moment = datetime.fromtimestamp(now(http), known.content.place)
        usage = None if month_kwh is None else even_use(month_kwh, moment)
        money = None if cost is None or usage is None else (cost, surplus_price, usage, known, contract_kw)
        return _shown(http, place, Roof(kw, tilt, azimuth), money)

    @router.get("/v1/me/roof", summary="What a roof would make, and save this home", responses=OWN_ERRORS)
    def own_roof(
        http: Request,
        key: Reader,
        kw: Kw,
        cost: Annotated[float, Query(gt=0, le=1e12, description="Of the panels.", examples=[4_000_000])],
        place: Place = "seoul",
        tilt: Tilt = 30,
        azimuth: Azimuth = 180,
        surplus_price: FeedIn = 0,
        tariff: TariffName = USUAL_TARIFF,
        contract_kw: ContractKw = 3,
    ) -> RoofYield:
        home, known = Home.of(http, key), library(http).tariff(tariff)
        newest = home.newest()
        read = home.read(newest - YEAR, newest + DAY, known.content.place)
        return _shown(http, place, Roof(kw, tilt, azimuth), (cost, surplus_price, read.drawn, known, contract_kw))

    return router


Money = tuple[float, float, Usage, Known[Tariff], float]
"""The cost, what a kWh sold earns, the use, the tariff and the contracted power."""


def _shown(http: Request, place: str, panels: Roof, money: Money | None) -> RoofYield:
    climate = library(http).climate(place).content
    found = expected(panels, climate)
    paid = None
    if money is not None:
        cost, price, usage, known, contract_kw = money
        paid = payback(found, cost, known.content, usage, price, contracted(contract_kw))
    content: dict[str, Any] = {"months": found.months.tolist(), "curve": found.curve.tolist()}
    shown = None if paid is None else PaybackShown.of(paid)
    return RoofYield(place=climate.name, kwh=found.kwh, payback=shown, basis=Text.of(found.basis), **content)
