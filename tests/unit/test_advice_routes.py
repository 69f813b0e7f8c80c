"""Advice over HTTP on a home's own readings, against what the same functions say of the same hours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import insert

from offchain.advice import tariff
from offchain.advice.bill import bill
from offchain.advice.climate import load as load_climate
from offchain.advice.habit import usual
from offchain.advice.library import Library
from offchain.advice.outlook import outlook
from offchain.advice.roof import Roof, expected, payback
from offchain.advice.tariff import load
from offchain.advice.usage import Period, Usage, midnight
from offchain.api.application import Rules
from offchain.history import tables
from offchain.history.database import Database
from tests.history import KINDS, opened
from tests.metered import Api, problem

SEOUL = ZoneInfo("Asia/Seoul")
LOW, HIGH, JEJU = map(load, ("kepco_residential_low", "kepco_residential_high", "kepco_jeju_time_of_use"))
FIRST = datetime(2025, 5, 1, tzinfo=SEOUL)
NOW = datetime(2026, 7, 21, 10, tzinfo=SEOUL)
HOURS = int((NOW - FIRST).total_seconds()) // 3600
JULY = Period.month(2026, 7)
RULES = Rules(window=10 * 366 * 24 * 3600, per_minute=1_000_000)


def use(seed: int, most: int) -> Usage:
    """Wh an hour that four equal quarters make."""
    return Usage(FIRST, 4 * np.random.default_rng(seed).integers(0, most // 4, HOURS))


DRAWN, GIVEN = use(1, 1_200), use(2, 400)


@pytest.fixture(params=KINDS, scope="module")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with opened(request.param, tmp_path_factory.mktemp("advice")) as found:
        yield found


@pytest.fixture(scope="module")
def api(database: Database) -> Api:
    """A home with quarters of an hour since May of the year before."""
    api = Api(database, RULES)
    start = int(FIRST.timestamp())
    pairs = zip(np.repeat(DRAWN.wh // 4, 4), np.repeat(GIVEN.wh // 4, 4), strict=True)
    rows = [
        {"meter": 1, "start": start + 900 * step, "imported": int(imported), "exported": int(exported)}
        for step, (imported, exported) in enumerate(pairs)
    ]
    with database.write() as connection:
        connection.execute(insert(tables.readings), [row | {"sequence": 1, "received": 0} for row in rows])
    return api


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Database]:
    with opened("sqlite", tmp_path) as found:
        yield found


def got(api: Api, path: str, role: str = "household") -> Any:
    answer = api.ask(role, "GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_check_value_from_signed_readings(small: Database) -> None:
    """V1 August 2022, low voltage, 1,000 kWh in signed quarters of an hour: 261,510 won, line by line."""
    api = Api(small, RULES)
    start = int(datetime(2022, 8, 1, tzinfo=SEOUL).timestamp())
    quarters = [336 + (step < 64) for step in range(31 * 96)]
    assert sum(quarters) == 1_000_000
    readings = [api.home.content(start + 900 * step, wh) for step, wh in enumerate(quarters)]
    for first in range(0, len(readings), 1_000):
        answer = api.send(*readings[first : first + 1_000])
        assert answer.json()["rejected"] == 0, answer.text
    for month in ("", "?month=2022-08"):
        cost = got(api, f"/v1/me/cost{month}")
        amounts = {line["name"]: line["amount"] for line in cost["so_far"]["lines"]}
        assert amounts == {
            "base": 7300,
            "energy": 210405,
            "climate": 7300,
            "fuel": 5000,
            "vat": 23001,
            "fund": 8510,
        }
        assert cost["so_far"]["total"] == cost["expected"]["total"] == 261510
        assert cost["month"] == "2022-08"
        assert (cost["basis"]["readings"], cost["forecast"]["habit_hours"]) == (2976, 0)
    sent = {"month": "2022-08", "start": start, "wh": [sum(quarters[4 * h : 4 * h + 4]) for h in range(744)]}
    answer = api.ask("firm", "POST", "/v1/advice/bill", content=json.dumps(sent)).json()
    assert answer["bill"] == cost["so_far"]


def test_cost_is_the_outlook(api: Api) -> None:
    """V1 so far, at the end, the next tier: the same numbers, and what they were computed from."""
    found = outlook(LOW, DRAWN, JULY)
    cost = got(api, "/v1/me/cost")
    assert (cost["month"], cost["start"]) == ("2026-07", midnight(JULY.start, SEOUL).timestamp())
    assert cost["tariff"]["since"] == "2023-05-16"
    for shown, own in ((cost["so_far"], found.so_far), (cost["expected"], found.expected)):
        assert (shown["kwh"], shown["total"]) == (float(own.kwh), float(own.total))
        lines = [(line["name"], line["amount"], line["basis"]) for line in shown["lines"]]
        assert lines == [(line.name, float(line.amount), str(line.basis)) for line in (*own.lines, own.vat, own.fund)]
    assert found.next_tier is not None
    assert found.next_tier.at is not None
    assert cost["tier"] == found.tier
    assert cost["next_tier"] == {
        "number": found.next_tier.number,
        "kwh": float(found.next_tier.kwh),
        "energy": float(found.next_tier.energy),
        "extra_base": float(found.next_tier.extra_base),
        "at": int(found.next_tier.at.timestamp()),
    }
    assert cost["forecast"] == {"model": None, "model_hours": 0, "habit_hours": found.usual}
    assert cost["basis"]["text"] == str(found.basis)
    assert (cost["basis"]["until"], cost["basis"]["filled_hours"]) == (NOW.timestamp(), 0)


def test_a_month_that_is_over(api: Api) -> None:
    """V1 nothing is foreseen of it."""
    june = Period.month(2026, 6)
    cost = got(api, "/v1/me/cost?month=2026-06&tariff=kepco_jeju_time_of_use&contract_kw=4.5")
    own = bill(JEJU, DRAWN, june, contract_kw=Decimal("4.5"))
    assert cost["so_far"]["total"] == cost["expected"]["total"] == float(own.total)
    assert (cost["tier"], cost["next_tier"], cost["forecast"]["habit_hours"]) == (None, None, 0)


def test_tariffs_side_by_side(api: Api) -> None:
    """V1 the cheapest first; more is against one's own."""
    found = got(api, "/v1/me/tariffs?tariff=kepco_residential_high")
    whole = outlook(HIGH, DRAWN, JULY).whole
    totals = {name: float(bill(load(name), whole, JULY).total) for name in tariff.bundled()}
    assert {row["tariff"]["name"]: row["bill"]["total"] for row in found["tariffs"]} == totals
    assert [row["bill"]["total"] for row in found["tariffs"]] == sorted(totals.values())
    for row in found["tariffs"]:
        assert row["more"] == row["bill"]["total"] - totals["kepco_residential_high"]
    assert (found["own"], found["left_out"]) == ("kepco_residential_high", [])


def test_tariffs_that_can_t_be_compared(small: Database, tmp_path: Path) -> None:
    """P9 V1 another currency, and one that isn't known yet, are named and left out."""
    (tmp_path / "tariffs").mkdir()
    text = (tariff.BUNDLED / "kepco_jeju_time_of_use.toml").read_text()
    (tmp_path / "tariffs" / "dollars.toml").write_text(text.replace('"KRW"', '"USD"'))
    later = "[[rates]]" + text.split("[[rates]]")[-1]
    (tmp_path / "tariffs" / "later.toml").write_text(
        text.split("[[rates]]")[0] + later.replace("2023-05-16", "2023-09-01")
    )
    api = Api(small, Rules(window=RULES.window, library=Library.of(tmp_path)))
    start = int(datetime(2023, 6, 1, tzinfo=SEOUL).timestamp())
    api.send(*(api.home.content(start + 900 * step) for step in range(96)))
    found = got(api, "/v1/me/tariffs")
    assert len(found["tariffs"]) == 3
    reasons = {row["name"]: row["reason"] for row in found["left_out"]}
    assert "in USD" in reasons["dollars"]
    assert "is known from 2023-09-01 on, not for 2023-06-01" in reasons["later"]
    assert "is known from 2023-09-01 on" in problem(api.ask("household", "GET", "/v1/me/cost?tariff=later"), 422)


def test_the_next_day(api: Api) -> None:
    """V1 V4 the 24 hours after the last one read, by habit; and a band about each."""
    found = got(api, "/v1/me/forecast")
    assert found["since"] == NOW.timestamp()
    assert [hour["start"] for hour in found["hours"]] == [NOW.timestamp() + 3600 * step for step in range(24)]
    for name, usage in (("imported", DRAWN), ("exported", GIVEN)):
        hours = [hour[name] for hour in found["hours"]]
        assert [hour["wh"] for hour in hours] == usual(usage, NOW, 24).tolist()
        assert all(0 <= hour["low"] < hour["high"] for hour in hours)
        assert {hour["by"] for hour in hours} == {"habit"}
        spread = np.mean([hour["high"] - hour["low"] for hour in hours])
        assert spread == pytest.approx(0.8 * usage.wh.max(), rel=0.2)
    assert found["model"] is None
    assert found["basis"]["text"].startswith("imported as the same hours of the last weeks;")


def test_a_roof_pays(api: Api) -> None:
    """V1 curve, months and payback are those of the roof on the home's last twelve months."""
    shown = got(api, "/v1/me/roof?kw=3&tilt=20&azimuth=170&cost=4000000&surplus_price=80&place=seosan")
    panels = expected(Roof(3, 20, 170), load_climate("seosan"))
    own = payback(panels, 4_000_000, LOW, DRAWN, 80)
    assert shown["curve"] == panels.curve.tolist()
    assert (shown["kwh"], shown["months"]) == (panels.kwh, panels.months.tolist())
    assert shown["payback"]["balance"] == own.balance.tolist()
    assert (shown["payback"]["years"], shown["payback"]["saved"]) == (own.years, float(own.saved))
    assert (shown["payback"]["basis"], shown["basis"]["text"]) == (str(own.basis), str(panels.basis))
    plain = got(api, "/v1/advice/roof?kw=3&tilt=20&azimuth=170&place=seosan", "nobody")
    assert plain == {**shown, "payback": None}


def test_a_roof_on_a_use_that_is_told(api: Api) -> None:
    """V1 350 kWh a month, evenly; more of it is used by day where more is used."""
    path = "/v1/advice/roof?kw=3&cost=4000000&month_kwh="
    some, much = (got(api, path + kwh, "nobody")["payback"] for kwh in ("100", "350"))
    assert some["used_kwh"] < much["used_kwh"]
    assert some["saved"] < much["saved"]
    assert much["used_kwh"] + much["surplus_kwh"] == pytest.approx(some["used_kwh"] + some["surplus_kwh"], abs=1)
    assert "month_kwh" in problem(api.ask("nobody", "GET", "/v1/advice/roof?kw=3&cost=1"), 422)


def test_tariffs_and_places_are_told_with_their_sources(api: Api) -> None:
    """V1 names, dates, kinds and where the numbers come from."""
    found = got(api, "/v1/advice/tariffs", "nobody")
    kinds = {one["name"]: (one["kind"], one["dates"]) for one in found["tariffs"]}
    assert set(kinds) == {"kepco_residential_low", "kepco_residential_high", "kepco_jeju_time_of_use"}
    for name, (kind, dates) in kinds.items():
        assert dates == [rates.since.isoformat() for rates in load(name).rates]
        assert kind == ("hours" if "time_of_use" in name else "tiers")
    assert {one["name"] for one in found["places"]} == {"seoul", "seosan"}
    sources = [one["source"] for one in (*found["tariffs"], *found["places"])]
    assert [source for source in sources if not re.search("Sources|Administration", source)] == []


@pytest.mark.parametrize("path", ["cost", "cost?month=2026-07", "tariffs", "forecast", "roof?kw=3&cost=1"])
def test_a_home_without_readings(small: Database, path: str) -> None:
    """P9 V1 one line says so."""
    assert "nothing was read" in problem(Api(small).ask("household", "GET", f"/v1/me/{path}"), 404)


def test_a_month_without_readings(api: Api) -> None:
    """P9 V1 before the first and after the last one."""
    for month in ("2025-04", "2026-08", "2099-12"):
        detail = problem(api.ask("household", "GET", f"/v1/me/cost?month={month}"), 404)
        assert detail.startswith(("nothing was read in that time", "nothing was read from"))


def test_clocks_that_are_changed(small: Database) -> None:
    """V2 with a time zone of the service that has summer time: the forecast's hours are the clocks'."""
    zone = ZoneInfo("Europe/Berlin")
    api = Api(small, Rules(window=RULES.window, zone=zone))
    start = int(datetime(2026, 2, 23, tzinfo=zone).timestamp())
    end = int(datetime(2026, 3, 29, tzinfo=zone).timestamp())
    rows = [
        {"meter": 1, "start": at, "imported": 100 * datetime.fromtimestamp(at, zone).hour, "exported": 0}
        for at in range(start, end, 900)
    ]
    with small.write() as connection:
        connection.execute(insert(tables.readings), [row | {"sequence": 1, "received": 0} for row in rows])
    found = got(api, "/v1/me/forecast")
    clocks = [datetime.fromtimestamp(hour["start"], zone).hour for hour in found["hours"]]
    assert clocks == [0, 1, *range(3, 24), 0]
    assert [hour["imported"]["wh"] for hour in found["hours"]] == [400 * hour for hour in clocks]
    assert (found["zone"], found["hours"][5]["imported"]["low"]) == ("Europe/Berlin", 2400)
