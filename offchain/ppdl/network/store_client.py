"""A store at a URL. What it answers is checked: a store that lies can only leave out, and one that is slow or never
ends takes no more than its time."""

from __future__ import annotations

import asyncio
import json
import time
from functools import lru_cache
from typing import Annotated

import aiohttp
import msgspec

from offchain.http_client import is_address
from offchain.ppdl.aggregation.lanes import MOST_CLIENTS
from offchain.ppdl.aggregation.messages import Domain
from offchain.ppdl.network.publication import ENVELOPE_BYTES, LARGEST, Kind, NoAnswer, Publication, PublicationError
from offchain.ppdl.network.store import MOST_KEPT

CONNECTING, ANSWERING = 3, 30
"""Seconds until a store counts as not answering: for the connection, and for all of the answer."""
CHECKING = 30
"""Seconds for the signatures of an answer; the next one goes on from there."""
MOST_LISTED = 2 * MOST_CLIENTS
"""Publications in one answer: of each in a round one, and one that is evidence."""
MOST_BYTES = 1 << 28
"""Of any answer."""
LARGEST_REPLY = 1 << 16
"""Bytes of what a store says to a publication."""
LONGEST_REASON = 300
PART = 1 << 16


class StoreClient:
    """A store over HTTP, for the participants of one registry. Not for use within an event loop."""

    def __init__(self, url: str, domain: Domain) -> None:
        """Raises PublicationError if the URL is none."""
        if not is_address(url):
            raise PublicationError(f"{url} is no address of a store: give http://HOST:PORT")
        self._url, self._domain = url.rstrip("/"), domain

    def publish(self, publication: Publication) -> None:
        """Raises PublicationError with the store's reason if it isn't accepted, or there is no answer."""
        self._ask("POST", "/publications", LARGEST_REPLY, publication.to_bytes())

    def publications(self, round_: int, kind: Kind) -> list[Publication]:
        """Those that aren't what was asked for, or not their sender's, are left out. Raises PublicationError if there
        is no answer, or too much in it to be checked."""
        most = min(MOST_LISTED * (LARGEST[kind] + ENVELOPE_BYTES), MOST_BYTES)
        content = self._ask("GET", f"/publications/{round_}/{kind}", most)
        try:
            listed = msgspec.msgpack.decode(content, type=_Listed)
        except (msgspec.DecodeError, ValueError) as error:
            raise NoAnswer(f"the store at {self._url} doesn't answer as a store does") from error
        found, until = [], time.monotonic() + CHECKING
        for one in listed:
            if time.monotonic() > until:
                raise NoAnswer(f"what the store at {self._url} answers takes more than {CHECKING} s to check")
            try:
                publication = _checked(self._domain, one)
            except PublicationError:
                continue
            if (publication.round, publication.kind) == (round_, kind):
                found.append(publication)
        return found

    def _ask(self, method: str, path: str, most: int, content: bytes | None = None) -> bytes:
        """An answer of at most so many bytes. Raises NoAnswer or PublicationError."""
        try:
            status, answer = asyncio.run(self._exchange(method, path, most, content))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise NoAnswer(f"the store at {self._url} doesn't answer ({type(error).__name__})") from error
        if len(answer) > most:
            raise NoAnswer(f"the store at {self._url} answers with more than {most:,} bytes")
        if status != 200:
            raise PublicationError(f"the store at {self._url} refused: {_reason(status, answer)}")
        return answer

    async def _exchange(self, method: str, path: str, most: int, content: bytes | None) -> tuple[int, bytes]:
        """The status, and what was answered in time, up to a part after so many bytes. It isn't unpacked: little that
        is packed can be much."""
        timeout = aiohttp.ClientTimeout(total=ANSWERING, sock_connect=CONNECTING)
        plain = {"Accept-Encoding": "identity"}
        body = bytearray()
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=plain, auto_decompress=False, trust_env=True) as session,
            session.request(method, self._url + path, data=content, allow_redirects=False) as answer,
        ):
            async for part in answer.content.iter_chunked(PART):
                body += part
                if len(body) > most:
                    break
        return answer.status, bytes(body)


@lru_cache(maxsize=MOST_KEPT)
def _checked(domain: Domain, content: bytes) -> Publication:
    """A publication with its sender's signature, whichever store it is from. Raises PublicationError."""
    publication = Publication.from_bytes(content)
    publication.check(domain)
    return publication


def _reason(status: int, answer: bytes) -> str:
    """Why a store refused, in one line."""
    try:
        return " ".join(str(json.loads(answer)["error"]).split())[:LONGEST_REASON]
    except (ValueError, KeyError, TypeError, RecursionError):
        return f"HTTP status {status}"


_Listed = Annotated[list[bytes], msgspec.Meta(max_length=MOST_LISTED)]
