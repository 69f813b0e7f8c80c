"""Wrong input to the scripts: one clear line each, before any chain is started."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from click.testing import CliRunner

from offchain.plasma import local


def no_chain(*_: Any, **__: Any) -> Any:
    raise AssertionError("a chain was started")


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
    monkeypatch.setattr(local, "local_chains", no_chain)
    monkeypatch.setattr("scripts._command.local_chains", no_chain)
    script, *words = command
    done = CliRunner().invoke(import_module(f"scripts.{script}").cli, words, prog_name=script)
    said = [line for line in done.output.splitlines() if line and not line.startswith(("Usage:", "Try "))]
    assert done.exit_code in (1, 2)
    assert isinstance(done.exception, SystemExit)
    assert len(said) == 1
    assert why in said[0]
