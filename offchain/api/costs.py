"""What a home's month costs so far and at its end, under its own tariff and others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from offchain.advice.comparison import Compared, compared
from offchain.advice.errors import AdviceError
from offchain.advice.library import Known
from offchain.advice.metered import Metered
from offchain.advice.outlook import NextTier, Outlook, outlook
from offchain.advice.tariff import Tariff
from offchain.advice.usage import Period
from offchain.api.advised import (
    USUAL_TARIFF,
    Basis,
    BillShown,
    Month,
    MonthAsked,
    TariffShown,
    library,
    month_shown,
)
from offchain.api.home import PAST, ByModel, Home, ModelUsed
from offchain.api.own import ERRORS, Reader
from offchain.api.problem import described
from offchain.api.source import Time

OWN_ERRORS = described(*ERRORS, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)


class TierAhead(BaseModel):
    """The next tier: `kwh` more and every further one costs `energy`, before charges and taxes."""

    number: int = Field(examples=[2])
    kwh: float = Field(examples=[15.8])
    energy: float = Field(examples=[214.6])
    extra_base: float = Field(description="What getting there adds to the month's base.", examples=[690.0])
    at: Time | None = Field(description="The hour in which it is expected; null: not this month.")

    @classmethod
    def of(cls, tier: NextTier) -> TierAhead:
        """As the API shows it."""
        at = None if tier.at is None else int(tier.at.timestamp())
        return cls(
            number=tier.number,
            kwh=float(tier.kwh),
            energy=float(tier.energy),
            extra_base=float(tier.extra_base),
            at=at,
        )


class Foreseen(BaseModel):
    """How the rest of the month is foreseen: so many hours by the model, so many by habit."""

    model: ModelUsed | None
    model_hours: int = Field(examples=[24])
    habit_hours: int = Field(examples=[72])


class Cost(Month):
    """A month's bill of what was read, and as it is expected at the end."""

    tariff: TariffShown
    so_far: BillShown
    expected: BillShown
    tier: int | None = Field(description="Reached now, from 1 on; null: no tiers.", examples=[1])
    next_tier: TierAhead | None
    forecast: Foreseen
    basis: Basis


class ComparedShown(BaseModel):
    """The month under a tariff, and how much more it costs than under the home's own."""

    tariff: TariffShown
    more: float = Field(examples=[-4350.0])
    bill: BillShown


class LeftOut(BaseModel):
    """A tariff that can't be compared, and why."""

    name: str = Field(examples=["kepco_jeju_time_of_use"])
    reason: str = Field(examples=["it is in USD, not in KRW"])


class Comparison(Month):
    """The same month under each tariff, the cheapest first."""

    own: str = Field(examples=[USUAL_TARIFF])
    tariffs: list[ComparedShown]
    left_out: list[LeftOut]
    forecast: Foreseen
    basis: Basis


@dataclass(frozen=True)
class Running:
    """A home's month under its own tariff."""

    period: Period
    read: Metered
    model: ByModel | None
    outlook: Outlook

    @classmethod
    def of(cls, home: Home, tariff: Tariff, month: str | None, contract_kw: Decimal) -> Running:
        """The one of that name, or of the last reading. Raises AdviceError, HistoryError."""
        period = home.month(month, tariff)
        read = home.of_month(period, tariff, PAST)
        model = home.by_model(read)
        ahead = None if model is None else model.after(read.drawn)
        return cls(period, read, model, outlook(tariff, read.drawn, period, ahead, contract_kw))

    @property
    def forecast(self) -> Foreseen:
        """As the API shows it."""
        model = self.model if self.outlook.foreseen else None
        return Foreseen(
            model=None if model is None else model.model,
            model_hours=self.outlook.foreseen,
            habit_hours=self.outlook.usual,
        )

    @property
    def basis(self) -> Basis:
        """What all of it was computed from."""
        return Basis.of(self.read, self.outlook.basis)


def routes() -> APIRouter:
    """The routes on what a month costs."""
    router = APIRouter(prefix="/v1/me", tags=["advice"])

    @router.get("/cost", summary="A month's bill so far and at its end, and the next tier", responses=OWN_ERRORS)
    def cost(http: Request, key: Reader, asked: Annotated[MonthAsked, Query()]) -> Cost:
        known = library(http).tariff(asked.tariff)
        running = Running.of(Home.of(http, key), known.content, asked.month, asked.kw)
        found = running.outlook
        return Cost(
            **_month(running, known.content),
            tariff=TariffShown.of(known, running.period),
            so_far=BillShown.of(found.so_far),
            expected=BillShown.of(found.expected),
            tier=found.tier,
            next_tier=None if found.next_tier is None else TierAhead.of(found.next_tier),
            forecast=running.forecast,
            basis=running.basis,
        )

    @router.get("/tariffs", summary="The same month under each tariff", responses=OWN_ERRORS)
    def tariffs(http: Request, key: Reader, asked: Annotated[MonthAsked, Query()]) -> Comparison:
        books = library(http)
        own = books.tariff(asked.tariff)
        running = Running.of(Home.of(http, key), own.content, asked.month, asked.kw)
        rows, left_out = _compared(own, list(books.tariffs.values()), running, asked.kw)
        return Comparison(
            **_month(running, own.content),
            own=own.name,
            tariffs=rows,
            left_out=left_out,
            forecast=running.forecast,
            basis=running.basis,
        )

    return router


def _month(running: Running, tariff: Tariff) -> dict[str, Any]:
    return dict(month_shown(running.period, tariff))


def _compared(
    own: Known[Tariff], known: list[Known[Tariff]], running: Running, contract_kw: Decimal
) -> tuple[list[ComparedShown], list[LeftOut]]:
    usage, periods = running.outlook.whole, [running.period]
    found, left_out = {own.name: own}, []
    for one in known:
        try:
            compared(own.content, [one.content], usage, periods, contract_kw)
        except AdviceError as error:
            left_out.append(LeftOut(name=one.name, reason=str(error)))
        else:
            found[one.name] = one
    others = [one for name, one in found.items() if name != own.name]
    rows = compared(own.content, [one.content for one in others], usage, periods, contract_kw)
    return [_row(found.values(), row, running.period) for row in rows], left_out


def _row(known: Iterable[Known[Tariff]], row: Compared, period: Period) -> ComparedShown:
    (named,) = [one for one in known if one.content is row.tariff]
    bill = BillShown.of(row.bills[0])
    return ComparedShown(tariff=TariffShown.of(named, period), more=float(row.more), bill=bill)
