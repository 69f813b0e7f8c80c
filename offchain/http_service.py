"""What the project's HTTP services have in common: bodies of bounded size, and errors of one line, `{"error": ...}`."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from threading import Thread
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from offchain.errors import UserError

if TYPE_CHECKING:
    import uvicorn

BODY_SECONDS = 10
ENDING_SECONDS = 10


class Refusal(UserError):
    """Says in one line why a request isn't answered; `status` is that of the HTTP answer."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def error_answer(status: int, line: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error as JSON."""
    return JSONResponse({"error": " ".join(line.split())}, status, headers)


async def read_body(http: Request, most: int) -> bytes:
    """The body of a request. Raises Refusal if it has more than `most` bytes, or is slow."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in http.stream():
                body += part
                if len(body) > most:
                    raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has at most {most:,} bytes")
    except TimeoutError:
        raise Refusal(HTTPStatus.REQUEST_TIMEOUT, f"the request took more than {BODY_SECONDS} s to come") from None
    except ClientDisconnect:
        raise Refusal(HTTPStatus.BAD_REQUEST, "the connection ended before the request did") from None
    return bytes(body)


def serve(app: FastAPI, listening: socket.socket) -> None:
    """Runs an application on a socket until it is stopped. Answers without an end look at `app.state.ending`."""
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    _server(app).run(sockets=[listening])


@contextmanager
def serving(app: FastAPI, listening: socket.socket) -> Iterator[str]:
    """Runs an application on a socket in a thread until the block ends; its URL."""
    server = _server(app)
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    host, port = listening.getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(ENDING_SECONDS)


def _server(app: FastAPI) -> uvicorn.Server:
    import uvicorn

    from offchain.settings import settings

    rules = uvicorn.Config(
        app, access_log=False, log_level="warning", server_header=False, forwarded_allow_ips=settings.proxies
    )
    server = uvicorn.Server(rules)
    app.state.ending = lambda: server.should_exit
    return server


def answer_errors(app: FastAPI, statuses: Mapping[type[UserError], HTTPStatus]) -> None:
    """Has the application answer errors in one line; `statuses` are those of kinds of errors, 503 for the others."""

    @app.exception_handler(UserError)
    async def refused(http: Request, error: UserError) -> JSONResponse:
        if isinstance(error, Refusal):
            return error_answer(error.status, str(error))
        known = (status for kind, status in statuses.items() if isinstance(error, kind))
        return error_answer(next(known, HTTPStatus.SERVICE_UNAVAILABLE), str(error))

    @app.exception_handler(HTTPException)
    async def unknown(http: Request, error: HTTPException) -> JSONResponse:
        return error_answer(error.status_code, f"{http.method} {http.url.path}: {error.detail}", error.headers)
