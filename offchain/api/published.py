"""A microgrid's published sums beside what was foreseen of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.requests import Request

from offchain.advice.habit import Floats, day_by_day
from offchain.advice.intervals import HOUR, beginning, hours_of
from offchain.advice.usage import midnight
from offchain.api.followed import FollowedChain, database, now, plasma
from offchain.api.problem import Problem
from offchain.api.source import ERRORS, Source, Time
from offchain.api.spans import DAY, Moment, check_span, span
from offchain.history.database import Database
from offchain.history.meters import NAME
from offchain.indexer.grid_state import GridState
from offchain.indexer.published import Epochs, published

LONGEST, USUAL = 31 * DAY, 7 * DAY
PAST_DAYS = 28

Microgrid = Annotated[str, Path(pattern=f"^{NAME.pattern}$", examples=["MG1"])]


class HourOfGrid(BaseModel):
    """Sums of an hour in Wh: what was published (null: not all of it yet), and what was foreseen when its day began
    (null: nothing was known before)."""

    start: Time
    imported: int | None = Field(examples=[12400])
    exported: int | None = Field(examples=[830])
    imported_forecast: int | None = Field(examples=[11920])
    exported_forecast: int | None = Field(examples=[910])


class PublishedBasis(BaseModel):
    """The epochs that were taken, and the log of the last publication among them."""

    epochs: int = Field(examples=[672])
    last: Source | None
    text: str = Field(examples=["672 epochs published; each day foreseen from the four weeks before it"])


class PublishedEnergy(BaseModel):
    """A microgrid's hours. An error is the sum of what the forecast was off over the sum of what came; null without."""

    microgrid: str = Field(examples=["MG1"])
    since: Time
    until: Time
    zone: str = Field(description="Whose hours and days count.", examples=["Asia/Seoul"])
    hours: list[HourOfGrid]
    imported_error: float | None = Field(examples=[0.082])
    exported_error: float | None = Field(examples=[0.21])
    basis: PublishedBasis


def routes() -> APIRouter:
    """The route on a microgrid's published energy."""
    router = APIRouter(tags=["microgrids"])

    @router.get(
        "/v1/microgrids/{microgrid}/energy",
        summary="Published sums of a microgrid beside their forecast",
        description="At most 31 days; without times the last 7 and the next one.",
        responses=ERRORS,
    )
    def energy(http: Request, microgrid: Microgrid, since: Moment = None, until: Moment = None) -> PublishedEnergy:
        zone: ZoneInfo = http.app.state.zone
        begin, end = span(http, since, now(http) + DAY if until is None else until, None, USUAL + DAY)
        check_span(begin, end, LONGEST)
        rules = _rules(database(http), plasma(http), microgrid)
        return _energy(database(http), plasma(http).id, (microgrid, rules), (begin, end), zone)

    return router


def _rules(index: Database, chain: FollowedChain, name: str) -> Any:
    found = (one.rules for one in GridState(index, chain.id).microgrids())
    rules = next((one for one in found if chain.microgrid_of(one.token) == name), None)
    if rules is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such microgrid is known: GET /v1/microgrids lists them")
    return rules


def _energy(
    index: Database, chain: int, microgrid: tuple[str, Any], asked: tuple[int, int], zone: ZoneInfo
) -> PublishedEnergy:
    name, rules = microgrid
    since, until = beginning(asked[0], zone), beginning(asked[1] + HOUR - 1, zone)
    day = datetime.fromtimestamp(since, zone).date() - timedelta(days=PAST_DAYS)
    start = int(midnight(day, zone).timestamp())
    epochs = published(index, chain, rules, start, until)
    known = _known(epochs, rules.epoch_length, start, (until - start) // HOUR, zone)
    began = datetime.fromtimestamp(start, zone)
    foreseen = np.stack([day_by_day(column, began) for column in known.T], axis=1)
    asked_for = slice((since - start) // HOUR, None)
    known, foreseen = known[asked_for], foreseen[asked_for]
    last = epochs.newest
    text = f"{len(epochs.rows)} epochs published; each day foreseen from the four weeks before it"
    return PublishedEnergy(
        microgrid=name,
        since=since,
        until=until,
        zone=zone.key,
        hours=[_hour(since + place * HOUR, *row) for place, row in enumerate(np.hstack([known, foreseen]))],
        imported_error=_error(known[:, 0], foreseen[:, 0]),
        exported_error=_error(known[:, 1], foreseen[:, 1]),
        basis=PublishedBasis(epochs=len(epochs.rows), last=None if last is None else Source.of(last), text=text),
    )


def _known(epochs: Epochs, length: int, start: int, count: int, zone: ZoneInfo) -> Floats:
    """Wh imported and exported [hours, 2] from `start` on; NaN where an epoch lacks."""
    known = np.full((count, 2), np.nan)
    if epochs.rows:
        starts = [row.epoch * length for row in epochs.rows]
        columns = [[row.imported for row in epochs.rows], [row.exported for row in epochs.rows]]
        hours = hours_of(starts, length, columns, zone).known
        first = (beginning(starts[0], zone) - start) // HOUR
        hours = hours[max(0, -first) :]
        place = max(0, first)
        known[place : place + len(hours)] = hours[: count - place]
    return known


def _hour(start: int, imported: float, exported: float, imported_ahead: float, exported_ahead: float) -> HourOfGrid:
    return HourOfGrid(
        start=start,
        imported=_whole(imported),
        exported=_whole(exported),
        imported_forecast=_whole(imported_ahead),
        exported_forecast=_whole(exported_ahead),
    )


def _whole(wh: float) -> int | None:
    return None if np.isnan(wh) else round(wh)


def _error(known: Floats, foreseen: Floats) -> float | None:
    both = ~np.isnan(known) & ~np.isnan(foreseen)
    total = float(known[both].sum())
    return float(np.abs(known - foreseen)[both].sum()) / total if total else None
