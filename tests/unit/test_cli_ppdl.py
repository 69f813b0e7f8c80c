"""Training, looking at and checking a forecast on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("command", ["evaluate", "verify"])
def test_without_a_chain_there_is_one_line(openmg: CommandLine, command: str) -> None:
    """P9"""
    assert "`openmg ppdl train` begins one" in openmg.run("ppdl", command).error
