"""A charging station over HTTP (docs/reference/charging.md). Every error is JSON with one line, `{"error": ...}`."""

from __future__ import annotations

import hmac
import json
import socket
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse

from offchain import http_service
from offchain.charging.journal import Session
from offchain.charging.statement import Account, Shielded, Transaction, WattHours
from offchain.charging.station import Station, allowed, flows
from offchain.http_service import Refusal, answer_errors, read_body
from offchain.metering.signed_reading import FormatError, SignedReading, Word, first_fault
from offchain.rate import Rate
from offchain.wallet.transactions import TransactionMissing

LARGEST_BODY = 4_096
PER_MINUTE, BURST = 240, 60
"""Requests of one network address."""


class Order(BaseModel):
    """What a car asks for."""

    model_config = ConfigDict(strict=True, extra="forbid")
    asset: Account
    order: WattHours = Field(ge=1)
    stream: bool
    refund_address: Shielded


class Claim(BaseModel):
    """A payment that a car shows."""

    model_config = ConfigDict(strict=True, extra="forbid")
    transaction: Transaction
    salt: Word


def status_of(session: Session) -> dict[str, Any]:
    """What a session's car is told."""
    return {
        "session": session.quote.session,
        "paid": str(session.paid),
        "allowed": allowed(session),
        "reading": session.reading.model_dump(mode="json") if session.reading else None,
        "flowing": flows(session),
        "ended": session.ended is not None,
        "receipt": session.receipt.model_dump(mode="json") if session.receipt else None,
    }


def service(station: Station, meter_token: str = "", rate: Rate | None = None) -> FastAPI:
    """The application. With a token, a meter outside this process may ask for whom energy flows and post readings.
    Nothing of who asks is logged."""
    app = FastAPI(title="Enhanced Open MG charging station", docs_url=None, redoc_url=None)
    limit = rate or Rate(PER_MINUTE, BURST)

    def admit(http: HTTPRequest) -> None:
        if not limit.allows(http.client.host if http.client else ""):
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "too many requests: wait a minute")

    def admit_meter(http: HTTPRequest) -> None:
        given = http.headers.get("Authorization", "").removeprefix("Bearer ")
        if not meter_token or not hmac.compare_digest(given.encode(), meter_token.encode()):
            raise Refusal(HTTPStatus.UNAUTHORIZED, "this is for the station's own meter")

    @app.get("/offer", summary="Prices, fees and what can be ordered")
    async def offer() -> JSONResponse:
        return JSONResponse(station.offer.model_dump(mode="json"))

    @app.post("/sessions", summary="A signed quote, which holds the socket for a while")
    async def sessions(http: HTTPRequest) -> JSONResponse:
        admit(http)
        asked = Order.model_validate(await _body(http))
        quote = await run_in_threadpool(
            station.open, asked.asset, asked.order, asked.refund_address, stream=asked.stream
        )
        return JSONResponse(quote.model_dump(mode="json"), HTTPStatus.CREATED)

    @app.get("/sessions/{name}", summary="How a session stands; at its end the receipt")
    async def session(name: str, http: HTTPRequest) -> JSONResponse:
        admit(http)
        return JSONResponse(status_of(await run_in_threadpool(station.session, name)))

    @app.post("/sessions/{name}/payments", summary="Shows a payment that is mined")
    async def payments(name: str, http: HTTPRequest) -> JSONResponse:
        admit(http)
        claim = Claim.model_validate(await _body(http))
        return JSONResponse(status_of(await run_in_threadpool(station.pay, name, claim.transaction, claim.salt)))

    @app.post("/sessions/{name}/end", summary="Ends a session")
    async def end(name: str, http: HTTPRequest) -> JSONResponse:
        admit(http)
        return JSONResponse(status_of(await run_in_threadpool(station.end, name)))

    @app.get("/outlet", summary="For the station's own meter: to which session energy flows, and how much it may get")
    async def outlet(http: HTTPRequest) -> JSONResponse:
        admit_meter(http)
        flowing = await run_in_threadpool(station.review)
        return JSONResponse(status_of(flowing) if flowing else {"flowing": False})

    @app.post("/readings", summary="For the station's own meter: what it has counted of a session")
    async def readings(http: HTTPRequest) -> JSONResponse:
        admit_meter(http)
        await run_in_threadpool(station.take, SignedReading.of(await _body(http)))
        return JSONResponse({})

    @app.exception_handler(ValidationError)
    async def faulty(http: HTTPRequest, error: ValidationError) -> JSONResponse:
        return http_service.error_answer(HTTPStatus.BAD_REQUEST, first_fault(error))

    answer_errors(app, {TransactionMissing: HTTPStatus.NOT_FOUND, FormatError: HTTPStatus.BAD_REQUEST})
    return app


def serve(station: Station, listening: socket.socket, meter_token: str = "") -> None:
    """Runs the service on a socket until it is stopped."""
    http_service.serve(service(station, meter_token), listening)


async def _body(http: HTTPRequest) -> Any:
    try:
        return json.loads(await read_body(http, LARGEST_BODY))
    except (ValueError, RecursionError):
        raise Refusal(HTTPStatus.BAD_REQUEST, "the request is no JSON") from None
