"""A microgrid's published sums beside what was foreseen of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from fastapi.testclient import TestClient

from offchain.api.application import Rules, application
from offchain.history.database import Database
from offchain.indexer import tables
from tests.history import KINDS, opened
from tests.indexed import client
from tests.metered import problem
from tests.traded import REGISTRY, Sums, chains, tell

SEOUL = ZoneInfo("Asia/Seoul")
FIRST = datetime(2026, 6, 1, tzinfo=SEOUL)
EPOCH = int(FIRST.timestamp()) // 900
DAYS = 36
NOW = FIRST + timedelta(days=DAYS, hours=6, minutes=30)
QUARTERS = DAYS * 96 + 26
RANDOM = np.random.default_rng(8)
SUMS = [
    Sums(EPOCH + step, int(imported), int(exported))
    for step, (imported, exported) in enumerate(RANDOM.integers(0, 5_000, (QUARTERS, 2)))
]
URL = "/v1/microgrids/MG1/energy"


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with opened(request.param, tmp_path) as found:
        yield found


@pytest.fixture
def api(database: Database, tmp_path: Path) -> TestClient:
    return client(database, chains(tmp_path / "deployments"), NOW.timestamp)


def got(api: TestClient, path: str = URL) -> Any:
    answer = api.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def foreseen(hours: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    return [(hour["imported_forecast"], hour["exported_forecast"]) for hour in hours]


def test_sums_of_hours_and_their_forecast(api: TestClient, database: Database) -> None:
    """V3 V8 an hour is the sum of its epochs; foreseen is the mean of that hour in the four weeks before."""
    tell(database, sums=SUMS)
    found = got(api)
    hourly = np.array([(row.imported, row.exported) for row in SUMS[: QUARTERS // 4 * 4]]).reshape(-1, 4, 2).sum(axis=1)
    assert [hour["start"] for hour in found["hours"]] == list(range(found["since"], found["until"], 3600))
    assert found["since"] == int((NOW - timedelta(days=7, minutes=30)).timestamp())
    assert len(found["hours"]) == 8 * 24 + 1
    offset = (found["since"] - int(FIRST.timestamp())) // 3600
    for place, hour in enumerate(found["hours"]):
        which = offset + place
        known = tuple(hourly[which]) if which < len(hourly) else (None, None)
        assert (hour["imported"], hour["exported"]) == known
        weeks = [hourly[which - 168 * back] for back in range(1, 5) if 0 <= which - 168 * back < len(hourly)]
        day_began = int((FIRST + timedelta(days=which // 24)).timestamp() - FIRST.timestamp()) // 3600
        usable = [hourly[which - 168 * b] for b in range(1, 5) if 0 <= which - 168 * b < min(day_began, len(hourly))]
        assert len(usable) == len(weeks) > 0
        assert (hour["imported_forecast"], hour["exported_forecast"]) == pytest.approx(np.mean(usable, axis=0), abs=0.6)
    month = found["since"] - 28 * 86_400 - 6 * 3600
    assert found["basis"]["epochs"] == len([row for row in SUMS if row.epoch * 900 >= month])
    assert found["basis"]["last"]["contract"] == REGISTRY
    both = [hour for hour in found["hours"] if hour["imported"] is not None]
    off = sum(abs(hour["imported"] - hour["imported_forecast"]) for hour in both)
    assert found["imported_error"] == pytest.approx(off / sum(hour["imported"] for hour in both), rel=1e-3)


def test_the_future_says_nothing(api: TestClient, database: Database) -> None:
    """V3 V8 all sums from some day on shuffled, and some gone: what was foreseen of days until then is the same."""
    tell(database, sums=SUMS)
    asked = f"{URL}?since={int(NOW.timestamp()) - 14 * 86_400}&until={int(NOW.timestamp()) + 86_400}"
    before = got(api, asked)
    today = int(datetime(NOW.year, NOW.month, NOW.day, tzinfo=SEOUL).timestamp()) - 9 * 86_400
    later = [place for place, row in enumerate(SUMS) if row.epoch * 900 >= today]
    values = [SUMS[place] for place in np.random.default_rng(4).permutation(later)]
    changed = [*SUMS[: later[0]]]
    changed += [
        Sums(SUMS[place].epoch, value.imported, value.exported)
        for place, value in zip(later, values, strict=True)
        if place % 5
    ]
    with database.write() as connection:
        for table in (tables.exchanges, tables.microgrids, tables.published, tables.blocks):
            connection.execute(table.delete())
    tell(database, sums=changed)
    after = got(api, asked)
    until = (today - before["since"]) // 3600 + 24
    assert foreseen(after["hours"][:until]) == foreseen(before["hours"][:until])
    assert foreseen(after["hours"][until:]) != foreseen(before["hours"][until:])
    assert after["hours"] != before["hours"]


def test_a_correction_counts(api: TestClient, database: Database) -> None:
    """V8 the later publication of an epoch is the one that holds; an hour without all its epochs isn't told."""
    day = [Sums(EPOCH + step, 100, 10) for step in range(7)]
    tell(database, sums=[*day, Sums(EPOCH + 1, 900, 20)])
    start = int(FIRST.timestamp())
    found = got(api, f"{URL}?since={start}&until={start + 10_800}")
    assert [(hour["imported"], hour["exported"]) for hour in found["hours"]] == [(1200, 50), (None, None), (None, None)]
    assert foreseen(found["hours"]) == [(None, None)] * 3
    assert (found["imported_error"], found["basis"]["epochs"]) == (None, 7)


def test_what_is_not_there(api: TestClient, database: Database) -> None:
    """P9 V8 an unknown microgrid, and times that make no sense; one without publications is empty."""
    assert "no such microgrid" in problem(api.get("/v1/microgrids/MG1/energy"), 404)
    tell(database)
    assert "no such microgrid" in problem(api.get("/v1/microgrids/MG7/energy"), 404)
    assert {hour["imported"] for hour in got(api)["hours"]} == {None}
    for query in ("since=5&until=5", "since=0&until=99999999", "since=-1", "until=x"):
        problem(api.get(f"{URL}?{query}"), 422)
    problem(api.get("/v1/microgrids/M'G/energy"), 422)


def test_days_are_those_of_the_clocks(database: Database, tmp_path: Path) -> None:
    """V2 V8 where hours begin at half past by UTC, and where clocks are changed within the time."""
    tell(database, sums=SUMS)
    for name in ("Asia/Kolkata", "America/Havana"):
        zone = ZoneInfo(name)
        rules = Rules(per_minute=1_000_000, zone=zone)
        api = TestClient(application(database, rules, None, chains(tmp_path / "d"), NOW.timestamp))
        found = got(api)
        assert found["zone"] == name
        assert {datetime.fromtimestamp(hour["start"], zone).minute for hour in found["hours"]} == {0}
        known = [hour["imported"] for hour in found["hours"] if hour["imported"] is not None]
        first = found["since"] // 900 - EPOCH
        assert known[0] == sum(row.imported for row in SUMS[first : first + 4])
