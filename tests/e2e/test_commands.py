"""The commands of the README, run as a user runs them."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Shell

Refused = Callable[..., str]
BRIDGE, PLATFORM = 6, 16
"""Contracts on the root chain, and on the plasma chain."""


def processes(shell: Shell) -> list[str]:
    """The root chain on the shell's port, and the plasma chain's nodes on its manifests."""
    pattern = f"anvil.*--port {shell.extra['OPENMG_ROOT_PORT']}|plasma node.*{shell.extra['OPENMG_DEPLOYMENTS']}"
    return subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True).stdout.split()


def test_deploy_starts_what_is_missing_and_leaves_nothing_behind(shell: Shell) -> None:
    done = shell.run("ape", "run", "deploy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout.count("there already\n"), done.stdout.count("deployed\n")) == (BRIDGE, PLATFORM)
    assert "ran for this command only" in done.stdout
    for chain_id, count in ((31337, BRIDGE), (950327, PLATFORM)):
        manifest = json.loads((shell.folder / "deployments" / f"{chain_id}.json").read_text())
        assert manifest["chain_id"] == chain_id
        assert len(manifest["contracts"]) == count
    assert processes(shell) == []


@pytest.mark.usefixtures("chains")
def test_deploy_twice_verify_and_both_swaps_on_running_chains(shell: Shell) -> None:
    assert shell.run("ape", "run", "deploy").stdout.count("deployed\n") == PLATFORM
    again = shell.run("ape", "run", "deploy")
    assert again.stdout.count("there already") == BRIDGE + PLATFORM
    assert "deployed\n" not in again.stdout
    verified = shell.run("ape", "run", "deploy", "verify")
    assert verified.returncode == 0
    assert verified.stdout.count("  right\n") == BRIDGE + PLATFORM
    bought = shell.run("ape", "run", "swap_eth_to_token")
    assert bought.returncode == 0
    assert "45.330545 kWh" in bought.stdout
    assert "45.454545 kWh" in bought.stdout
    swapped = shell.run("ape", "run", "swap_token_to_token", "--tokens", "12.5")
    assert swapped.returncode == 0
    assert "gives 12.5 kWh of MG1" in swapped.stdout
    assert "held" in swapped.stdout
    assert "ran for this command only" not in bought.stdout + swapped.stdout


def test_ctrl_c_stops_both_chains(shell: Shell, chains: subprocess.Popen[str]) -> None:
    assert len(processes(shell)) >= 5
    chains.send_signal(signal.SIGINT)
    assert chains.wait(30) == 0
    assert processes(shell) == []


@pytest.mark.usefixtures("chains")
def test_verify_fails_when_the_chain_has_other_code(shell: Shell, refused: Refused) -> None:
    shell.run("ape", "run", "deploy")
    path = shell.folder / "deployments" / "950327.json"
    manifest = json.loads(path.read_text())
    manifest["contracts"]["MG1"]["address"] = manifest["contracts"]["factory"]["address"]
    path.write_text(json.dumps(manifest))
    assert "of the contracts are not as they should be" in refused("ape", "run", "deploy", "verify")


def test_demo_trades_privately(shell: Shell) -> None:
    """P3: what the homes know is there, and beside it what the chain shows."""
    done = shell.run("ape", "run", "demo", "--homes", "2", "--intervals", "1", timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    for shown in (
        "What each household knows of itself",
        "What an onlooker sees",
        "Proofs: seconds",
        "signed by",
        "yes  MG1",
    ):
        assert shown in done.stdout
    assert "NO " not in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if not line.startswith(("Picture", "Figures"))) <= 80
    assert (shell.folder / "reports" / "private_day.png").stat().st_size > 10_000
    assert json.loads((shell.folder / "reports" / "private_day.json").read_text())["checks"]


def test_market_day_trades_a_day(shell: Shell) -> None:
    done = shell.run("ape", "run", "market_day", "--homes", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    for shown in ("A day on the market", "What the market did", "tokenToTokenSwapOutput", "yes  MG1"):
        assert shown in done.stdout
    assert "NO " not in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if not line.startswith(("Picture", "Figures"))) <= 80
    assert (shell.folder / "reports" / "market_day.png").stat().st_size > 10_000
    assert json.loads((shell.folder / "reports" / "market_day.json").read_text())["checks"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["deploy", "verify"], "no local chains are running"),
        (["deploy", "--operator", "nobody"], "nobody is no address"),
        (["deploy", "--eth", "1", "--tokens", "0"], "liquidity needs both"),
        (["deploy", "--eth", "nan"], "nan is not between"),
        (["deploy", "--eth", "-1"], "-1 is not between"),
        (["deploy", "--network", "ethereum:nowhere:node"], "nowhere"),
        (["deploy", "--network", "plasma"], "name ecosystem, network and provider"),
        (["deploy", "--account", "nobody"], "no account nobody"),
        (["deploy", "--operator", "0x" + "00" * 20], "is no address"),
        (["swap_eth_to_token", "--eth", "0"], "nothing to sell"),
        (["swap_eth_to_token", "--eth", "1000000"], "has less than"),
        (["swap_eth_to_token", "--eth", "1e-19"], "at most 18 decimals"),
        (["swap_eth_to_token", "--microgrid", "MG9"], "is not one of"),
        (["swap_token_to_token", "--tokens", "many"], "many is not a number"),
        (["demo", "--data", "/nowhere.csv"], "does not exist"),
        (["demo", "--data", "Makefile"], "can't be read as CSV"),
        (["demo", "--homes", "1"], "not in the range"),
        (["demo", "--intervals", "25"], "not in the range"),
        (["market_day", "--homes", "1"], "not in the range"),
        (["market_day", "--data", "Makefile"], "can't be read as CSV"),
        (["market_day", "--utility-price", "nan"], "nan is not a number"),
        (["market_day", "--line-kw", "inf"], "is not"),
        (["market_day", "--feed-in-price", "200"], "must not be above"),
        (["demo", "--day", "2026-01-01"], "--day goes with --data"),
        (["demo", "--day", "tomorrow", "--data", "Makefile"], "does not match the format"),
    ],
)
def test_wrong_input_gets_one_line(refused: Refused, command: list[str], why: str) -> None:
    """P9: on the command line, one clear line and no traceback."""
    assert why in refused("ape", "run", *command)


@pytest.mark.parametrize(
    ("setting", "value", "why"),
    [
        ("OPENMG_ROOT_PORT", "abc", "OPENMG_ROOT_PORT=abc: "),
        ("OPENMG_ROOT_PORT", "", "OPENMG_ROOT_PORT=: "),
        ("OPENMG_PLASMA_PORT", "99999", "OPENMG_PLASMA_PORT=99999: "),
        ("OPENMG_PLASMA_PORT", "0", "OPENMG_PLASMA_PORT=0: "),
        ("OPENMG_DEPLOYMENTS", "", "OPENMG_DEPLOYMENTS=: "),
        ("OPENMG_DEPLOYMENTS", "README.md", "manifests can't be kept in"),
    ],
)
def test_a_wrong_setting_gets_one_line(shell: Shell, refused: Refused, setting: str, value: str, why: str) -> None:
    """P9: before anything is deployed."""
    shell.extra[setting] = value
    assert why in refused("ape", "run", "deploy")


def test_a_reports_folder_that_can_t_be_is_named_before_the_day(shell: Shell, refused: Refused) -> None:
    """P9: not after all the work."""
    shell.extra["OPENMG_REPORTS"] = "README.md"
    assert "the reports can't be written" in refused("ape", "run", "demo")


def test_a_manifest_that_is_damaged_is_named(shell: Shell, refused: Refused) -> None:
    """P9: the file is told and left as it is."""
    path = shell.folder / "deployments" / "31337.json"
    path.parent.mkdir()
    path.write_text("{")
    assert "31337.json is no manifest" in refused("ape", "run", "deploy")
    assert path.read_text() == "{"


@pytest.mark.parametrize(
    "command", ["deploy", "swap_eth_to_token", "swap_token_to_token", "demo", "market_day", "chains"]
)
def test_every_command_explains_itself(shell: Shell, command: str) -> None:
    done = shell.run("ape", "run", command, "--help")
    assert done.returncode == 0
    assert "Usage: " in done.stdout
    assert len(done.stdout.split("Options:")[0].split()) > 10
