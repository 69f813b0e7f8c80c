"""A home's next 24 hours with a band of what they may be."""

from __future__ import annotations

from typing import Literal

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from offchain.advice.band import DAYS, band
from offchain.advice.habit import DAY, Floats, Integers, day_by_day, hours_of_week, usual
from offchain.advice.metered import Metered
from offchain.advice.told import joined, told
from offchain.advice.usage import WH, Usage
from offchain.api.advised import Basis
from offchain.api.costs import OWN_ERRORS
from offchain.api.home import PAST, ByModel, Home, ModelUsed
from offchain.api.own import Reader
from offchain.api.source import Time

By = Literal["model", "habit"]


class Energy(BaseModel):
    """Foreseen Wh, and between which 8 in 10 such hours came; null where too few errors are known."""

    wh: int = Field(examples=[410])
    low: int | None = Field(examples=[220])
    high: int | None = Field(examples=[790])
    by: By = Field(description="What foresees it.", examples=["model"])


class HourAhead(BaseModel):
    """An hour, and what will be taken from the grid and given to it."""

    start: Time
    imported: Energy
    exported: Energy


class Forecast(BaseModel):
    """The 24 hours after the last one read."""

    since: Time
    zone: str = Field(description="Whose hours of the day count.", examples=["Asia/Seoul"])
    hours: list[HourAhead]
    model: ModelUsed | None = Field(description="Null: habit alone.")
    basis: Basis


def routes() -> APIRouter:
    """The route on a home's next day."""
    router = APIRouter(prefix="/v1/me", tags=["advice"])

    @router.get("/forecast", summary="The home's next 24 hours with a band", responses=OWN_ERRORS)
    def forecast(http: Request, key: Reader) -> Forecast:
        home, zone = Home.of(http, key), http.app.state.zone
        newest = home.newest()
        read = home.read(newest - PAST, newest + DAY * 3600, zone)
        model = home.by_model(read)
        drawn = _by_habit(read.drawn)
        if model is not None:
            ahead = _by_model(read.drawn, model)
            drawn = ahead + drawn[len(ahead) :]
        pairs = zip(drawn, _by_habit(read.given), strict=True)
        end = read.drawn.end
        starts = [int(read.drawn.moment(len(read.drawn.wh) + step).timestamp()) for step in range(DAY)]
        hours = [
            HourAhead(start=start, imported=imported, exported=exported)
            for start, (imported, exported) in zip(starts, pairs, strict=True)
        ]
        used = None if model is None else model.model
        return Forecast(
            since=int(end.timestamp()), zone=zone.key, hours=hours, model=used, basis=_basis(read, drawn, model)
        )

    return router


def _by_habit(usage: Usage) -> list[Energy]:
    past = usage.wh.astype(np.float64)
    return _energies(usage, usual(usage, usage.end, DAY), past - day_by_day(past, usage.start), "habit")


def _by_model(usage: Usage, model: ByModel) -> list[Energy]:
    return _energies(usage, model.after(usage).wh, model.foresight.errors * WH, "model")


def _energies(usage: Usage, wh: Integers, errors: Floats, by: By) -> list[Energy]:
    past, ahead = hours_of_week(usage.start, len(usage.wh)), hours_of_week(usage.end, len(wh))
    low, high = band(wh, ahead, errors, past)
    return [
        Energy(wh=int(each), low=_whole(below), high=_whole(above), by=by)
        for each, below, above in zip(wh, low, high, strict=True)
    ]


def _whole(wh: float) -> int | None:
    return None if np.isnan(wh) else round(wh)


def _basis(read: Metered, drawn: list[Energy], model: ByModel | None) -> Basis:
    by_model = sum(hour.by == "model" for hour in drawn)
    imported = told("imported_usual")
    if model is not None:
        imported = told("imported_by_model", hours=by_model, model=model.model.number)
    if 0 < by_model < DAY:
        imported = imported.then(told("hours_usual", hours=DAY - by_model), ", ")
    return Basis.of(read, joined((imported, told("exported_usual"), told("forecast_band", days=DAYS))))
