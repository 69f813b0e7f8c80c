"""The sealed blocks over HTTP, for those who execute them again.

`GET /blocks?first=7&limit=100&wait=20` answers `{"genesis", "height", "blocks": [{"number", "timestamp", "hash",
"parent", "transactions"}]}`, bytes being hex. It waits up to so many seconds for a first block.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

import msgspec
import requests
from fastapi import FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.requests import Request
from urllib3.exceptions import HTTPError

from offchain.errors import UserError
from offchain.plasma.leader import Leader
from offchain.plasma.log import SealedBlock

MOST_BLOCKS = 200
MOST_BYTES = 2**23
"""Bytes of transactions after which an answer has no further block."""

MOST_WAIT = 30
ANSWER_LIMIT = 2**29
"""Bytes that a client takes at most: a block of a billion gas is far smaller."""


class FeedError(UserError):
    """Says in one line why the feed gives no blocks; trying again may help."""


class FeedContentError(UserError):
    """Says in one line what is wrong with the blocks that the feed gave."""


class _Block(msgspec.Struct):
    number: int
    timestamp: int
    hash: str
    parent: str
    transactions: list[str]


class _Page(msgspec.Struct):
    genesis: str
    height: int
    blocks: list[_Block]


@dataclass(frozen=True)
class Page:
    """An answer of the feed: the genesis block's hash, the leader's last block, some blocks."""

    genesis: bytes
    height: int
    blocks: tuple[SealedBlock, ...]


def feed(leader: Leader) -> FastAPI:
    """The application."""
    app = FastAPI(title="Enhanced Open MG plasma feed", docs_url=None, redoc_url=None)

    @app.get("/blocks", summary="Sealed blocks with their raw transactions")
    async def blocks(
        first: Annotated[int, Query(ge=1, lt=2**63)],
        limit: Annotated[int, Query(ge=1, le=MOST_BLOCKS)] = MOST_BLOCKS,
        wait: Annotated[float, Query(ge=0, le=MOST_WAIT)] = 0,
    ) -> Response:
        with suppress(TimeoutError):  # then there are none
            async with asyncio.timeout(wait):
                await leader.news(first - 1)
        found = await asyncio.to_thread(_some, leader, first, limit)
        page = _Page(leader.genesis.hex(), leader.height, found)
        return Response(msgspec.json.encode(page), media_type="application/json")

    @app.exception_handler(UserError)
    async def stopped(http: Request, error: UserError) -> Response:
        return _error(HTTPStatus.SERVICE_UNAVAILABLE, str(error))

    @app.exception_handler(RequestValidationError)
    async def refused(http: Request, error: RequestValidationError) -> Response:
        problem = error.errors()[0]
        return _error(HTTPStatus.BAD_REQUEST, f"{problem['loc'][-1]}: {problem['msg']}")

    return app


def _some(leader: Leader, first: int, limit: int) -> list[_Block]:
    blocks: list[_Block] = []
    size = 0
    while len(blocks) < limit and size < MOST_BYTES:
        number = first + len(blocks)
        found = leader.blocks(number, number)
        if not found:
            break
        blocks += map(_shown, found)
        size += sum(map(len, found[0].transactions))
    return blocks


def _shown(block: SealedBlock) -> _Block:
    raws = [raw.hex() for raw in block.transactions]
    return _Block(block.number, block.timestamp, block.hash.hex(), block.parent.hex(), raws)


def _error(status: int, line: str) -> Response:
    return Response(msgspec.json.encode({"error": " ".join(line.split())}), status, media_type="application/json")


class FeedClient:
    """Fetches blocks from the feed at `url`. For one thread at a time."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()

    def page(self, first: int, limit: int = MOST_BLOCKS, wait: float = 0) -> Page:
        """Blocks from a number on, in order; none if there are none after `wait` seconds.

        Raises FeedError if there is no answer, FeedContentError if it is no page of blocks from that number on.
        """
        query: dict[str, int | float] = {"first": first, "limit": limit, "wait": wait}
        try:
            with self._session.get(f"{self.url}/blocks", params=query, timeout=wait + 30, stream=True) as answer:
                text = answer.raw.read(ANSWER_LIMIT + 1, decode_content=True)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise FeedError(f"the leader at {self.url} doesn't answer ({type(error).__name__})") from error
        if answer.status_code != HTTPStatus.OK:
            raise FeedError(
                f"the leader at {self.url} answers {answer.status_code}: {text[:200].decode(errors='replace')}"
            )
        try:
            content = msgspec.json.decode(text, type=_Page)
            blocks = tuple(_read(block) for block in content.blocks)
            page = Page(_digest(content.genesis), content.height, blocks)
        except ValueError as error:
            raise FeedContentError(f"the leader at {self.url} gives no page of blocks: {error}") from error
        if [block.number for block in blocks] != list(range(first, first + len(blocks))) or len(blocks) > limit:
            raise FeedContentError(f"the leader at {self.url} gives other blocks than {first} and those that follow")
        return page

    def close(self) -> None:
        """Closes the connection."""
        self._session.close()


def _read(block: _Block) -> SealedBlock:
    raws = tuple(bytes.fromhex(raw) for raw in block.transactions)
    return SealedBlock(block.number, block.timestamp, _digest(block.hash), _digest(block.parent), raws)


def _digest(text: str) -> bytes:
    digest = bytes.fromhex(text)
    if len(digest) != 32:
        raise ValueError("a hash has 32 bytes")
    return digest
