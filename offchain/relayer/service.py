"""The relayer over HTTP (docs/reference/relayer.md). Every error is JSON with one line, `{"error": ...}`."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse

from offchain import http_service
from offchain.http_service import Refusal, answer_errors, read_body
from offchain.rate import Rate
from offchain.relayer.relayer import Relayer
from offchain.wallet.request import Request, RequestError

LARGEST_BODY = 16_384
"""Bytes of a request; the largest that makes sense has about 10,000."""

AT_ONCE = 32
"""Requests worked on at the same time."""

PER_MINUTE, BURST = 60, 30
"""Requests of one network address."""

log = logging.getLogger("openmg.relayer")


def service(relayer: Relayer, rate: Rate | None = None, origins: Sequence[str] = ()) -> FastAPI:
    """The application; `origins` are those of the pages that may ask it from a browser, `*` for all. Nothing of a
    request or its sender is logged but the operation and its public transaction."""
    app = FastAPI(title="Enhanced Open MG relayer", docs_url=None, redoc_url=None)
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST"], allow_headers=["Content-Type"]
        )
    limit = rate or Rate(PER_MINUTE, BURST)
    free = asyncio.Semaphore(AT_ONCE)

    @app.get("/terms", summary="The relayer's account, address and fees")
    async def terms() -> JSONResponse:
        return JSONResponse(relayer.terms())

    @app.post("/requests", summary="Sends a request made out to this relayer")
    async def requests(http: HTTPRequest) -> JSONResponse:
        if not limit.allows(http.client.host if http.client else ""):
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "too many requests: wait a minute")
        request = Request.from_json(await read_body(http, LARGEST_BODY))
        if free.locked():
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the relayer is busy: try again in a moment")
        async with free:
            outcome = await run_in_threadpool(relayer.take, request)
        log.info("%s %s %s", request.operation.function, outcome.transaction, outcome.status)
        status = HTTPStatus.ACCEPTED if outcome.status == "pending" else HTTPStatus.OK
        return JSONResponse({"transaction": outcome.transaction, "status": outcome.status}, status)

    answer_errors(app, {RequestError: HTTPStatus.BAD_REQUEST})
    return app


def serve(relayer: Relayer, listening: socket.socket, origins: Sequence[str] = ()) -> None:
    """Runs the service on a socket until it is stopped."""
    log.setLevel(logging.INFO)
    http_service.serve(service(relayer, origins=origins), listening)
