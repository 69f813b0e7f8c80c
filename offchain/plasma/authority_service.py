"""An authority over HTTP: `POST /sign` with a checkpoint gives its signature, `GET /signed/EPOCH` tells which one
it has signed, `GET /status` how far it is. Every error is JSON with one line, `{"error": ...}`."""

from __future__ import annotations

import asyncio
import json
import logging
from http import HTTPStatus

import requests
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from offchain.errors import UserError
from offchain.plasma.authority import Authority, NotSigned
from offchain.plasma.checkpoint import Checkpoint, Domain
from offchain.plasma.checkpoint_maker import Blocks
from offchain.plasma.records import RecordError, to_bytes, to_hex
from offchain.plasma.signing_record import Equivocation
from offchain.signature import SignatureError, signer_of

LARGEST_BODY = 4_096
"""Bytes of a request; a checkpoint has about 900."""

ANSWER_SECONDS = 60

log = logging.getLogger("openmg.plasma")


class AuthorityUnavailable(UserError):
    """Says in one line why an authority gives no signature; asking again may help."""


def authority_service(authority: Authority, blocks: Blocks) -> FastAPI:
    """The application, over the blocks that the authority has executed."""
    app = FastAPI(title="Enhanced Open MG authority", docs_url=None, redoc_url=None)

    @app.get("/status", summary="The authority's address and its last block")
    async def status() -> JSONResponse:
        return JSONResponse({"authority": authority.address, "height": blocks.height})

    @app.get("/signed/{epoch}", summary="The checkpoint of an epoch that the authority has signed, null if none")
    async def signed(epoch: int) -> JSONResponse:
        found = authority.signed(epoch)
        return JSONResponse({"checkpoint": found and found.to_json()})

    @app.post("/sign", summary="Signs a checkpoint if it is what was executed here")
    async def sign(http: Request) -> JSONResponse:
        body = b""
        try:
            async for part in http.stream():
                body += part
                if len(body) > LARGEST_BODY:
                    status, most = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{LARGEST_BODY:,} bytes"
                    return _error(status, f"a checkpoint has at most {most}")
        except ClientDisconnect:
            return _error(HTTPStatus.BAD_REQUEST, "the request ended before its end")
        try:
            checkpoint = Checkpoint.from_json(json.loads(body))
        except (ValueError, RecursionError) as error:
            return _error(HTTPStatus.BAD_REQUEST, f"that is no JSON: {error}")
        signature = await asyncio.to_thread(authority.sign, checkpoint)
        log.info("signed checkpoint %d, blocks %d to %d", checkpoint.epoch, checkpoint.start, checkpoint.end)
        return JSONResponse({"signature": to_hex(signature)})

    @app.exception_handler(UserError)
    async def refused(http: Request, error: UserError) -> JSONResponse:
        log.warning("not signed: %s", error)
        if isinstance(error, RecordError):
            return _error(HTTPStatus.BAD_REQUEST, str(error))
        status = HTTPStatus.CONFLICT if isinstance(error, NotSigned | Equivocation) else HTTPStatus.SERVICE_UNAVAILABLE
        return _error(status, str(error))

    @app.exception_handler(RequestValidationError)
    async def wrong(http: Request, error: RequestValidationError) -> JSONResponse:
        problem = error.errors()[0]
        return _error(HTTPStatus.BAD_REQUEST, f"{problem['loc'][-1]}: {problem['msg']}")

    @app.exception_handler(HTTPException)
    async def unknown(http: Request, error: HTTPException) -> JSONResponse:
        return _error(error.status_code, f"{http.method} {http.url.path}: {error.detail}")

    return app


class AuthorityClient:
    """Asks an authority at a URL. For one thread at a time."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()

    def sign(self, domain: Domain, checkpoint: Checkpoint) -> bytes:
        """The authority's signature, checked to be one; who signed is to be recovered. Raises AuthorityUnavailable."""
        try:
            answer = self._session.post(f"{self.url}/sign", json=checkpoint.to_json(), timeout=ANSWER_SECONDS)
            content = answer.json()
            if answer.status_code != HTTPStatus.OK:
                raise AuthorityUnavailable(f"{self.url} doesn't sign: {str(content['error'])[:300]}")
            signature = to_bytes(content["signature"], 65)
            signer_of(domain.checkpoint_digest(checkpoint), signature)
            return signature
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise AuthorityUnavailable(f"{self.url} gives no signature ({type(error).__name__})") from error
        except (RecordError, SignatureError) as error:
            raise AuthorityUnavailable(f"{self.url} gives no signature: {error}") from error

    def signed(self, epoch: int) -> Checkpoint | None:
        """The checkpoint of an epoch that the authority says it has signed. Raises AuthorityUnavailable."""
        try:
            answer = self._session.get(f"{self.url}/signed/{epoch}", timeout=ANSWER_SECONDS)
            found = answer.json()["checkpoint"]
            return None if found is None else Checkpoint.from_json(found)
        except (requests.RequestException, ValueError, KeyError, TypeError, RecordError) as error:
            raise AuthorityUnavailable(f"{self.url} doesn't tell what it signed ({type(error).__name__})") from error


def _error(status: int, line: str) -> JSONResponse:
    return JSONResponse({"error": " ".join(line.split())}, status)
