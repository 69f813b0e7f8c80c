"""A home's next hours by a served model, in advice: its own forecasts, their errors, and nothing that looks ahead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import insert

from offchain.advice.habit import usual
from offchain.advice.outlook import outlook
from offchain.advice.tariff import load
from offchain.advice.usage import Period, Usage
from offchain.api.application import Rules
from offchain.history import tables
from offchain.history.database import Database
from offchain.ppdl.foresight import FEWEST, foresee
from offchain.ppdl.inference.integer_model import ANSWER_FRACTION, quantise_features
from offchain.ppdl.inference.served import ChainModels
from offchain.ppdl.learning.features import Horizon
from offchain.ppdl.learning.readings import Readings
from offchain.ppdl.model_chain.task import HorizonName
from offchain.ppdl.upcoming import Upcoming
from tests.history import opened
from tests.inference.model_folder import begin_chain
from tests.metered import Api
from tests.traded import chains

SEOUL = ZoneInfo("Asia/Seoul")
FIRST = datetime(2026, 5, 1, tzinfo=SEOUL)
HOURS = 24 * 70 + 10
DAILY = 400 + 300 * np.sin(np.arange(HOURS) * 2 * np.pi / 24)
DRAWN = Usage(FIRST, 4 * np.rint((DAILY + np.random.default_rng(3).normal(0, 60, HOURS)).clip(0) / 4).astype(np.int64))
JULY = Period.month(2026, 7)


def served(folder: Path, horizon: HorizonName) -> ChainModels:
    begin_chain(folder / horizon, horizon)
    return ChainModels(folder / horizon)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened("sqlite", tmp_path) as found:
        start = int(FIRST.timestamp())
        rows = [
            {"meter": 1, "start": start + 900 * step, "imported": int(wh), "exported": 0, "sequence": 1, "received": 0}
            for step, wh in enumerate(np.repeat(DRAWN.wh // 4, 4))
        ]
        Api(found)
        with found.write() as connection:
            connection.execute(insert(tables.readings), rows)
        yield found


def got(api: Api, path: str) -> Any:
    answer = api.ask("household", "GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_next_hour_is_the_one_that_is_sold(tmp_path: Path) -> None:
    """V7 the answer of the model to just the features that a home would buy a forecast for."""
    model = served(tmp_path, "next_hour").model(0).model
    found = foresee(FIRST, DRAWN.wh / 1000, model, Horizon.NEXT_HOUR)
    hours = pd.date_range(pd.Timestamp(FIRST), periods=HOURS, freq="h")
    upcoming = Upcoming.of(Readings(["home"], hours, DRAWN.wh[:, None] / 1000), Horizon.NEXT_HOUR)
    answer = int(model.answers(quantise_features(upcoming.features[None, :]))[0]) / (1 << ANSWER_FRACTION)
    assert found.kwh.tolist() == pytest.approx([upcoming.kwh(answer)], rel=1e-5)


@pytest.mark.parametrize("horizon", [Horizon.NEXT_HOUR, Horizon.DAY_AHEAD])
def test_errors_are_those_of_forecasts_made_then(tmp_path: Path, horizon: Horizon) -> None:
    """V3 V7 what it says of a past hour is what it said before that came, but for the home's scale, which is that of
    all hours; here the later hours are the earlier ones again, so that it is the same."""
    model = served(tmp_path, "next_hour").model(0).model
    kwh = np.tile(DRAWN.wh[: 24 * 35] / 1000, 2)
    past = 24 * 35
    before, lead = foresee(FIRST, kwh[:past], model, horizon), horizon.value
    after = foresee(FIRST, kwh, model, horizon)
    told = kwh[past : past + lead] - after.errors[past : past + lead]
    assert told == pytest.approx(before.kwh, abs=2e-3)
    assert np.isnan(after.errors[: FEWEST - 24]).all()
    assert not np.isnan(after.errors[FEWEST:]).any()


def test_a_day_by_the_model(database: Database, tmp_path: Path) -> None:
    """V7 all 24 hours by a model that looks a day ahead, with its number, its weight hash and a band."""
    models = served(tmp_path, "day_ahead")
    api = Api(database, Rules(per_minute=1_000_000), chains=chains(tmp_path / "deployments", models))
    found = got(api, "/v1/me/forecast")
    own = foresee(FIRST, DRAWN.wh / 1000, models.model(0).model, Horizon.DAY_AHEAD)
    hours = [hour["imported"] for hour in found["hours"]]
    assert [hour["wh"] for hour in hours] == np.rint(own.kwh * 1000).astype(int).tolist()
    assert {hour["by"] for hour in hours} == {"model"}
    assert {hour["exported"]["by"] for hour in found["hours"]} == {"habit"}
    assert found["model"] == {"number": 0, "weight_hash": f"0x{models.model(0).hash:064x}"}
    assert all(hour["low"] < hour["high"] for hour in hours)
    assert found["basis"]["text"].startswith("imported 24 hours by model 0; exported as")
    cost = got(api, "/v1/me/cost")
    ahead = Usage(DRAWN.end, np.rint(own.kwh * 1000).astype(np.int64))
    assert cost["expected"]["total"] == float(outlook(load("kepco_residential_low"), DRAWN, JULY, ahead).expected.total)
    assert cost["forecast"]["model"] == found["model"]
    assert (cost["forecast"]["model_hours"], cost["month"]) == (24, "2026-07")


def test_an_hour_by_the_model(database: Database, tmp_path: Path) -> None:
    """V7 one hour by a model that looks an hour ahead, the others by habit."""
    models = served(tmp_path, "next_hour")
    found = got(Api(database, chains=chains(tmp_path / "deployments", models)), "/v1/me/forecast")
    assert [hour["imported"]["by"] for hour in found["hours"]] == ["model", *["habit"] * 23]
    assert [hour["imported"]["wh"] for hour in found["hours"][1:]] == usual(DRAWN, DRAWN.end, 24)[1:].tolist()
    assert found["basis"]["text"].startswith("imported 1 hours by model 0, 23 as the same hours")


def test_too_little_was_read_for_the_model(tmp_path: Path) -> None:
    """P9 V7 then habit tells all of it."""
    with opened("sqlite", tmp_path) as few:
        api = Api(few, chains=chains(tmp_path / "deployments", served(tmp_path, "day_ahead")))
        start = int(FIRST.timestamp())
        rows = [
            {"meter": 1, "start": start + 900 * step, "imported": 5, "exported": 0, "sequence": 1, "received": 0}
            for step in range(4 * (FEWEST - 1))
        ]
        with few.write() as connection:
            connection.execute(insert(tables.readings), rows)
        found = got(api, "/v1/me/forecast")
    assert (found["model"], {hour["imported"]["by"] for hour in found["hours"]}) == (None, {"habit"})
