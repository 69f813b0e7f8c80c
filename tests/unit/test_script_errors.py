"""Wrong input to the scripts: one clear line each, before any chain is started; what each says of itself."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from click.testing import CliRunner

from offchain.environment import PROJECT
from offchain.plasma import local
from offchain.settings import Settings, read, settings


def no_chain(*_: Any, **__: Any) -> Any:
    raise AssertionError("a chain was started")


def refuse_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "local_chains", no_chain)
    monkeypatch.setattr("scripts._command.local_chains", no_chain)
    monkeypatch.setattr("offchain.simulate.bridged_chain.bridged_chain", no_chain)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["deploy", "--operator", "nobody"], "nobody is no address"),
        (["deploy", "--operator", "0x" + "00" * 20], "is no address"),
        (["deploy", "--eth", "1", "--tokens", "0"], "liquidity needs both"),
        (["deploy", "--eth", "0"], "liquidity needs both"),
        (["deploy", "--eth", "nan"], "nan is not between"),
        (["deploy", "--eth", "-1"], "-1 is not between"),
        (["deploy", "--network", "plasma"], "name ecosystem, network and provider"),
        (["deploy", "--account", "nobody"], "no account nobody"),
        (["swap_eth_to_token", "--eth", "1e-19"], "at most 18 decimals"),
        (["swap_eth_to_token", "--microgrid", "MG9"], "is not one of"),
        (["swap_token_to_token", "--tokens", "many"], "many is not a number"),
        (["demo", "--data", "/nowhere.csv"], "does not exist"),
        (["demo", "--data", "Makefile"], "can't be read as CSV"),
        (["demo", "--homes", "1"], "not in the range"),
        (["demo", "--intervals", "25"], "not in the range"),
        (["demo", "--day", "2026-01-01"], "--day goes with --data"),
        (["demo", "--day", "tomorrow", "--data", "Makefile"], "does not match the format"),
        (["market_day", "--homes", "1"], "not in the range"),
        (["market_day", "--data", "Makefile"], "can't be read as CSV"),
        (["market_day", "--utility-price", "nan"], "nan is not a number"),
        (["market_day", "--line-kw", "inf"], "is not"),
        (["market_day", "--feed-in-price", "200"], "must not be above"),
    ],
)
def test_wrong_input_gets_one_line(command: list[str], why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9: click's usage lines aside."""
    refuse_chains(monkeypatch)
    script, *words = command
    done = CliRunner().invoke(import_module(f"scripts.{script}").cli, words, prog_name=script)
    said = [line for line in done.output.splitlines() if line and not line.startswith(("Usage:", "Try "))]
    assert done.exit_code in (1, 2)
    assert isinstance(done.exception, SystemExit)
    assert len(said) == 1
    assert why in said[0]


@pytest.mark.parametrize(
    ("module", "words", "why"),
    [
        ("load", ["--share", "nan"], "nan is not a number"),
        ("load", ["--meters", "1"], "not in the range"),
        ("simulate", ["--size", "10"], "no size such as 55x30"),
        ("simulate", ["--size", "10x400"], "days: 400 is not from 1 to 366"),
        ("rehearsal", ["again"], "unexpected extra argument"),
    ],
)
def test_wrong_input_to_a_benchmark_gets_one_line(module: str, words: list[str], why: str) -> None:
    """P9, as to a script."""
    done = CliRunner().invoke(import_module(f"benchmarks.{module}").main, words)
    said = [line for line in done.output.splitlines() if line and not line.startswith(("Usage:", "Try "))]
    assert (done.exit_code in (1, 2), len(said), why in said[0]) == (True, 1, True), done.output


def test_a_rehearsal_names_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """P9: before anything is started."""
    monkeypatch.setattr("benchmarks.rehearsal.missing", lambda: iter(["nginx"]))
    done = CliRunner().invoke(import_module("benchmarks.rehearsal").main, [])
    assert (done.exit_code, done.output) == (1, "Error: not installed: nginx (docs/flows/operations.md)\n")


def test_a_reports_folder_that_can_t_be_is_named_before_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """P9: not after all the work."""
    refuse_chains(monkeypatch)
    monkeypatch.setattr(settings, "reports", PROJECT / "README.md")
    done = CliRunner().invoke(import_module("scripts.demo").cli, [])
    assert done.exit_code == 1
    assert "the reports can't be written" in done.output


@pytest.mark.parametrize(
    ("setting", "value"),
    [("ROOT_PORT", ""), ("PLASMA_PORT", "99999"), ("PLASMA_PORT", "0"), ("DEPLOYMENTS", ""), ("PROVER", "none")],
)
def test_a_wrong_setting_gets_one_line(setting: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9: the line names the setting and its value."""
    assert isinstance(read(), Settings)
    monkeypatch.setenv(f"OPENMG_{setting}", value)
    with pytest.raises(SystemExit, match=f"^Error: OPENMG_{setting}={value}: [^\n]+$"):
        read()


@pytest.mark.parametrize(
    "command", ["deploy", "swap_eth_to_token", "swap_token_to_token", "demo", "market_day", "chains"]
)
def test_every_command_explains_itself(command: str) -> None:
    """P9: what it does, before its options."""
    done = CliRunner().invoke(import_module(f"scripts.{command}").cli, ["--help"])
    assert done.exit_code == 0
    assert "Usage: " in done.output
    assert len(done.output.split("Options:")[0].split()) > 10
