"""Malformed, oversized and injected input of the API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from offchain.api.intake import LARGEST_BODY
from offchain.api.tariffs import LARGEST_BODY as LARGEST_BILL
from offchain.history.tables import readings
from tests.history import KINDS, opened
from tests.metered import Api, last_interval, problem

BILL: dict[str, Any] = {"month": "2022-08", "start": 1659279600, "wh": [1345] * 744}
SINCE_UNTIL = f"?since={last_interval(9)}&until={last_interval(0)}"


@pytest.fixture(scope="module", params=KINDS)
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API on an empty history, which what is refused leaves empty."""
    with opened(request.param, tmp_path_factory.mktemp("api")) as database:
        yield Api(database)
        with database.read() as connection:
            assert connection.execute(select(readings)).all() == []


@pytest.fixture(params=KINDS)
def own_api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Api]:
    """The same for a test that sends readings."""
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
        ("/v1/me/cost?month=2026-13", "query.month"),
        ("/v1/me/cost?month=2026-11%00", "query.month"),
        ("/v1/me/cost?month=now", "query.month"),
        ("/v1/me/cost?contract_kw=0", "query.contract_kw"),
        ("/v1/me/cost?contract_kw=nan", "query.contract_kw"),
        ("/v1/me/cost?tariff=..%2F..%2Fpyproject", "there is no such tariff: known are"),
        ("/v1/me/cost?tariff=%27%20OR%201%3D1%20--", "there is no such tariff: known are"),
        (f"/v1/me/tariffs?tariff={'x' * 65}", "query.tariff"),
        ("/v1/me/hours", "query.energy_wh"),
        ("/v1/me/hours?energy_wh=0", "query.energy_wh"),
        ("/v1/me/hours?energy_wh=5&within_hours=49", "query.within_hours"),
        ("/v1/me/hours?energy_wh=5&eth_price=inf", "query.eth_price"),
        ("/v1/me/hours?energy_wh=5&eth_price=0", "query.eth_price"),
        ("/v1/me/hours?energy_wh=5&feed_in=nan", "query.feed_in"),
        ("/v1/me/trades?feed_in=-1", "query.feed_in"),
        ("/v1/me/roof?kw=3", "query.cost"),
        ("/v1/advice/roof?kw=nan", "query.kw"),
        ("/v1/advice/roof?kw=3&azimuth=360", "query.azimuth"),
        ("/v1/advice/roof?kw=3&place=%2Fetc%2Fpasswd", "there is no such climate: known are"),
        ("/v1/advice/roof?kw=3&cost=1e400&month_kwh=5", "query.cost"),
        ("/v1/microgrids/MG1/energy?since=5&until=5", "until must come after since"),
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


def test_odd_readings_in_a_batch(own_api: Api) -> None:
    """P9 U4 numbers without end, injected text and null bytes are malformed readings, no faults."""
    home = own_api.home.content(last_interval(2))
    odd: list[dict[str, Any]] = [{"start": 10**300}, {"meter": "' OR 1=1 --" + "0" * 53}, {"imported": float("nan")}]
    odd += [{"signature": "\x00" * 128}, {"imported": 1.5}]
    answer = own_api.send(*(home | change for change in odd), home).json()
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


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "give JSON with month, start and wh"),
        (b"[]", "give JSON"),
        (b"\xff", "give JSON"),
        (b"[" * 50_000, "give JSON"),
        (BILL | {"more": 1}, "more"),
        (BILL | {"month": "2022-8"}, "month"),
        (BILL | {"wh": []}, "wh"),
        (BILL | {"wh": [1] * 1489}, "wh"),
        (BILL | {"wh": [-1]}, "wh"),
        (BILL | {"wh": [1.5]}, "wh"),
        (BILL | {"wh": [10**400]}, "give JSON"),
        (BILL | {"start": 2**60}, "start"),
        (BILL | {"contract_kw": 0}, "contract_kw"),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_malformed_use(api: Api, body: Any, why: str) -> None:
    """P9 U4 one line that names the field."""
    content = body if isinstance(body, bytes) else json.dumps(body)
    assert why in problem(api.ask("firm", "POST", "/v1/advice/bill", content=content), 400)


@pytest.mark.parametrize(
    ("change", "status", "why"),
    [
        ({"tariff": "nowhere"}, 422, "there is no such tariff"),
        ({"month": "2021-01", "start": 1609426800}, 422, "is known from 2022-04-01 on"),
        ({"month": "2022-09"}, 404, "none of the hours sent lies in 2022-09"),
        ({"start": BILL["start"] + 60}, 422, "begins at a whole hour"),
    ],
)
def test_use_that_can_t_be_billed(api: Api, change: dict[str, Any], status: int, why: str) -> None:
    """P9 U4 what is well-formed and makes no sense is told too."""
    assert why in problem(api.ask("firm", "POST", "/v1/advice/bill", content=json.dumps(BILL | change)), status)


def test_oversized_use(api: Api) -> None:
    """P9 U4 one byte too many is refused."""
    body = json.dumps(BILL).encode().ljust(LARGEST_BILL)
    assert api.ask("firm", "POST", "/v1/advice/bill", content=body).status_code == 200
    problem(api.ask("firm", "POST", "/v1/advice/bill", content=body + b" "), 413)


@pytest.mark.parametrize("days", [-4000, -3, 4, 4000])
def test_a_service_whose_clock_is_wrong(own_api: Api, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """P9 U4 what was read is told by its own times; readings ahead of the clock, or too far behind it, are named."""
    sent = [own_api.home.content(last_interval(back)) for back in range(1, 60)]
    assert own_api.send(*sent).json()["rejected"] == 0
    late = own_api.home.content(last_interval(70))
    right = {path: own_api.ask("household", "GET", path).text for path in ("/v1/me/cost", "/v1/me/forecast")}
    now = time.time() + days * 86_400
    monkeypatch.setattr(own_api.app.state, "clock", lambda: now)
    monkeypatch.setattr(own_api.app.state.intake, "_clock", lambda: now)
    assert {path: own_api.ask("household", "GET", path).text for path in right} == right
    for path in ("/v1/me", "/v1/me/energy", "/v1/me/hours?energy_wh=5", "/v1/me/tariffs", "/v1/me/export"):
        status = 422 if days == -4000 and "hours" in path else 200  # no tariff is known of that day
        assert own_api.ask("household", "GET", path).status_code == status, path
    (outcome,) = own_api.send(late).json()["readings"]
    assert outcome["reason"] == ("in_future" if days < 0 else "too_late")
