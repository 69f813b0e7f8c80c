"""A household's own data: what its meters counted, all that is kept of them, and its erasure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import StreamingResponse

from offchain.api.access import needs
from offchain.api.followed import database
from offchain.api.keys import ApiKey, Scope
from offchain.api.problem import Problem, described
from offchain.api.spans import DAY, Last, Moment, check_span, span
from offchain.history.database import Database
from offchain.history.energy import Energy, Period, meters_energy
from offchain.history.meters import MeterRecord, meters_by_id
from offchain.history.own_data import erase, kept_of
from offchain.metering.signed_reading import Word

LONGEST_SPAN = {Period.INTERVAL: 31 * DAY, Period.HOUR: 92 * DAY, Period.DAY: 732 * DAY, Period.MONTH: 3_700 * DAY}
USUAL_SPAN = 30 * DAY
COMMITMENT = "1f" * 32
ERRORS = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
Reader = Annotated[ApiKey, needs(Scope.OWN_READ)]
Eraser = Annotated[ApiKey, needs(Scope.OWN_ERASE)]


class OwnMeter(BaseModel):
    """A meter of the caller's."""

    meter: str = Field(description="Its commitment.", examples=[COMMITMENT])
    microgrid: str = Field(examples=["MG1"])
    capacity: int = Field(description="Most Wh an interval.", examples=[4000])
    interval: int = Field(description="Length of its intervals in seconds.", examples=[900])

    @classmethod
    def of(cls, meter: MeterRecord) -> OwnMeter:
        """As the API shows a meter."""
        return cls(
            meter=meter.commitment.hex(),
            microgrid=meter.microgrid,
            capacity=meter.capacity,
            interval=meter.interval,
        )


class Me(BaseModel):
    """What the service knows of the caller."""

    key: str = Field(description="The key's public part.", examples=["9f86d081884c7d65"])
    name: str = Field(description="What the operator called the key.", examples=["home-01"])
    scopes: list[Scope] = Field(examples=[["own:erase", "own:read"]])
    created: int = Field(description="Unix time.", examples=[1767225600])
    meters: list[OwnMeter]


class EnergyRow(BaseModel):
    """Energy of a period."""

    start: int = Field(description="When the period begins: Unix time.", examples=[1767193200])
    imported: int = Field(description="Taken from the grid, in Wh.", examples=[8120])
    exported: int = Field(description="Fed into the grid, in Wh.", examples=[340])
    readings: int = Field(description="Out of how many readings; fewer than expected where some lack.", examples=[96])


class EnergySeries(BaseModel):
    """Energy over time; periods without a reading are left out."""

    since: int = Field(examples=[1767193200])
    until: int = Field(examples=[1769871600])
    by: Period
    zone: str = Field(description="Whose hours, days and months.", examples=["Asia/Seoul"])
    energy: list[EnergyRow]


class ErasedRows(BaseModel):
    """What was erased."""

    readings: int = Field(examples=[35040])
    earlier_readings: int = Field(description="Those that corrections had replaced.", examples=[3])
    taken_from: int = Field(description="Readings that begin before this Unix time aren't taken again.")


def routes() -> APIRouter:
    """The routes below /v1/me."""
    router = APIRouter(prefix="/v1/me", tags=["own data"])

    @router.get("", summary="The caller's key and meters", responses=described(*ERRORS))
    def me(http: Request, key: Reader) -> Me:
        return _me(database(http), key)

    @router.get(
        "/energy",
        summary="What the caller's meters counted",
        description="Together, or that of one of them. Without times: the last 30 days.",
        responses=described(*ERRORS, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    def energy(
        http: Request,
        key: Reader,
        by: Period = Period.DAY,
        since: Moment = None,
        until: Moment = None,
        last: Last = None,
        meter: Annotated[Word | None, Query(examples=[COMMITMENT])] = None,
    ) -> EnergySeries:
        begin, end = span(http, since, until, last, USUAL_SPAN)
        check_span(begin, end, LONGEST_SPAN[by])
        zone: ZoneInfo = http.app.state.zone
        found = meters_energy(database(http), _chosen(database(http), key, meter), begin, end, by, zone)
        return EnergySeries(since=begin, until=end, by=by, zone=zone.key, energy=[*map(energy_row, found)])

    @router.get(
        "/export",
        summary="All that is kept of the caller",
        description="One JSON object a line: the key, then the meters, then each reading, also those that corrections "
        "replaced.",
        response_class=StreamingResponse,
        responses=described(*ERRORS) | {200: {"description": "JSON lines", "content": {"application/x-ndjson": {}}}},
    )
    def export(http: Request, key: Reader) -> StreamingResponse:
        lines = _lines(database(http), key)
        first = next(lines)  # what fails at once still gets a status
        headers = {"Content-Disposition": 'attachment; filename="openmg.ndjson"'}
        return StreamingResponse(_chain(first, lines), media_type="application/x-ndjson", headers=headers)

    @router.delete(
        "",
        summary="Erases the caller's readings",
        description="All of them, also those that corrections replaced, at once and for good. The meters stay "
        "registered: readings of later intervals are taken. Sums over the microgrid stay.",
        responses=described(*ERRORS),
    )
    def forget(http: Request, key: Eraser) -> ErasedRows:
        return ErasedRows(**asdict(erase(database(http), key.meters)))

    return router


def energy_row(energy: Energy) -> EnergyRow:
    """As the API shows a period."""
    return EnergyRow(**asdict(energy))


def _me(database: Database, key: ApiKey) -> Me:
    meters = [OwnMeter.of(meter) for meter in meters_by_id(database, key.meters)]
    return Me(key=key.id, name=key.name, scopes=sorted(key.scopes), created=key.created, meters=meters)


def _chosen(database: Database, key: ApiKey, meter: str | None) -> tuple[int, ...]:
    """The meters that are asked for. Raises Problem, the same whether one is somebody else's or nobody's."""
    if meter is None:
        return key.meters
    chosen = [own.id for own in meters_by_id(database, key.meters) if own.commitment.hex() == meter]
    if not chosen:
        raise Problem(HTTPStatus.NOT_FOUND, "that is none of your meters")
    return (chosen[0],)


def _lines(database: Database, key: ApiKey) -> Iterator[str]:
    own: dict[str, Any] = _me(database, key).model_dump(mode="json", exclude={"meters"})
    yield json.dumps({"table": "api_keys", **own}) + "\n"
    for row in kept_of(database, key.meters):
        yield json.dumps(row) + "\n"


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
