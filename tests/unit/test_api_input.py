"""Malformed, oversized and injected input of the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offchain.api.intake import LARGEST_BODY
from tests.history import KINDS, opened
from tests.metered import Api, last_interval, problem

SINCE_UNTIL = f"?since={last_interval(9)}&until={last_interval(0)}"


@pytest.fixture(params=KINDS)
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Api]:
    """The API on an empty history."""
    with opened(request.param, tmp_path) as database:
        yield Api(database)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/v1/me/energy?by=year", "query.by"),
        ("/v1/me/energy?since=yesterday", "query.since"),
        ("/v1/me/energy?since=-1", "query.since"),
        ("/v1/me/energy?since=1e400", "query.since"),
        ("/v1/me/energy?until=391739173917391739173917391799", "query.until"),
        ("/v1/me/energy?since=5&until=5", "until must come after since"),
        ("/v1/me/energy?since=0&by=hour", "at most 92 days"),
        ("/v1/me/energy?since=0&by=month", "at most 3700 days"),
        ("/v1/me/energy?meter=%27%20OR%201%3D1%20--", "query.meter"),
        ("/v1/me/energy?meter=%00", "query.meter"),
    ],
)
def test_wrong_parameters(api: Api, path: str, why: str) -> None:
    """P9 U4 one line that names the parameter."""
    assert why in problem(api.ask("household", "GET", path), 422)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"readings": []}',
        b'{"readings": {}}',
        b'{"readings": [{}], "more": 1}',
        b"[" * 100_000,
        b'{"readings": ' + b"[" * 100_000,
        b'{"readings": [' + b"{}," * 1000 + b"{}]}",
        b"\xff\xfe",
        b'{"readings": ["\xff"]}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_malformed_batches(api: Api, body: bytes) -> None:
    """P9 U4 what is no batch is refused as a whole."""
    problem(api.ask("concentrator", "POST", "/v1/readings", content=body), 400)


def test_odd_readings_in_a_batch(api: Api) -> None:
    """P9 U4 numbers without end, injected text and null bytes are malformed readings, no faults."""
    home = api.home.content(last_interval(2))
    odd: list[dict[str, Any]] = [{"start": 10**300}, {"meter": "' OR 1=1 --" + "0" * 53}, {"imported": float("nan")}]
    odd += [{"signature": "\x00" * 128}, {"imported": 1.5}]
    answer = api.send(*(home | change for change in odd), home).json()
    assert [row["reason"] for row in answer["readings"]] == ["malformed"] * 5 + [None]


def test_oversized_bodies(api: Api) -> None:
    """P9 U4 one byte too many is refused, whatever it is."""
    body = b'{"readings": [{}]}'.ljust(LARGEST_BODY)
    assert api.ask("concentrator", "POST", "/v1/readings", content=body).status_code == 200
    problem(api.ask("concentrator", "POST", "/v1/readings", content=body + b" "), 413)
    problem(api.ask("nobody", "POST", "/v1/readings", content=body + b" "), 401)


def test_errors_of_no_route(api: Api) -> None:
    """P9 U4 unknown paths and methods, and what climbs out of a path, are 404 and 405."""
    problem(api.ask("household", "GET", "/v1/you"), 404)
    problem(api.ask("household", "PUT", "/v1/me"), 405)
    problem(api.ask("operator", "GET", "/v1/operator/microgrids/..%2f..%2fme/energy" + SINCE_UNTIL), 404)
    problem(api.ask("operator", "GET", "/v1/operator/microgrids/M%27G/energy" + SINCE_UNTIL), 422)
