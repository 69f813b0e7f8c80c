"""The store over HTTP. Every error is JSON with one line, `{"error": ...}`.

PUT /rounds/ROUND/KIND/PARTICIPANT   a content, with its signature in the header X-Signature (hex)
GET /rounds/ROUND/KIND               a list of participant, content_hash and signature (hex)
GET /blobs/HASH                      a content
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from offchain.errors import UserError
from offchain.ppdl.aggregation.publication import Kind, PublicationError, Published
from offchain.ppdl.aggregation.store import AlreadyPublished, Store
from offchain.signature import SIGNATURE_LENGTH

BODY_SECONDS = 30
MOST_ROUND = 1 << 63


class BadRequest(UserError):
    """Says in one line why a request can't be read."""

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(reason)
        self.status = status


def store_service(store: Store) -> FastAPI:
    """The application over a store."""
    app = FastAPI(title="Enhanced Open MG store", docs_url=None, redoc_url=None)

    @app.put("/rounds/{round_}/{kind}/{participant}", summary="Publishes a content of a participant")
    async def publish(round_: int, kind: Kind, participant: str, http: Request) -> Response:
        address = _hex(participant, 20)
        signature = _hex(http.headers.get("X-Signature", ""), SIGNATURE_LENGTH)
        content = await _body(http, store.rules.most_bytes(kind))
        await run_in_threadpool(store.publish, Published(_round(round_), kind, address, content, signature))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @app.get("/rounds/{round_}/{kind}", summary="Who published what of a kind in a round")
    async def published(round_: int, kind: Kind) -> JSONResponse:
        names = ("participant", "content_hash", "signature")
        found = await run_in_threadpool(store.signatures, _round(round_), kind)
        return JSONResponse([dict(zip(names, ("0x" + one.hex() for one in row), strict=True)) for row in found])

    @app.get("/blobs/{content_hash}", summary="The content of a hash")
    async def blob(content_hash: str) -> Response:
        content = await run_in_threadpool(store.blob, _hex(content_hash, 32))
        if content is None:
            raise BadRequest(f"there is no content {content_hash}", HTTPStatus.NOT_FOUND)
        return Response(content, media_type="application/octet-stream")

    @app.exception_handler(UserError)
    async def refused(http: Request, error: UserError) -> JSONResponse:
        status = HTTPStatus.SERVICE_UNAVAILABLE
        if isinstance(error, BadRequest):
            status = error.status
        elif isinstance(error, PublicationError):
            status = HTTPStatus.CONFLICT if isinstance(error, AlreadyPublished) else HTTPStatus.FORBIDDEN
        return _error(status, str(error))

    @app.exception_handler(RequestValidationError)
    async def wrong(http: Request, error: RequestValidationError) -> JSONResponse:
        problem = error.errors()[0]
        return _error(HTTPStatus.BAD_REQUEST, f"{problem['loc'][-1]}: {problem['msg']}")

    @app.exception_handler(HTTPException)
    async def unknown(http: Request, error: HTTPException) -> JSONResponse:
        return _error(error.status_code, f"{http.method} {http.url.path}: {error.detail}")

    return app


def _error(status: int, line: str) -> JSONResponse:
    return JSONResponse({"error": " ".join(line.split())}, status)


def _round(number: int) -> int:
    if not 0 <= number < MOST_ROUND:
        raise BadRequest(f"{number} is no round")
    return number


def _hex(text: str, length: int) -> bytes:
    digits = text.removeprefix("0x")
    if len(digits) != 2 * length or not set(digits) <= set("0123456789abcdefABCDEF"):
        raise BadRequest(f"{length} bytes in hex are needed")
    return bytes.fromhex(digits)


async def _body(http: Request, most: int) -> bytes:
    """The body of a request. Raises BadRequest if it is too large or too slow."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in http.stream():
                body += part
                if len(body) > most:
                    raise BadRequest(f"at most {most:,} bytes are taken", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except TimeoutError:
        raise BadRequest(f"the content took more than {BODY_SECONDS} s", HTTPStatus.REQUEST_TIMEOUT) from None
    except ClientDisconnect:
        raise BadRequest("the connection ended before the content did") from None
    return body
