"""HTTP to a node on this machine: what needs no proxies, cookies, redirects or passwords costs half as much without."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any
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


class LocalSession(requests.Session):
    """Posts over kept-alive connections, which threads may share. Raises what requests would."""

    def __init__(self) -> None:
        super().__init__()
        self._pools = urllib3.PoolManager(maxsize=AT_ONCE)

    def post(self, url: Any, data: Any = None, json: Any = None, **more: Any) -> Any:
        """The answer to a body of bytes; `headers` and `timeout` (seconds) are as with requests."""
        if not isinstance(data, bytes) or json is not None:
            return super().post(url, data, json, **more)
        parts = urlsplit(url)
        path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        headers, seconds = more.get("headers"), more.get("timeout")
        try:
            pool = self._pools.connection_from_url(url)
            answer = pool.urlopen("POST", path, data, headers, retries=False, redirect=False, timeout=seconds)
        except urllib3.exceptions.ReadTimeoutError as error:
            raise requests.Timeout(error) from error
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(error) from error
        return Answer(answer.status, answer.reason or "", answer.data)

    def close(self) -> None:
        super().close()
        self._pools.clear()
