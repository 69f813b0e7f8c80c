"""A service of JSON objects at a URL, as its clients ask it: with a bound on time and size, and without redirects."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from offchain.errors import UserError

LARGEST_ANSWER = 65_536
LONGEST_REASON = 300


def is_address(url: str) -> bool:
    """Whether a text is the URL of an HTTP service."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


@dataclass(frozen=True)
class Answer:
    """A JSON object and its HTTP status."""

    status: int
    content: dict[str, Any]

    @property
    def refusal(self) -> str | None:
        """Why the service refuses, in one line; None if it doesn't."""
        if self.status < 400:
            return None
        return " ".join(str(self.content.get("error", self.status))[:LONGEST_REASON].split())


class HTTPClient:
    """A service; `what` names it in errors, which are of the kind `error`. Raises one if the URL is none."""

    def __init__(self, url: str, what: str, error: type[UserError]) -> None:
        if not is_address(url):
            raise error(f"{url} is no address of a {what}: give http://HOST:PORT")
        self.url, self._what, self._error = url.rstrip("/"), what, error
        self._session = requests.Session()

    def ask(self, method: str, path: str, seconds: float, body: str | None = None) -> Answer:
        """What the service answers to a request, refusals included. Raises an error if it doesn't answer with JSON in
        time: `seconds` are for the beginning of an answer, and for all that follows it."""
        try:
            options: dict[str, Any] = {"timeout": seconds, "stream": True, "allow_redirects": False}
            options["headers"] = {"Content-Type": "application/json"}
            with self._session.request(method, self.url + path, data=body, **options) as answer:
                text, until = b"", time.monotonic() + seconds
                while len(text) <= LARGEST_ANSWER and (part := answer.raw.read1(LARGEST_ANSWER, decode_content=True)):
                    if time.monotonic() > until:
                        raise TimeoutError
                    text += part
        except (requests.RequestException, HTTPError, OSError) as error:
            raise self._error(f"the {self._what} at {self.url} doesn't answer ({type(error).__name__})") from error
        try:
            content = json.loads(text) if len(text) <= LARGEST_ANSWER else None
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise self._error(f"what answers at {self.url} is no {self._what}")
        return Answer(answer.status_code, content)
