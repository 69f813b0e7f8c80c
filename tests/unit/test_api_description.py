"""The API's own description: whole, with examples, and true whatever is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import insert

from offchain.history import tables
from offchain.history.database import Database
from tests.history import opened
from tests.metered import INTERVAL, Api, last_interval

EXAMPLES_OF_A_ROUTE = 15
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BOUNDS = settings(
    max_examples=EXAMPLES_OF_A_ROUTE,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API on five weeks of a household's readings."""
    folder = tmp_path_factory.mktemp("api")
    with opened("sqlite", folder) as database:
        api, last = Api(database), last_interval()
        rows = [{"meter": 1, "start": last - INTERVAL * back, "imported": 90, "exported": 9} for back in range(3_400)]
        with database.write() as connection:
            connection.execute(insert(tables.readings), [row | {"sequence": 1, "received": 0} for row in rows])
        yield api


def described(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """Each route's description."""
    paths = Api(database).app.openapi()["paths"]
    return [(f"{method} {path}", route) for path, methods in paths.items() for method, route in methods.items()]


def test_each_route_is_described(tmp_path: Path) -> None:
    """U8 each has a summary, its errors, and examples of what it takes and gives."""
    with opened("sqlite", tmp_path) as database:
        routes = described(database)
        schemas = Api(database).app.openapi()["components"]["schemas"]
    for name, route in routes:
        assert route["summary"], name
        expected = {"401", "403", "429"} if "security" in route else {"404", "429"}
        assert name == "get /healthz" or expected <= set(route["responses"]), name
        for parameter in route.get("parameters", []):
            shown = str(parameter)
            assert "'examples'" in shown or "'$ref'" in shown, (name, parameter["name"])
    for name, schema in schemas.items():
        for field, content in schema.get("properties", {}).items():
            linked = str(content).count("$ref") or "description" in content
            assert "examples" in content or linked, (name, field)


ROLES = ("household", "concentrator", "firm", "operator", "nobody")


@pytest.mark.parametrize("role", ROLES)
def test_whatever_is_sent(api: Api, role: str) -> None:
    """P9 U8 no request makes a fault, and every answer is one that the description names."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", api.app)
    headers = {"Authorization": f"Bearer {api.keys[role]}"} if role in api.keys else {}
    seen: Counter[int] = Counter()

    def attempt(case: schemathesis.Case[Any]) -> None:
        answer = case.call(headers=headers)
        seen[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    every: Any = schema.get_all_operations()
    operations = [found.ok() for found in every]
    for operation in sorted(operations, key=lambda one: one.method == "delete"):
        if role == "nobody" or "security" in operation.definition.raw:  # a key makes no difference to other routes
            right = operation.as_strategy()
            wrong = operation.as_strategy(schemathesis.GenerationMode.NEGATIVE)
            BOUNDS(given(case=right | wrong)(attempt))()
    assert sum(seen.values()) > 100
    assert seen[200] > 0
    assert sum(number for status, number in seen.items() if status not in (401, 403)) > 5
    assert seen[401 if role == "nobody" else 403] > 5
    assert '"fault"' not in api.log.getvalue()
