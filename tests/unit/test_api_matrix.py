"""Each route of the application with each role: nobody, wrong and revoked keys, each scope, somebody else's meter."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import delete, insert, update
from starlette.routing import Route

from offchain.api.access import BURST
from offchain.api.application import ROUTES, Rules
from offchain.api.keys import KeyRing, Scope
from offchain.environment import PROJECT
from offchain.history import tables
from tests.history import KINDS, opened
from tests.metered import INTERVAL, Api, last_interval, problem

PAGES = ("api.md", "chain-routes.md", "advice-routes.md")
DAYS = 12
SINCE_UNTIL = f"?since={last_interval(9)}&until={last_interval(0)}"
BILL = {"month": "2022-08", "start": 1659279600, "wh": [1345] * 744}


class Entry(NamedTuple):
    """Who may call a route (None: everybody), how it is asked, and what it then answers."""

    scope: Scope | None
    query: str = ""
    content: str | None = None
    status: int = 200


MATRIX: dict[tuple[str, str], Entry] = {
    ("GET", "/healthz"): Entry(None),
    ("GET", "/openapi.json"): Entry(None),
    ("GET", "/metrics"): Entry(Scope.OPERATOR_READ),
    ("GET", "/v1/operator/microgrids/{microgrid}/energy"): Entry(Scope.OPERATOR_READ, SINCE_UNTIL),
    ("POST", "/v1/readings"): Entry(Scope.READINGS_WRITE, content='{"readings": [{}]}'),
    ("GET", "/v1/me"): Entry(Scope.OWN_READ),
    ("GET", "/v1/me/energy"): Entry(Scope.OWN_READ, "?by=hour"),
    ("GET", "/v1/me/export"): Entry(Scope.OWN_READ),
    ("GET", "/v1/me/cost"): Entry(Scope.OWN_READ),
    ("GET", "/v1/me/tariffs"): Entry(Scope.OWN_READ),
    ("GET", "/v1/me/hours"): Entry(Scope.OWN_READ, "?energy_wh=900"),
    ("GET", "/v1/me/trades"): Entry(Scope.OWN_READ, status=422),
    ("GET", "/v1/me/forecast"): Entry(Scope.OWN_READ),
    ("GET", "/v1/me/roof"): Entry(Scope.OWN_READ, "?kw=3&cost=4000000", status=422),
    ("DELETE", "/v1/me"): Entry(Scope.OWN_ERASE),
    ("POST", "/v1/advice/bill"): Entry(Scope.MARKET_READ, content=json.dumps(BILL)),
    ("GET", "/v1/advice/roof"): Entry(None, "?kw=3"),
    ("GET", "/v1/advice/tariffs"): Entry(None),
    ("GET", "/v1/health"): Entry(None),
    ("GET", "/v1/live/values"): Entry(None),
    **{
        (method, path): Entry(None, status=404)  # here no chain is followed
        for method, path in (
            ("GET", "/v1/microgrids"),
            ("GET", "/v1/microgrids/{microgrid}/energy"),
            ("GET", "/v1/exchanges"),
            ("GET", "/v1/exchanges/{exchange}/trades"),
            ("GET", "/v1/exchanges/{exchange}/candles"),
            ("GET", "/v1/exchanges/{exchange}/twap"),
            ("GET", "/v1/exchanges/{exchange}/depth"),
            ("GET", "/v1/checkpoints"),
            ("GET", "/v1/faults"),
            ("GET", "/v1/exits"),
            ("GET", "/v1/models"),
            ("GET", "/v1/models/{number}"),
            ("GET", "/v1/inference"),
            ("GET", "/v1/inference/{number}"),
            ("GET", "/v1/forecasts/model"),
            ("POST", "/v1/forecasts"),
            ("GET", "/v1/live"),
        )
    },
}
NO_KEY = ("nobody", "wrong", "revoked")
ROLES = (*NO_KEY, *Scope)


OF_ROUTERS = [route for made in ROUTES for route in made().routes]


def routes(api: Api) -> list[tuple[str, str]]:
    """Those of the application itself; what erases comes last."""
    every = [route for route in (*OF_ROUTERS, *api.app.routes) if isinstance(route, Route)]
    found = {(method, route.path) for route in every for method in (route.methods or ()) if method != "HEAD"}
    return sorted(found, key=lambda route: (route[0] == "DELETE", route))


@pytest.fixture(params=KINDS)
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Api]:
    """The API with some days of a household and its neighbour, and a key of each kind."""
    with opened(request.param, tmp_path) as database:
        api = Api(database)
        ring = KeyRing(database)
        for scope in Scope:
            own = [api.home.commitment] if scope.startswith("own:") else []
            api.keys[scope] = ring.new(scope, [scope], own)
        api.keys["wrong"] = api.keys[Scope.OWN_READ][:21] + api.keys[Scope.MARKET_READ][21:]
        api.keys["revoked"] = ring.new("revoked", Scope, [api.home.commitment])
        ring.revoke(api.keys["revoked"].split("_")[1])
        rows = [
            {"meter": meter, "start": last_interval(back), "imported": 100 * meter, "exported": back % 7}
            for meter in (1, 2)
            for back in range(1, DAYS * 96)
        ]
        with database.write() as connection:
            connection.execute(insert(tables.readings), [row | {"sequence": 1, "received": 0} for row in rows])
        yield api


def asked(api: Api, role: str, method: str, path: str) -> Any:
    """The answer to a role."""
    entry = MATRIX[method, path]
    named = path.replace("{exchange}", "MG1").replace("{microgrid}", "MG1").replace("{number}", "1")
    return api.ask(role, method, named + entry.query, content=entry.content)


def test_the_matrix_is_whole(api: Api) -> None:
    """U4 no route of the application is left out of the matrix, nor out of the documentation."""
    assert set(routes(api)) == set(MATRIX)
    page = "".join((PROJECT / "docs" / "reference" / name).read_text() for name in PAGES)
    assert [route for route in MATRIX if f"`{' '.join(route)}`" not in page] == []


@pytest.mark.parametrize("role", ROLES)
def test_each_route_with_each_role(api: Api, role: str) -> None:
    """U4 a route answers exactly the scope it is for; others learn which scope lacks, and nothing else."""
    for method, path in routes(api):
        entry, answer = MATRIX[method, path], asked(api, role, method, path)
        if entry.scope is None or entry.scope == role:
            assert answer.status_code == entry.status, (method, path, answer.text)
        elif role in NO_KEY:
            assert "valid key" in problem(answer, 401)
        else:
            assert problem(answer, 403) == f"this key may not do that: {entry.scope} is needed"


def test_what_is_refused_changes_nothing(api: Api) -> None:
    """P9 U4 who lacks the scope erases and writes nothing."""
    before = api.ask("household", "GET", "/v1/me/export").text
    for role in ROLES:
        for method, path in routes(api):
            if method != "GET" and MATRIX[method, path].scope != role:
                asked(api, role, method, path)
    assert api.ask("household", "GET", "/v1/me/export").text == before


def test_somebody_elses_meter(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """U4 whatever a household's meter counts, no answer to its neighbour changes by a byte."""
    now = time.time()
    monkeypatch.setattr(api.app.state, "clock", lambda: now)
    own = [route for route in routes(api) if MATRIX[route].scope == Scope.OWN_READ]
    assert len(own) > 7
    before = {route: asked(api, "neighbour", *route).text for route in own}
    mine = {route: asked(api, "household", *route).text for route in own}
    assert all(before[route] != mine[route] for route in own if MATRIX[route].status == 200)
    with api.database.write() as connection:
        of_home = tables.readings.c.meter == 1
        connection.execute(update(tables.readings).where(of_home).values(imported=3917))
        connection.execute(delete(tables.readings).where(of_home, tables.readings.c.start % (7 * INTERVAL) == 0))
    assert {route: asked(api, "neighbour", *route).text for route in own} == before
    changed = [route for route in own if asked(api, "household", *route).text != mine[route]]
    assert len(changed) > 5


def test_an_address_without_a_key_is_limited_on_every_route(tmp_path: Path) -> None:
    """U4 whichever route is asked, all requests of an address count together."""
    with opened("sqlite", tmp_path) as database:
        api = Api(database, Rules(per_minute=6))
        every = routes(api)
        for number in range(BURST):
            assert asked(api, "nobody", *every[number % len(every)]).status_code != 429
        for method, path in every:
            problem(asked(api, "nobody", method, path), 429)
