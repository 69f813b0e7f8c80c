"""What training takes: a CSV file or the readings database, holidays, generation, and the models by option."""

from __future__ import annotations

import dataclasses
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from offchain.metering.readings_file import DataError
from offchain.ppdl.inference.integer_model import IntegerModel, ModelError
from offchain.ppdl.learning.database import add_readings
from offchain.ppdl.learning.features import Horizon, Quantity
from offchain.ppdl.learning.holidays import read_holidays
from offchain.ppdl.learning.model import Perceptron, to_parameters
from offchain.ppdl.learning.recurrent import Recurrent
from offchain.ppdl.learning.source import Source, read
from offchain.ppdl.learning.training import ClientData, answer
from offchain.ppdl.model_chain.answers import answers_of
from offchain.ppdl.model_chain.chain import ModelChain
from offchain.ppdl.model_chain.task import Task, TaskError
from offchain.ppdl.model_chain.verification import verify
from offchain.ppdl.plan import Plan, PlanError
from offchain.ppdl.trainer import Trainer

GRU = Plan(homes=10, rounds=1, layers=(54, 16, 1), window=24)


def panels(path: Path, homes: int = 10, days: int = 70) -> Path:
    """A CSV file of what panels give: a bow over the day, weaker under clouds that differ from day to day."""
    hours = pd.date_range("2026-03-02", periods=24 * days, freq="h")
    bow = np.maximum(np.sin((hours.hour.to_numpy() - 6) / 12 * np.pi), 0)
    sky = np.repeat(np.random.default_rng(1).uniform(0.2, 1, days), 24)
    table = pd.DataFrame({f"home {home}": np.round(bow * sky * (1 + home / 10), 3) for home in range(homes)})
    table.insert(0, "reading_datetime", hours)
    table.to_csv(path, index=False)
    return path


def database(path: Path, rows: list[tuple[Any, Any, Any]]) -> Path:
    """A database that another program made, without the checks of ours."""
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE readings (household, start_utc, kwh)")
        base.executemany("INSERT INTO readings VALUES (?, ?, ?)", rows)
    base.close()
    return path


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    """Whatever its name; the same readings give the same numbers from both."""
    path = panels(tmp_path / "homes.db")
    table = pd.read_csv(path)
    seconds = (pd.to_datetime(table["reading_datetime"]) - pd.Timestamp(0)) // pd.Timedelta("1s")
    other = tmp_path / "homes.csv"
    add_readings(
        other,
        [
            (home, int(start), float(kwh))
            for home in table.columns[1:]
            for start, kwh in zip(seconds, table[home], strict=True)
        ],
    )
    assert (Source.of(path), Source.of(other)) == (Source.CSV, Source.DATABASE)
    csv, base = read(path, "UTC"), read(other, "UTC")
    assert csv.households == base.households
    assert (csv.hours == base.hours).all()
    assert np.array_equal(csv.kwh, base.kwh)
    with pytest.raises(DataError, match="can't be read"):
        read(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("a", 3600, "much"), "household a, start_utc 3600, column kwh: 'much' is no number"),
        (("a", 3600, None), "column kwh: None is no number"),
        (("a", 3600, -0.5), "column kwh: -0.5 is not between 0 and 1,000 kWh"),
        (("a", "noon", 1.0), "column start_utc: 'noon' is no time in seconds since 1970"),
        (("a", 10**12, 1.0), "column start_utc: 1000000000000 is no time"),
        ((None, 3600, 1.0), "column household: None is no name"),
        (("a", 0, 1.0), "household a, start_utc 0: stands there twice"),
        (("a", 3607, 1.0), "is not on a step of 60 minutes"),
    ],
)
def test_a_wrong_row_of_a_database_is_named(tmp_path: Path, row: tuple[Any, Any, Any], why: str) -> None:
    """P9"""
    path = database(tmp_path / "homes.db", [("a", 0, 1.0), row])
    with pytest.raises(DataError, match=f"^homes.db: .*{why}"):
        read(path)


def test_holidays_are_dates_a_row(tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_text("date,name\n2026-12-25,Christmas\n\n# a strike\n2026-01-01 # New Year\n2026-12-25\n")
    assert read_holidays(path) == (date(2026, 1, 1), date(2026, 12, 25))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"2026-12-25\n2026-13-01\n", "row 2, column date: '2026-13-01' is no date; one is 2026-12-25"),
        (b"2026-12-25\ndate\n", "row 2, column date: 'date' is no date"),
        (b"# none\n", "has no holidays"),
        (b"\xff\xfe\x00", "can't be read as a list of holidays"),
    ],
)
def test_what_is_no_list_of_holidays_is_named(tmp_path: Path, content: bytes, why: str) -> None:
    """P9"""
    path = tmp_path / "days.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=why):
        read_holidays(path)


def test_a_holiday_changes_what_is_told_of_its_hours() -> None:
    """Also of later ones, in which it is remembered; of no hour before."""
    plain = Plan(homes=10).cohort()
    day = plain.readings.hours[24 * 60].date()
    assert day.weekday() < 5
    told = msgspec.structs.replace(Plan(homes=10), holidays=(day,)).cohort()
    differs = (plain.examples.features != told.examples.features).any(axis=(0, 2))
    assert differs[24 * 60 : 24 * 61].all()
    assert not differs[: 24 * 60].any()


def test_generation_is_foreseen_from_the_sky(tmp_path: Path) -> None:
    """P7: homes with as many dark hours as panels have are used, told of as panels, and the chain is right."""
    path = panels(tmp_path / "panels.csv")
    plan = Plan(str(path), quantity="generation", rounds=1)
    trainer = Trainer(tmp_path / "chain", plan)
    assert len(trainer.cohort.members) == 8
    assert (trainer.cohort.quantity, trainer.task.foreseen_quantity) == (Quantity.GENERATION, Quantity.GENERATION)
    list(trainer.rounds())
    assert len(list(verify(trainer.chain))) == 2
    with pytest.raises(DataError, match="no household has enough readings"):
        Plan(str(path)).cohort()
    with pytest.raises(PlanError, match="made-up homes have no panels"):
        Plan(quantity="generation").cohort()


@pytest.mark.parametrize(
    "plan", [GRU, Plan(homes=10, rounds=1, layers=(30, 1)), Plan(homes=10, rounds=1, layers=(30, 4, 1))]
)
def test_other_models_are_trained_and_computed_again(tmp_path: Path, plan: Plan) -> None:
    """P7: a recurrent one, too, though it has no circuit."""
    trainer = Trainer(tmp_path / "chain", plan)
    (done,) = trainer.rounds()
    chain = ModelChain(tmp_path / "chain")
    assert len(list(verify(chain))) == 2
    assert len(done.state) == chain.task.model.weights
    assert done.loss_after < done.loss_before
    assert not chain.task.provable
    assert Plan(homes=10).task(Plan(homes=10).cohort()).provable
    again = Task.from_bytes(chain.task.to_bytes())
    assert (again.model, again.hash) == (trainer.model, chain.task.hash)


def test_a_recurrent_models_answers_are_those_of_its_training() -> None:
    """In double precision and rounded, from quantised features: within a few units of single precision."""
    cohort = GRU.cohort()
    task = GRU.task(cohort)
    state = task.model.initial(3)
    data = ClientData.of(cohort.held_out(), cohort.readings.households)
    expected = answer(task.model, to_parameters(state)[None], data.features)[0].numpy()
    features = np.rint(cohort.held_out().features[0] * 256).astype(np.int64)
    assert task.answers(state, features) / 2**19 == pytest.approx(expected, abs=1e-5)
    for wrong_state, wrong_features in ((state[:-1], features), (state, features[:, :-1]), (state, features[0])):
        with pytest.raises(ModelError, match="takes 54 features, not these"):
            answers_of(task.model, wrong_state, wrong_features)


def test_a_perceptrons_answers_are_whole_numbers() -> None:
    state = Perceptron().initial(1)
    features = np.arange(60).reshape(2, 30)
    assert np.array_equal(answers_of(Perceptron(), state, features), IntegerModel.from_lanes(state).answers(features))


def test_a_window_belongs_to_a_recurrent_model() -> None:
    """P9"""
    task = GRU.task(GRU.cohort())
    assert task.model == Recurrent(16, 24)
    assert task.foreseen_hour is Horizon.NEXT_HOUR
    for changes in ({"window": 23}, {"layers": (54, 16, 8, 1)}):
        with pytest.raises(TaskError, match="has other layers"):
            dataclasses.replace(task, **changes)
