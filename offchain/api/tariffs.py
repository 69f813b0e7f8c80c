"""The tariffs and climates that are known, and bills of use that a service firm sends."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from offchain.advice.bill import bill
from offchain.advice.library import Known, Library
from offchain.advice.tariff import Tariff
from offchain.advice.told import told
from offchain.advice.usage import NothingReadError, Usage
from offchain.api.access import needs
from offchain.api.advised import (
    MONTH,
    USUAL_TARIFF,
    BillShown,
    Month,
    TariffShown,
    Text,
    contracted,
    library,
    month_named,
    month_shown,
)
from offchain.api.keys import ApiKey, Scope
from offchain.api.own import ERRORS
from offchain.api.problem import Problem, described
from offchain.http_service import read_body
from offchain.metering.signed_reading import LATEST

LARGEST_BODY = 64 << 10
MOST_HOURS = 62 * 24
MOST_WH = 10**9

Firm = Annotated[ApiKey, needs(Scope.MARKET_READ)]
Wh = Annotated[int, msgspec.Meta(ge=0, le=MOST_WH)]


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """A home's hours from `start` on (Unix time), and what is to be computed of them."""

    month: Annotated[str, msgspec.Meta(pattern=MONTH)]
    start: Annotated[int, msgspec.Meta(ge=0, lt=LATEST, multiple_of=60)]
    wh: Annotated[list[Wh], msgspec.Meta(min_length=1, max_length=MOST_HOURS)]
    tariff: Annotated[str, msgspec.Meta(max_length=64)] = USUAL_TARIFF
    contract_kw: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 3


EXAMPLE = {"month": "2022-08", "start": 1659279600, "wh": [1344] * 744}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "month": {"type": "string", "pattern": MONTH},
                        "start": {"type": "integer", "minimum": 0},
                        "wh": {
                            "type": "array",
                            "items": {"type": "integer", "minimum": 0, "maximum": MOST_WH},
                            "minItems": 1,
                            "maxItems": MOST_HOURS,
                        },
                        "tariff": {"type": "string", "default": USUAL_TARIFF},
                        "contract_kw": {"type": "number", "default": 3},
                    },
                    "required": ["month", "start", "wh"],
                    "additionalProperties": False,
                },
                "example": EXAMPLE,
            }
        },
    }
}


class KnownTariff(BaseModel):
    """A tariff, from which days on its prices hold, and where they come from."""

    name: str = Field(examples=[USUAL_TARIFF])
    title: str = Field(examples=["KEPCO residential, low voltage"])
    korean: str | None = Field(examples=["한전 주택용 저압"])
    currency: str = Field(examples=["KRW"])
    zone: str = Field(examples=["Asia/Seoul"])
    kind: str = Field(description="tiers of the month's use, or hours of the day.", examples=["tiers"])
    dates: list[str] = Field(examples=[["2022-04-01", "2022-10-01"]])
    source: str = Field(examples=["KEPCO's tariff tables and its announcements of the dates below"])

    @classmethod
    def of(cls, known: Known[Tariff]) -> KnownTariff:
        """As the API shows it."""
        tariff = known.content
        return cls(
            name=known.name,
            title=tariff.name,
            korean=tariff.korean,
            currency=tariff.currency,
            zone=tariff.zone,
            kind="tiers" if tariff.rates[-1].seasons[0].tiers else "hours",
            dates=[rates.since.isoformat() for rates in tariff.rates],
            source=known.source,
        )


class KnownPlace(BaseModel):
    """A climate that roofs can be advised on in."""

    name: str = Field(examples=["seoul"])
    title: str = Field(examples=["Seoul"])
    zone: str = Field(examples=["Asia/Seoul"])
    source: str = Field(examples=["Means of 1981 to 2010"])


class Advisable(BaseModel):
    """What advice is given on."""

    tariffs: list[KnownTariff]
    places: list[KnownPlace]

    @classmethod
    def of(cls, known: Library) -> Advisable:
        """As the API shows it."""
        places = [
            KnownPlace(name=one.name, title=one.content.name, zone=one.content.time_zone, source=one.source)
            for one in known.climates.values()
        ]
        return cls(tariffs=[*map(KnownTariff.of, known.tariffs.values())], places=places)


class BillOfMonth(Month):
    """The bill of the use that was sent."""

    tariff: TariffShown
    bill: BillShown
    basis: Text


def routes() -> APIRouter:
    """The routes on tariffs."""
    router = APIRouter(prefix="/v1/advice", tags=["advice"])

    @router.get(
        "/tariffs",
        summary="The tariffs and places that are known, with dates and sources",
        responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS),
    )
    def tariffs(http: Request) -> Advisable:
        return Advisable.of(library(http))

    @router.post(
        "/bill",
        summary="A month's bill of use that is sent along",
        description=f"Hours from `start` on, at most {MOST_HOURS}; nothing of it is kept.",
        responses=described(
            *ERRORS,
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.NOT_FOUND,
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ),
        openapi_extra=BODY,
    )
    async def of_use(http: Request, key: Firm) -> BillOfMonth:
        body = await read_body(http, LARGEST_BODY)
        return await run_in_threadpool(_billed, library(http), body)

    return router


def _billed(known: Library, body: bytes) -> BillOfMonth:
    try:
        sent = msgspec.json.decode(body, type=Sent)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"give JSON with month, start and wh: {error}") from None
    tariff = known.tariff(sent.tariff)
    period = month_named(sent.month)
    usage = Usage(datetime.fromtimestamp(sent.start, tariff.content.place), np.array(sent.wh, np.int64))
    within = len(usage.within(period, tariff.content.place).wh)
    if not within:
        raise NothingReadError(f"none of the hours sent lies in {sent.month}")
    fields: dict[str, Any] = dict(month_shown(period, tariff.content))
    return BillOfMonth(
        **fields,
        tariff=TariffShown.of(tariff, period),
        bill=BillShown.of(bill(tariff.content, usage, period, contracted(sent.contract_kw))),
        basis=Text.of(told("hours_sent", hours=within)),
    )
