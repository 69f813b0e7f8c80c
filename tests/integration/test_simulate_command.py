"""`openmg simulate`: one line for wrong input, the same results for the same seed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from offchain.simulate.season.run import SAVED
from offchain.simulate.season.trials import EACH, HELD
from tests.added_package import added_package
from tests.unit.command_line import CommandLine

SMALL = (
    "simulate",
    "--homes",
    "2",
    "--microgrids",
    "1",
    "--days",
    "1",
    "--from",
    "2026-05-02",
    "--seed",
    "3",
    "--no-proofs",
)


@pytest.fixture
def openmg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--days", "0"), "0 is not in the range"),
        (("--homes", "1"), "1 is not in the range"),
        (("--from", "2026-13-01"), "does not match the format"),
        (("--from", "9999-12-01", "--days", "60"), "a season lies between"),
        (("--from", "0001-01-01"), "a season lies between"),
        (("--since", "2024-01-01"), "--since goes with --data"),
        (("--data", "nowhere.csv"), "does not exist"),
        (("--batteries", "nan"), "nan is not"),
        (("--homes", "4", "--hoarders", "5"), "5 homes of other kinds are more than the 4"),
        (("--homes", "4", "--hoarders", "3", "--responsive", "0.5"), "5 homes of other kinds are more than the 4"),
        (("--homes", "4", "--microgrids", "5"), "5 microgrids need a home each"),
        (("--homes", "4", "--kind", "hoarder=3", "--kind", "honest=2"), "5 homes of other kinds are more than the 4"),
        (("--kind", "hoarder"), "'hoarder' is no kind with a number of homes: write NAME=HOMES"),
        (("--kind", "hoarder=-1"), "is no kind with a number of homes"),
        (("--kind", "saint=1"), "there is no kind of participant saint: there are hoarder, honest"),
        (("--trials", "--trial-days", "4"), "--trial-days 4 is more than the season's 3"),
        (("--manipulator-meters", "2"), "--manipulator-meters goes with --trials"),
        (("--manipulator", "hoarder"), "--manipulator goes with --trials"),
        (("--trials", "--manipulator", "pirate"), "there is no kind of participant pirate: there are hoarder, honest"),
        (("--trials", "--manipulator-meters", "21"), "21 is not in the range"),
        (("--trials", "--manipulator-capital", "nan"), "nan is not"),
        (("--trials", "--manipulator-kw", "0.001"), "a meter's capacity is from"),
        (("--tariff", "free"), "free"),
        (("--feed-in-price", "900"), "is above the tariff"),
    ],
)
def test_wrong_input_is_one_line(openmg: CommandLine, tmp_path: Path, words: tuple[str, ...], why: str) -> None:
    """P9, before anything is started or written."""
    out = tmp_path / "season"
    assert why in openmg.run("simulate", *words, "--out", str(out)).error
    assert not out.exists() or not list(out.iterdir())


def test_a_folder_that_can_t_be_written_is_named(openmg: CommandLine, tmp_path: Path) -> None:
    """P9: a file stands in its place."""
    (tmp_path / "taken").touch()
    assert "the report can't be written to" in openmg.run(*SMALL, "--out", str(tmp_path / "taken" / "season")).error


def test_a_file_that_can_t_be_written_is_named(openmg: CommandLine, tmp_path: Path) -> None:
    """P9: a folder stands in its place."""
    (tmp_path / "season.json").mkdir()
    assert openmg.run(*SMALL, "--out", str(tmp_path)).error == f"{tmp_path / 'season.json'}: Is a directory"


def test_participants_of_another_package(openmg: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """J1 J2 P9: they take part by their kind; what goes wrong in one ends the season in one line, and so does what
    can't be saved."""
    theirs = """
        from offchain.simulate.season.behaviour import Plan
        from offchain.simulate.season.behaviours.honest import Honest

        class Fickle(Honest):
            def orders(self, own, view, exported, imported):
                if view.hour == 2:
                    raise ValueError("no mood today")
                return []

        class Kept(Honest):
            def plan(self, own, view):
                self.kept = lambda: own
                return Plan()
    """
    points = {"openmg.behaviours": {"fickle": "Fickle", "kept": "Kept"}}
    added_package(tmp_path, monkeypatch, "simulated_homes", theirs, points)
    words = (*SMALL, "--out", str(tmp_path / "season"), "--responsive", "0")
    told = openmg.run(*words, "--kind", "fickle=1").error
    assert told == "a participant of kind fickle fails in hour 2: ValueError: no mood today"
    monkeypatch.setattr("offchain.simulate.season.run.DAY", 2)
    told = openmg.run(*words, "--kind", "kept=1").error
    assert told.startswith("what participants keep in mind can't be saved: ")


def test_the_same_seed_gives_the_same_results(openmg: CommandLine, tmp_path: Path) -> None:
    """Y13 to the byte, but for what the run took; `command` makes the same season; no state is left behind."""
    found: list[dict[str, Any]] = []
    for name in ("one", "other"):
        folder = tmp_path / name
        told = openmg.done(*SMALL, "--out", str(folder))
        assert [Path(path).parent for path in told["files"]] == [folder] * len(told["files"])
        found.append(json.loads((folder / "season.json").read_text()))
        assert not (folder / SAVED).exists()
    runs = [one.pop("run") for one in found]
    assert json.dumps(found[0]) == json.dumps(found[1])
    assert (
        found[0]["command"]
        == "openmg simulate --homes 2 --microgrids 1 --days 1 --from 2026-05-02 --seed 3 --no-proofs"
    )
    assert runs[0]["transactions"] == runs[1]["transactions"] > 100
    assert runs[0]["gas"] == runs[1]["gas"]
    assert set(found[0]["worlds"]) == {"utility", "auction", "market"}


def test_trials_of_a_manipulator(openmg: CommandLine, tmp_path: Path) -> None:
    """Y32 of one kind, with the means that are asked for: compared under each protection, in figures and words."""
    words = ("--trials", "--trial-days", "1", "--manipulator", "hoarder", "--manipulator-meters", "2")
    openmg.done(*SMALL, *words, "--manipulator-kw", "9.5", "--manipulator-capital", "0.5", "--out", str(tmp_path))
    found = json.loads((tmp_path / "season.json").read_text())
    tried = found["trials"]
    assert tried["means"] == {"meters": 2, "kw": 9.5, "capital": 0.5}
    assert [(one["kind"], one["protections"]) for one in tried["trials"]] == [("hoarder", name) for name in EACH]
    assert [one["kind"] for one in tried["auction"]] == ["hoarder"]
    assert [one["protections"] for one in tried["holds"]] == [name for name, _ in HELD]
    none = tried["trials"][0]
    assert none["distortion"] > 0.1
    assert none["moved"] > 0
    assert any(sentence.startswith("A hoarder moves the price by ") for sentence in found["findings"])
    assert found["command"].endswith(f"{' '.join(words)} --manipulator-kw 9.5 --manipulator-capital 0.5")
    page = " ".join((tmp_path / "season.html").read_text().split())
    assert "A manipulator has 2 meters of 9.5 kW each, and for each 0.50 times the ETH of an exchange." in page
