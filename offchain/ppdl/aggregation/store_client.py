"""Stores as a participant sees them: what they say is checked by hash and signature, and one of several is enough."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.ppdl.aggregation.lanes import MOST_CLIENTS
from offchain.ppdl.aggregation.publication import Kind, PublicationError, Publications, Published, Rules
from offchain.ppdl.aggregation.store import MOST_UPDATES

SECONDS = 30
LARGEST_LIST = MOST_UPDATES * MOST_CLIENTS * 512
"""Bytes; an entry has about 320."""

log = logging.getLogger("openmg.ppdl")


class StoreUnavailable(UserError):
    """Says in one line why a store gives or takes nothing; asking again, or another one, may help."""


class StoreClient:
    """The store at a URL. For one thread at a time. Raises StoreUnavailable if the URL is none."""

    def __init__(self, url: str, rules: Rules) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise StoreUnavailable(f"{url} is no address of a store: give http://HOST:PORT")
        self.url = url.rstrip("/")
        self.rules = rules
        self._session = requests.Session()
        self._round, self._contents = 0, dict[bytes, bytes]()

    def publish(self, published: Published) -> None:
        """Has it stored. Raises PublicationError if the store refuses it, StoreUnavailable."""
        path = f"/rounds/{published.round}/{published.kind}/0x{published.participant.hex()}"
        headers = {"X-Signature": published.signature.hex()}
        status, answer = self._ask("PUT", path, LARGEST_LIST, data=published.content, headers=headers)
        if status in (HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT):
            raise PublicationError(_reason(answer))
        if status != HTTPStatus.NO_CONTENT:
            raise StoreUnavailable(f"the store at {self.url} takes nothing: {_reason(answer)}")

    def published(self, round_: int, kind: Kind) -> list[Published]:
        """All of a kind in a round; what isn't signed as it should be is left out. Raises StoreUnavailable."""
        if round_ != self._round:
            self._round, self._contents = round_, {}
        return list(self._published(round_, kind))

    def _published(self, round_: int, kind: Kind) -> Iterator[Published]:
        for row in self._list(round_, kind):
            try:
                participant, content_hash, signature = (
                    bytes.fromhex(row[name].removeprefix("0x")) for name in ("participant", "content_hash", "signature")
                )
            except (KeyError, TypeError, AttributeError, ValueError):
                raise StoreUnavailable(f"what answers at {self.url} is no store") from None
            found = Published(round_, kind, participant, self._content(content_hash, kind), signature)
            try:
                self.rules.check(found)
                yield found
            except PublicationError as error:
                log.warning("the store at %s has something false: %s", self.url, error)

    def _list(self, round_: int, kind: Kind) -> list[Any]:
        status, answer = self._ask("GET", f"/rounds/{round_}/{kind}", LARGEST_LIST)
        try:
            rows = json.loads(answer) if status == HTTPStatus.OK else None
        except (ValueError, RecursionError):
            rows = None
        if not isinstance(rows, list):
            raise StoreUnavailable(f"the store at {self.url} has no list of round {round_}: {_reason(answer)}")
        return rows

    def _content(self, content_hash: bytes, kind: Kind) -> bytes:
        if content_hash not in self._contents:
            status, content = self._ask("GET", f"/blobs/0x{content_hash.hex()}", self.rules.most_bytes(kind))
            if status != HTTPStatus.OK or keccak(content) != content_hash:
                raise StoreUnavailable(f"the store at {self.url} has another content than 0x{content_hash.hex()}")
            self._contents[content_hash] = content
        return self._contents[content_hash]

    def _ask(self, method: str, path: str, most: int, **options: Any) -> tuple[int, bytes]:
        try:
            with self._session.request(
                method, self.url + path, timeout=SECONDS, stream=True, allow_redirects=False, **options
            ) as answer:
                content = answer.raw.read(most + 1, decode_content=True)
        except (requests.RequestException, OSError) as error:
            raise StoreUnavailable(f"the store at {self.url} doesn't answer ({type(error).__name__})") from error
        if len(content) > most:
            raise StoreUnavailable(f"the store at {self.url} says more than {most:,} bytes")
        return answer.status_code, content


class Stores:
    """Several stores, at least one: something is published if one takes it, and read wherever it is."""

    def __init__(self, stores: Sequence[Publications]) -> None:
        self._stores = stores

    def publish(self, published: Published) -> None:
        """Has it stored in all. Raises the last one's error if all refuse it or are out of reach."""
        errors = []
        for store in self._stores:
            try:
                store.publish(published)
            except UserError as error:
                errors.append(error)
        if len(errors) == len(self._stores):
            raise errors[-1]

    def published(self, round_: int, kind: Kind) -> list[Published]:
        """What any has, each once. Raises the last one's error if none can be read."""
        found: dict[Published, None] = {}
        errors = []
        for store in self._stores:
            try:
                found |= dict.fromkeys(store.published(round_, kind))
            except UserError as error:
                errors.append(error)
        if len(errors) == len(self._stores):
            raise errors[-1]
        return list(found)


def _reason(answer: bytes) -> str:
    """The line of an error, as far as it is one."""
    try:
        text = str(json.loads(answer)["error"])
    except (ValueError, RecursionError, KeyError, TypeError, IndexError):
        text = "it gives no reason"
    return " ".join(text.split())[:300]
