"""Who gets what from the API: each route with each role, somebody else's data, and floods."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from offchain.api.access import BURST
from offchain.api.application import Rules
from offchain.api.keys import ApiKeyError, KeyRing, Scope
from offchain.history import tables
from offchain.history.database import Database
from tests.history import KINDS, opened
from tests.metered import Api, Device, last_interval, problem

SUMS = "/v1/operator/microgrids/MG1/energy"
SINCE_UNTIL = f"?since={last_interval(9)}&until={last_interval(0)}"


@pytest.fixture(params=KINDS)
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Api]:
    """The API with a household and its neighbour, of whom there is a reading each."""
    with opened(request.param, tmp_path) as database:
        api = Api(database)
        sent = api.send(api.home.content(last_interval(), 100), api.neighbour.content(last_interval(), 3917))
        assert sent.json()["accepted"] == 2
        yield api


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Database]:
    """An empty database where the kind doesn't matter."""
    with opened("sqlite", tmp_path) as database:
        yield database


@pytest.mark.parametrize("path", ["/v1/me", "/v1/me/energy?by=interval", "/v1/me/export"])
def test_nobody_sees_the_neighbours(api: Api, path: str) -> None:
    """U4 a household's key shows its own meter and reading, and none of the neighbour's."""
    text = api.ask("household", "GET", path).text
    assert api.neighbour.commitment.hex() not in text
    assert "3917" not in text
    assert "3917" in api.ask("neighbour", "GET", "/v1/me/energy").text


def test_a_neighbours_meter_is_as_unknown_as_any(api: Api) -> None:
    """U4 asking for a meter by name tells nothing of whether it exists."""
    asked = [api.neighbour.commitment.hex(), "ab" * 32]
    lines = {problem(api.ask("household", "GET", f"/v1/me/energy?meter={name}"), 404) for name in asked}
    assert len(lines) == 1
    own = api.ask("household", "GET", f"/v1/me/energy?meter={api.home.commitment.hex()}").json()
    assert [row["imported"] for row in own["energy"]] == [100]


def test_erasing_is_ones_own(api: Api) -> None:
    """U4 U5 who erases its readings leaves the neighbour's and the sums."""
    before = api.ask("operator", "GET", SUMS + SINCE_UNTIL).json()
    assert api.ask("household", "DELETE", "/v1/me").json()["readings"] == 1
    assert api.ask("household", "GET", "/v1/me/energy").json()["energy"] == []
    assert "3917" in api.ask("neighbour", "GET", "/v1/me/energy").text
    assert api.ask("operator", "GET", SUMS + SINCE_UNTIL).json() == before


def test_a_revoked_key_is_no_key(api: Api) -> None:
    """U4 from that moment on, and the others stay."""
    ring = KeyRing(api.database)
    (found,) = [key for key in ring.all() if key.name == "household"]
    ring.revoke(found.id)
    problem(api.ask("household", "GET", "/v1/me"), 401)
    assert api.ask("neighbour", "GET", "/v1/me").status_code == 200
    with pytest.raises(ApiKeyError, match="could be revoked"):
        ring.revoke(found.id)


def test_no_key_but_the_right_one(api: Api) -> None:
    """U4 another secret, another id, another scheme, and what is no key at all."""
    right, other = api.keys["household"], api.keys["neighbour"]
    mixed = right[:21] + other[21:]
    wrong = [mixed, right[:-1], right + "0", right.upper(), right[4:], "omg__", "' OR 1=1 --", "ü", "\x00", "x" * 4000]
    for text in wrong:
        header = f"Bearer {text}".encode()
        problem(api.client.get("/v1/me", headers={"Authorization": header}), 401)
    problem(api.client.get("/v1/me", headers={"Authorization": f"Basic {right}"}), 401)
    answer = api.client.get(f"/v1/me?key={right}")
    problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_is_kept_nowhere(api: Api) -> None:
    """U4 the database holds what checks a key, and not the key."""
    with api.database.read() as connection:
        everything = str(connection.execute(select(tables.api_keys)).all())
    for text in api.keys.values():
        assert text.rpartition("_")[2] not in everything
        assert text.split("_")[1] in everything


@pytest.mark.parametrize(
    ("name", "scopes", "meters", "why"),
    [
        ("", [Scope.MARKET_READ], [], "a key's name"),
        ("x" * 65, [Scope.MARKET_READ], [], "a key's name"),
        ("a\nb", [Scope.MARKET_READ], [], "a key's name"),
        ("a", [], [], "at least one scope"),
        ("a", [Scope.OWN_READ], [], "the key's own meters"),
        ("a", [Scope.OPERATOR_READ], [Device(1).commitment], "takes none"),
        ("a", [Scope.OWN_READ], [b"\xab" * 32], "is not registered here"),
    ],
)
def test_wrong_keys(small: Database, name: str, scopes: list[Scope], meters: list[bytes], why: str) -> None:
    """P9 U4 no key is made."""
    Device(1).added_to(small)
    with pytest.raises(ApiKeyError, match=why):
        KeyRing(small).new(name, scopes, meters)
    assert KeyRing(small).all() == []


def test_a_key_that_floods(small: Database) -> None:
    """U4 so many at once, then a wait; another key from elsewhere isn't slowed down."""
    api = Api(small, Rules(per_minute=6))
    api.app.state.access._rate._clock = lambda: 0.0
    answers = [api.ask("household", "GET", "/v1/me").status_code for _ in range(BURST)]
    assert answers == [200] * BURST
    refused = api.ask("household", "GET", "/v1/me")
    assert "too many" in problem(refused, 429)
    assert int(refused.headers["retry-after"]) > 0


def test_an_address_that_floods(small: Database) -> None:
    """U4 without a key too, and before a body is read; the log doesn't show the address."""
    api = Api(small, Rules(per_minute=6))
    answers = [api.ask("nobody", "GET", "/v1/me").status_code for _ in range(BURST + 1)]
    assert answers == [401] * BURST + [429]
    assert "testclient" not in api.log.getvalue()


def test_other_origins_are_closed_out(small: Database) -> None:
    """U4 no page of another origin may call the API, unless a setting names it."""
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    closed, opened_for = Api(small), "https://page.example"
    for method in ("OPTIONS", "GET"):
        answer = closed.ask("household", method, "/v1/me", headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control")]
    app = Api(small, Rules(origins=(opened_for,)))
    assert "access-control-allow-origin" not in app.client.options("/v1/me", headers=asked).headers
    allowed = app.client.options("/v1/me", headers=asked | {"Origin": opened_for})
    assert allowed.headers["access-control-allow-origin"] == opened_for


def test_a_page_reads_why_it_is_refused(small: Database) -> None:
    """U4 P9 a page of an allowed origin that asks too often reads the refusal, and when to try again."""
    page = "https://page.example"
    api = Api(small, Rules(per_minute=6, origins=(page,)))
    answers = [api.ask("nobody", "GET", "/v1/me", headers={"Origin": page}) for _ in range(BURST + 1)]
    assert [answer.status_code for answer in answers] == [401] * BURST + [429]
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {page}
    refused = answers[-1].headers
    assert refused["access-control-expose-headers"] == "Retry-After"
    assert int(refused["retry-after"]) > 0


def test_logs_and_metrics_show_nobody(api: Api) -> None:
    """U6 no key, meter, path, query, value or address stands in the log or the metrics."""
    meter = api.home.commitment.hex()
    api.ask("household", "GET", f"/v1/me/energy?meter={meter}")
    api.ask("household", "GET", f"/secret-{meter}")
    api.ask("operator", "GET", SUMS + SINCE_UNTIL)
    problem(api.ask("concentrator", "POST", "/v1/readings", content=b'{"readings": "household"}'), 400)
    text = api.log.getvalue() + api.ask("operator", "GET", "/metrics").text
    told = [
        meter,
        "secret",
        "household",
        "testclient",
        "MG1",
        "3917",
        *(key.split("_")[1] for key in api.keys.values()),
    ]
    assert [word for word in told if re.search(rf"\b{word}\b", text)] == []
    lines = [json.loads(line) for line in api.log.getvalue().splitlines()]
    assert {line["route"] for line in lines} >= {
        "/v1/me/energy",
        "unknown",
        "/v1/operator/microgrids/{microgrid}/energy",
    }
    assert re.search(r'openmg_readings_total\{reason="",status="accepted",way="http"\} 2\.0', text)


def test_a_fault_is_told_without_data(small: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9 U6 a fault of the program gets a line too, and the log says where it is, not what it worked on."""

    def fails(*_: Any) -> None:
        raise ValueError("of household 17")

    api = Api(small)
    monkeypatch.setattr("offchain.api.own.meters_by_id", fails)
    assert "tell its operator" in problem(api.ask("household", "GET", "/v1/me"), 500)
    assert "household 17" not in api.log.getvalue()
    fault = json.loads(api.log.getvalue().splitlines()[0])
    assert (fault["event"], fault["kind"]) == ("fault", "ValueError")
    assert fault["place"].startswith("test_api_access.py:")


def test_without_a_database(small: Database, tmp_path: Path) -> None:
    """P9 U4 a database that fails is told as 503, and in no more detail."""
    api = Api(small)
    small.close()
    with small.write() as connection:
        connection.exec_driver_sql("ALTER TABLE api_keys RENAME TO gone")
        connection.exec_driver_sql("ALTER TABLE meters RENAME TO gone_too")
    assert "try again later" in problem(api.ask("household", "GET", "/v1/me"), 503)


def test_answers_are_not_kept_or_guessed(api: Api) -> None:
    """U4 no cache keeps what needed a key, no browser guesses what an answer is."""
    answer = api.ask("household", "GET", "/v1/me")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert api.ask("nobody", "GET", "/healthz").headers["x-content-type-options"] == "nosniff"
