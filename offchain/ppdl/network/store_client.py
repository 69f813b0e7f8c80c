"""A store at a URL. What it answers is checked: a store that lies can only leave out."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
import requests

from offchain.ppdl.aggregation.messages import Domain
from offchain.ppdl.network.publication import Kind, NoAnswer, Publication, PublicationError
from offchain.ppdl.network.store import MOST_KEPT

CONNECTING, ANSWERING = 3, 30
"""Seconds until a store counts as not answering."""


class StoreClient:
    """A store over HTTP, for the participants of one registry."""

    def __init__(self, url: str, domain: Domain) -> None:
        """Raises PublicationError if the URL is none."""
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise PublicationError(f"{url} is no address of a store: give http://HOST:PORT")
        self._url, self._domain = url.rstrip("/"), domain
        self._session = requests.Session()
        self._checked: dict[bytes, Publication] = {}

    def publish(self, publication: Publication) -> None:
        """Raises PublicationError with the store's reason if it isn't accepted, or there is no answer."""
        self._ask("POST", "/publications", publication.to_bytes())

    def publications(self, round_: int, kind: Kind) -> list[Publication]:
        """Those that aren't what was asked for, or not their sender's, are left out."""
        content = self._ask("GET", f"/publications/{round_}/{kind}")
        found = []
        try:
            listed = msgspec.msgpack.decode(content, type=list[bytes])
        except (msgspec.DecodeError, ValueError) as error:
            raise NoAnswer(f"the store at {self._url} doesn't answer as a store does") from error
        for one in listed:
            try:
                publication = self._check(one)
            except PublicationError:
                continue
            if (publication.round, publication.kind) == (round_, kind):
                found.append(publication)
        return found

    def _check(self, content: bytes) -> Publication:
        """A publication that was checked, now or before. Raises PublicationError."""
        known = self._checked.get(content)
        if known is None:
            known = Publication.from_bytes(content)
            known.check(self._domain)
            if len(self._checked) >= MOST_KEPT:
                self._checked.clear()
            self._checked[content] = known
        return known

    def _ask(self, method: str, path: str, content: bytes | None = None) -> bytes:
        try:
            answer = self._session.request(method, self._url + path, data=content, timeout=(CONNECTING, ANSWERING))
        except requests.RequestException as error:
            raise NoAnswer(f"the store at {self._url} doesn't answer ({type(error).__name__})") from error
        if answer.status_code != requests.codes.ok:
            raise PublicationError(f"the store at {self._url} refused: {_reason(answer)}")
        return answer.content


def _reason(answer: requests.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP status {answer.status_code}"
