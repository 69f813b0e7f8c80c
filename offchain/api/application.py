"""The application that all routes hang on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from offchain.advice.library import Library
from offchain.api import (
    costs,
    forecasts,
    foreseen,
    gains,
    intake,
    live_values,
    loads,
    market,
    microgrids,
    models,
    own,
    published,
    quotes,
    roofs,
    service,
    system,
    tariffs,
    trust,
)
from offchain.api.access import Access, AddressLimit
from offchain.api.followed import Chains
from offchain.api.keys import KeyRing
from offchain.api.live import Live
from offchain.api.problem import answer_problems
from offchain.api.watch import Metrics, Watch, json_log
from offchain.history.database import Database
from offchain.history.intake import Intake

DESCRIPTION = """Readings of meters come in, people's own data and the microgrid's state go out. Energy is Wh, times are
Unix time. A key (`Authorization: Bearer omg_...`) opens what its scopes name, and of households' data only that of its
own meters. Every error is `application/problem+json` with one line."""

ROUTES = (
    intake.routes,
    own.routes,
    costs.routes,
    loads.routes,
    gains.routes,
    foreseen.routes,
    roofs.routes,
    tariffs.routes,
    service.routes,
    microgrids.routes,
    published.routes,
    market.routes,
    quotes.routes,
    trust.routes,
    models.routes,
    forecasts.routes,
    live_values.routes,
    system.routes,
)


@dataclass(frozen=True)
class Rules:
    """How the service behaves: `window` seconds that readings may come late, requests a minute of a key or an
    address, web origins that may call it, the time zone of days and months, the tariffs and climates that advice knows,
    and what an ETH costs in their currency, if the service says so."""

    window: int = 3 * 24 * 60 * 60
    per_minute: int = 600
    origins: tuple[str, ...] = ()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Seoul"))
    library: Library = field(default_factory=Library.of)
    eth_price: float | None = None


def application(
    database: Database,
    rules: Rules,
    log: Any = None,
    chains: Chains | None = None,
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """The API on a database, and on the chains whose events the index in it holds. `clock` gives Unix time."""
    app = FastAPI(title="Enhanced Open MG", version="1", description=DESCRIPTION, docs_url=None, redoc_url=None)
    app.state.database, app.state.zone = database, rules.zone
    app.state.clock, app.state.intake = clock, Intake(database, rules.window, clock)
    app.state.library, app.state.eth_price = rules.library, rules.eth_price
    app.state.access = Access(KeyRing(database), rules.per_minute)
    app.state.metrics = metrics = Metrics()
    app.state.chains = followed = chains or Chains()
    app.state.ending = lambda: False
    app.state.live = Live(partial(live_values.live_text, database, followed), lambda: app.state.ending())
    for routes in ROUTES:
        app.include_router(routes())
    answer_problems(app)
    app.add_middleware(SafeHeaders)
    app.add_middleware(AddressLimit, per_minute=rules.per_minute)
    if rules.origins:
        app.add_middleware(  # outside of the limit, so that a page can read why it is refused, and for how long
            CORSMiddleware,
            allow_origins=list(rules.origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Retry-After"],
        )
    app.add_middleware(Watch, metrics=metrics, log=log or json_log())
    return app


class SafeHeaders:
    """Has no browser guess what an answer is, and nobody keep what needed a key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        private = scope["type"] == "http" and any(name == b"authorization" for name, _ in scope["headers"])

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-content-type-options", b"nosniff")]
                if private:
                    message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        await self._app(scope, receive, with_headers)
