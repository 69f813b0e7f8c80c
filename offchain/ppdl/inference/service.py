"""Plain forecasts over HTTP, many at once (docs/reference/inference-market.md). Every error is JSON with one line."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import msgspec
import numpy as np
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from offchain.http_service import Refusal, answer_errors, read_body
from offchain.ppdl.inference.integer_model import ANSWER_FRACTION, ModelError, quantise_features
from offchain.ppdl.inference.served import Models, Served

MOST_ROWS = 10_000
LARGEST_BODY = 8 << 20
"""Bytes of a request: so many rows of thirty numbers with all their digits."""

AT_ONCE = 4
"""Requests worked on at the same time."""


class Features(msgspec.Struct, forbid_unknown_fields=True):
    """Rows of features, in units of their scale."""

    features: list[list[float]]


class About(msgspec.Struct):
    """Which model answers: its number, its hash as headers name it, and how many features a row has."""

    model: int
    weight_hash: str
    inputs: int


class Forecasts(msgspec.Struct):
    """A forecast a row, in units of the scaled target, and the model they are of."""

    model: int
    weight_hash: str
    forecasts: list[float]


def service(models: Models) -> FastAPI:
    """The application. It answers with the newest model that is there."""
    app = FastAPI(title="Enhanced Open MG forecasts", docs_url=None, redoc_url=None)
    free = asyncio.Semaphore(AT_ONCE)

    @app.get("/model", summary="The model that forecasts are made with")
    async def about() -> Response:
        return _answer(await run_in_threadpool(model_of, models))

    @app.post("/forecasts", summary="Forecasts for rows of features")
    async def forecasts(http: Request) -> Response:
        async with free:
            body = await read_body(http, LARGEST_BODY)
            return _answer(await run_in_threadpool(forecasts_of, models, body))

    answer_errors(app, {ModelError: HTTPStatus.BAD_REQUEST})
    return app


def model_of(models: Models) -> About:
    """The newest model. Raises UserError if it can't be read."""
    number = models.head()
    served = models.model(number)
    return About(number, _hash(served), served.model.layers[0])


def forecasts_of(models: Models, body: bytes) -> Forecasts:
    """The newest model's forecasts for a request's rows. Raises Refusal, ModelError, or UserError without a model."""
    rows = _rows(body)
    number = models.head()
    served = models.model(number)
    inputs = served.model.layers[0]
    for place, row in enumerate(rows):
        if len(row) != inputs:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"row {place} has {len(row)} features: {inputs} are needed")
    answers = served.model.answers(quantise_features(np.array(rows, np.float64).reshape(len(rows), inputs)))
    return Forecasts(number, _hash(served), (answers / (1 << ANSWER_FRACTION)).tolist())


def _rows(body: bytes) -> list[list[float]]:
    try:
        rows = msgspec.json.decode(body, type=Features).features
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        what = f'give JSON, {{"features": [[...], ...]}}: {error}'
        raise Refusal(HTTPStatus.BAD_REQUEST, what) from error
    if len(rows) > MOST_ROWS:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has at most {MOST_ROWS:,} rows of features")
    return rows


def _hash(served: Served) -> str:
    return f"0x{served.hash:064x}"


def _answer(content: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")
