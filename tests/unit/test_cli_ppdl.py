"""Training, looking at and checking a forecast on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from offchain.ppdl.aggregation.lanes import Signed
from offchain.ppdl.gathering import Gathered, Gathering
from offchain.ppdl.learning.database import add_readings
from offchain.ppdl.robust.rules import Rule
from offchain.ppdl.trainer import development_account
from tests.unit.command_line import CommandLine

FEW = ("--homes", "10", "--rounds", "2")


@pytest.fixture
def openmg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


def test_a_forecast_is_trained_looked_at_and_checked(openmg: CommandLine, tmp_path: Path) -> None:
    """P6, P7: a second run of the same training has nothing to do, and goes on if a block is missing."""
    done = openmg.done("ppdl", "train", *FEW)
    assert [one["number"] for one in done["rounds"]] == [1, 2]
    assert done["rounds"][1]["loss_after"] < done["rounds"][0]["loss_before"]
    assert openmg.done("ppdl", "train", *FEW)["rounds"] == []
    (tmp_path / "models" / "demand" / "blocks" / "000002.json").unlink()
    assert [one["number"] for one in openmg.done("ppdl", "train", *FEW)["rounds"]] == [2]
    scores = openmg.done("ppdl", "evaluate")["scores"]
    assert scores["model"]["nrmse"] < scores["same hour last week"]["nrmse"]
    assert (tmp_path / "reports" / "forecast.png").read_bytes().startswith(b"\x89PNG")
    checked = openmg.done("ppdl", "verify")
    assert (checked["height"], checked["right"]) == (2, True)


def test_a_broken_chain_is_told_in_one_line(openmg: CommandLine, tmp_path: Path) -> None:
    """P7, P9"""
    openmg.done("ppdl", "train", *FEW)
    path = tmp_path / "models" / "demand" / "blocks" / "000001.json"
    block = json.loads(path.read_text())
    block["header"]["loss_after"] -= 1
    path.write_text(json.dumps(block))
    assert openmg.run("ppdl", "verify").error.startswith("block 1: seat ")


def test_progress_is_a_line_a_round(openmg: CommandLine) -> None:
    lines = openmg.run("ppdl", "train", *FEW).out.splitlines()
    assert lines[0] == "8 homes train on 2,150 hours each; 2 others publish theirs for tests."
    assert [line.split()[0] for line in lines[2:4]] == ["1", "2"]
    assert all("follows" in line for line in lines[2:4])


def hourly(path: Path, homes: int, hours: int) -> Path:
    """A CSV file of readings that differ from home to home."""
    rows = [",".join(["reading_datetime", *(f"home {number}" for number in range(homes))])]
    for hour in range(hours):
        time = f"2025-{1 + hour // 672:02}-{1 + hour // 24 % 28:02} {hour % 24:02}:00"
        rows.append(
            ",".join([time, *(f"{(hour * (number % 5 + 1) + number) % 7 / 7 + 0.1:.3f}" for number in range(homes))])
        )
    path.write_text("\n".join(rows))
    return path


@pytest.mark.parametrize(
    ("homes", "hours", "options", "why"),
    [
        (9, 1344, [], "7 homes beside 2 volunteers are too few: it takes 8"),
        (10, 600, [], "600 hours of readings are too few: it takes 8 weeks"),
        (10, 1344, ["--zone", "Mars/Olympus"], "'Mars/Olympus' is no time zone"),
        (10, 1344, ["--volunteers", "9"], "1 homes beside 9 volunteers are too few"),
    ],
)
def test_what_cannot_be_trained_with_is_named(
    openmg: CommandLine, tmp_path: Path, homes: int, hours: int, options: list[str], why: str
) -> None:
    """P9: and no chain is begun."""
    path = hourly(tmp_path / "homes.csv", homes, hours)
    assert why in openmg.run("ppdl", "train", "--data", str(path), *options).error
    assert not (tmp_path / "models").exists()


def test_a_wrong_reading_is_named_with_row_and_column(openmg: CommandLine, tmp_path: Path) -> None:
    """P9"""
    path = hourly(tmp_path / "homes.csv", 10, 1400)
    lines = path.read_text().splitlines()
    cells = lines[7].split(",")
    cells[3] = "much"
    path.write_text("\n".join([*lines[:7], ",".join(cells), *lines[8:]]))
    assert "row 8, column home 2: 'much' is no number" in openmg.run("ppdl", "train", "--data", str(path)).error


def test_a_private_forecast_keeps_a_book(openmg: CommandLine, tmp_path: Path) -> None:
    """P8: what is spent is told, losses are not; the chain is right."""
    done = openmg.done("ppdl", "train", *FEW, "--private", "8,1e-3", "--model", "linear")
    assert done["model"] == {"weights": 31, "provable": False}
    privacy = done["privacy"]
    assert (privacy["epsilon"], privacy["delta"]) == (8, 0.001)
    assert 7.9 < privacy["spent"] <= 8
    assert Path(privacy["book"]).parent == tmp_path / "models" / "privacy"
    assert [one["training_loss"] for one in done["rounds"]] == [None, None]
    assert openmg.done("ppdl", "verify")["right"]
    lines = openmg.run("ppdl", "train", *FEW, "--private", "8,1e-3", "--model", "linear").out.splitlines()
    assert lines[1] == "There is no circuit for this model of 31 weights: its answers can't be disputed."
    assert lines[2].startswith("Private: 8 of epsilon 8 is spent (delta 0.001); the book is ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--homes", "26", "--robust", "groups"], "Groups of at least 8 homes sum in secret"),
        (["--homes", "12", "--robust", "multi_krum"], "Updates are NOT masked"),
        (["--homes", "12", "--model", "gru"], "There is no circuit for this model of 959 weights"),
    ],
)
def test_what_is_unusual_is_said_before_training(openmg: CommandLine, options: list[str], said: str) -> None:
    """P7, P8: and the chain is right whichever way updates are combined."""
    assert said in openmg.run("ppdl", "train", "--rounds", "1", *options).out
    assert openmg.done("ppdl", "verify")["height"] == 1


def test_who_sends_nothing_of_its_own_is_named(
    openmg: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P7: where updates are seen, though it tells another loss than whom it copies; the chain is right all the same."""
    honest = Gathering._open

    def lazy(gathering: Gathering, rule: Rule, number: int, updates: Signed) -> Gathered:
        sent = updates.copy()
        sent[3, :-1], sent[7, :-1] = 0, updates[1, :-1]
        assert len(set(sent[[1, 3, 7], -1].tolist())) == 3
        return honest(gathering, rule, number, sent)

    assert openmg.done("ppdl", "train", "--homes", "12", "--rounds", "1", "--robust", "median")["height"] == 1
    assert openmg.done("ppdl", "verify")["freeRiders"] == []
    monkeypatch.setattr(Gathering, "_open", lazy)
    chain = ("--chain", str(tmp_path / "lazy"))
    openmg.done("ppdl", "train", "--homes", "12", "--rounds", "1", "--robust", "median", *chain)
    riders = [development_account(0, f"home-{number:02}").address.lower() for number in (6, 10)]
    found = openmg.done("ppdl", "verify", *chain)
    assert found["right"]
    assert found["freeRiders"] == [{"block": 1, "participant": address} for address in riders]
    lines = openmg.run("ppdl", "verify", *chain).out.splitlines()
    assert lines[0] == f"Block 1: {riders[0]} sent nothing of its own."


def test_forecasts_are_compared_in_one_table(openmg: CommandLine) -> None:
    """A home's own model, tuned at home, beside the common one and what does without learning together."""
    openmg.done("ppdl", "train", *FEW)
    plain, tuned = openmg.done("ppdl", "evaluate")["scores"], openmg.done("ppdl", "evaluate", "--tuned")["scores"]
    assert list(plain) == ["model", "own regression", "same hour last week"]
    assert list(tuned) == ["model", "tuned at home", "own regression", "same hour last week"]
    assert {name: tuned[name] for name in plain} == plain
    assert tuned["tuned at home"]["nrmse"] < tuned["model"]["nrmse"]
    head, *rows = openmg.run("ppdl", "evaluate", "--tuned").out.splitlines()
    assert head.split() == ["nRMSE", "MASE", "MAPE", "of", "the", "sum"]
    assert [row.split("  ")[0] for row in rows[:4]] == list(tuned)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--private", "eight"], "'eight' is no budget: give epsilon, such as 8"),
        (["--private", "8,1e-3,1,1"], "is no budget"),
        (["--private", "0"], "epsilon 0 can't be kept"),
        (["--private", "8,1"], "a delta of 1 isn't a probability"),
        (["--private", "8", "--robust", "median"], "where single updates are seen there is no private mode"),
        (["--robust", "groups", "--homes", "20"], "18 homes beside 2 volunteers are too few for 3 groups of 8"),
        (["--robust", "masked"], "'masked' is not one of"),
        (["--model", "lstm"], "'lstm' is no model: give hidden sizes such as 16,8"),
        (["--model", "16,"], "'16,' is no model"),
        (["--model", "0"], "a hidden layer has 1 to 4096 units"),
        (["--model", "1,1,1,1,1,1,1"], "up to 6"),
        (["--generation"], "made-up homes have no panels"),
        (["--holidays", "nowhere.txt"], "'nowhere.txt' does not exist"),
    ],
)
def test_options_that_cannot_be_are_named(openmg: CommandLine, tmp_path: Path, options: list[str], why: str) -> None:
    """P9: and no chain is begun, nor a book."""
    assert why in openmg.run("ppdl", "train", *options).error
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("option", ["--robust", "--holidays", "--model", "--generation"])
def test_what_works_in_one_process_only_is_no_option_of_a_home(
    openmg: CommandLine, tmp_path: Path, option: str
) -> None:
    """P9: in one line, and nothing is begun."""
    readings = tmp_path / "home.csv"
    readings.write_text("reading_datetime,home\n")
    assert f"No such option: {option}" in openmg.run("ppdl", "join", "--data", str(readings), option, "median").error
    assert not (tmp_path / "models").exists()


def test_without_cuda_nothing_is_begun(openmg: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9"""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    error = openmg.run("ppdl", "train", *FEW, "--device", "cuda").error
    assert error.startswith("there is no CUDA here (")
    assert not (tmp_path / "models").exists()


def test_holidays_and_a_database_are_taken(openmg: CommandLine, tmp_path: Path) -> None:
    """P9: a wrong day is named with its row; the file's kind is told."""
    path, days = tmp_path / "homes.db", tmp_path / "days.txt"
    for home in range(10):
        kwh = ((hour * (home % 5 + 1) + home) % 7 / 7 + 0.1 for hour in range(1400))
        add_readings(path, [(f"home {home}", 3600 * hour, value) for hour, value in enumerate(kwh)])
    days.write_text("1970-01-06\n1970-02-30\n")
    command = ("ppdl", "train", "--data", str(path), "--rounds", "1", "--holidays", str(days))
    assert "days.txt: row 2, column date: '1970-02-30' is no date" in openmg.run(*command).error
    days.write_text("1970-01-06\n")
    assert openmg.done(*command)["data"] == {"source": str(path), "kind": "readings database"}
    assert openmg.run(*command).out.startswith("homes.db is a readings database: 8 homes train on 1,120 hours each")


def test_whose_book_it_is_stands_in_the_help(openmg: CommandLine) -> None:
    """P8: readings that are given with two wallets have two budgets."""
    assert "the same readings with the same wallet" in " ".join(openmg.run("ppdl", "join", "--help").out.split())


@pytest.mark.parametrize("command", ["evaluate", "verify"])
def test_without_a_chain_there_is_one_line(openmg: CommandLine, command: str) -> None:
    """P9"""
    assert "`openmg ppdl train` begins one" in openmg.run("ppdl", command).error
