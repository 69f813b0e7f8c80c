"""What live streams show: prices, balances and the chains' heights."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request

from offchain.api.followed import Chains, chains, database, plasma
from offchain.api.live import EventStream, Live
from offchain.api.market import Exchange, exchange_list
from offchain.api.microgrids import MicrogridState, microgrid_states
from offchain.api.problem import described
from offchain.api.source import OPEN
from offchain.api.system import SystemHealth, system_health
from offchain.history.database import Database

EXCHANGES = 20
EVENTS = {"schema": {"type": "string"}, "example": "event: values\nid: 1\ndata: {}\n\n"}


class LiveValues(BaseModel):
    """What is newest; the first exchanges only."""

    health: SystemHealth
    microgrids: list[MicrogridState]
    exchanges: list[Exchange]


def live_values(index: Database, followed: Chains) -> LiveValues:
    """The newest values. Raises HistoryError."""
    chain = followed.plasma
    return LiveValues(
        health=system_health(index, followed),
        microgrids=[] if chain is None else microgrid_states(index, chain),
        exchanges=[] if chain is None else exchange_list(index, chain, EXCHANGES, (-1, -1)),
    )


def live_text(index: Database, followed: Chains) -> str:
    """The newest values as JSON in one line. Raises HistoryError."""
    return live_values(index, followed).model_dump_json()


def routes() -> APIRouter:
    """The route of live values."""
    router = APIRouter(tags=["live"])

    @router.get(
        "/v1/live",
        summary="Live values as server-sent events",
        description="An event `values` whenever something changed, with what is newest: its data is what "
        "`/v1/live/values` gives. A slow client misses what lies between.",
        response_class=EventStream,
        status_code=200,
        responses={**described(*OPEN), 200: {"description": "Events", "content": {EventStream.media_type: EVENTS}}},
    )
    async def live(http: Request) -> EventStream:
        plasma(http)
        hub: Live = http.app.state.live
        address = http.client.host if http.client else ""
        hub.check(address)
        return EventStream(hub, address)

    @router.get("/v1/live/values", summary="What live streams show now", responses=described(*OPEN))
    def values(http: Request) -> LiveValues:
        return live_values(database(http), chains(http))

    return router
