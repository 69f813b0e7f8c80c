"""A store over HTTP. Every error is JSON with one line, `{"error": ...}`."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import msgspec
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from offchain.errors import UserError
from offchain.http_service import answer_errors, read_body
from offchain.ppdl.network.publication import ENVELOPE_BYTES, LARGEST, Kind, Publication
from offchain.ppdl.network.store import FolderStore

AT_ONCE = 16
"""Publications taken in at the same time."""


def service(store: FolderStore) -> FastAPI:
    """The application."""
    app = FastAPI(title="Enhanced Open MG store", docs_url=None, redoc_url=None)
    free = asyncio.Semaphore(AT_ONCE)

    @app.post("/publications", summary="Takes a publication, as MessagePack")
    async def publish(request: Request) -> JSONResponse:
        async with free:
            publication = Publication.from_bytes(await read_body(request, max(LARGEST.values()) + ENVELOPE_BYTES))
            await run_in_threadpool(store.publish, publication)
        return JSONResponse({"hash": "0x" + publication.hash.hex()})

    @app.get("/publications/{round_}/{kind}", summary="All publications of a kind in a round, as MessagePack")
    async def publications(round_: int, kind: Kind) -> Response:
        found = await run_in_threadpool(store.publications, round_, kind)
        content = msgspec.msgpack.encode([publication.to_bytes() for publication in found])
        return Response(content, media_type="application/msgpack")

    answer_errors(app, {UserError: HTTPStatus.BAD_REQUEST})
    return app
