"""The service's own state: whether it works, its counters, and what the operator may see."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from offchain.api.access import needs
from offchain.api.followed import database
from offchain.api.keys import ApiKey, Scope
from offchain.api.own import ERRORS, EnergyRow, energy_row
from offchain.api.problem import described
from offchain.api.spans import DAY, Last, Moment, check_span, span
from offchain.history.energy import microgrid_sums
from offchain.history.meters import NAME

Operator = Annotated[ApiKey, needs(Scope.OPERATOR_READ)]
LONGEST_SUMS = 92 * DAY


class Health(BaseModel):
    """That the service answers, and its database too."""

    status: str = Field(examples=["ok"])


class MicrogridSums(BaseModel):
    """What a microgrid's meters counted together in each interval; `readings` is the number of meters."""

    microgrid: str = Field(examples=["MG1"])
    energy: list[EnergyRow]


def routes() -> APIRouter:
    """The routes of the service itself."""
    router = APIRouter(tags=["service"])

    @router.get("/healthz", summary="Whether the service works", responses=described(HTTPStatus.SERVICE_UNAVAILABLE))
    def healthz(http: Request) -> Health:
        database(http).check()
        return Health(status="ok")

    @router.get(
        "/metrics",
        summary="Counters for Prometheus",
        response_class=Response,
        responses=described(*ERRORS) | {200: {"description": "Text format", "content": {"text/plain": {}}}},
    )
    def metrics(http: Request, key: Operator) -> Response:
        return Response(http.app.state.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    @router.get(
        "/v1/operator/microgrids/{microgrid}/energy",
        summary="What a microgrid's meters counted together",
        description="For the operator alone: how a sum moves when one meter's reading comes would show that reading.",
        responses=described(*ERRORS, HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    def sums(
        http: Request,
        microgrid: Annotated[str, Path(pattern=f"^{NAME.pattern}$", examples=["MG1"])],
        key: Operator,
        since: Moment = None,
        until: Moment = None,
        last: Last = None,
    ) -> MicrogridSums:
        begin, end = span(http, since, until, last, DAY)
        check_span(begin, end, LONGEST_SUMS)
        found = microgrid_sums(database(http), microgrid, begin, end)
        return MicrogridSums(microgrid=microgrid, energy=[*map(energy_row, found)])

    return router
