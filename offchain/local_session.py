"""HTTP to a node on this machine: what needs no proxies, cookies, redirects or passwords costs half as much without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3

AT_ONCE = 10
"""Connections that are kept for the next call, as requests keeps them."""


@dataclass(frozen=True)
class Answer:
    """As much of `requests.Response` as web3 uses."""

    status: int
    reason: str
    content: bytes

    def raise_for_status(self) -> None:
        """Raises requests.HTTPError for a status of 400 or more."""
        if self.status >= 400:
            raise requests.HTTPError(f"{self.status} {self.reason}")

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """There is nothing to close: the whole answer was read."""


class LocalSession:
    """Posts to one URL over kept-alive connections, which threads may share. Raises what requests would."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        self._pool = urllib3.connection_from_url(url, maxsize=AT_ONCE)

    def post(self, url: str, *, data: bytes, headers: Mapping[str, str], timeout: float, **_: object) -> Answer:
        """As web3 calls a session of requests: `url` is the session's own; what else it gives changes nothing."""
        try:
            answer = self._pool.urlopen(
                "POST", self._path, data, headers, retries=False, redirect=False, timeout=timeout
            )
        except urllib3.exceptions.ReadTimeoutError as error:
            raise requests.Timeout(error) from error
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(error) from error
        return Answer(answer.status, answer.reason or "", answer.data)
