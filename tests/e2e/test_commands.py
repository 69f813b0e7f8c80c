"""The commands of the README, run as a user runs them."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Shell, running_chains, separate_shell

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


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Running chains with the platform."""
    with separate_shell(tmp_path_factory.mktemp("platform")) as shell, running_chains(shell):
        assert shell.run("ape", "run", "deploy").stdout.count("deployed\n") == PLATFORM
        yield shell


def test_deploy_twice_and_verify(platform: Shell) -> None:
    again = platform.run("ape", "run", "deploy")
    assert again.stdout.count("there already") == BRIDGE + PLATFORM
    assert "deployed\n" not in again.stdout
    verified = platform.run("ape", "run", "deploy", "verify")
    assert verified.returncode == 0
    assert verified.stdout.count("  right\n") == BRIDGE + PLATFORM


def test_both_swaps_on_running_chains(platform: Shell) -> None:
    bought = platform.run("ape", "run", "swap_eth_to_token")
    assert bought.returncode == 0
    assert "45.330545 kWh" in bought.stdout
    assert "45.454545 kWh" in bought.stdout
    swapped = platform.run("ape", "run", "swap_token_to_token", "--tokens", "12.5")
    assert swapped.returncode == 0
    assert "gives 12.5 kWh of MG1" in swapped.stdout
    assert "held" in swapped.stdout
    assert "ran for this command only" not in bought.stdout + swapped.stdout


@pytest.mark.parametrize(("eth", "why"), [("0", "nothing to sell"), ("1000000", "has less than")])
def test_a_wrong_amount_gets_one_line(platform: Shell, eth: str, why: str) -> None:
    """P9: what only the market can tell."""
    assert why in platform.refused("ape", "run", "swap_eth_to_token", "--eth", eth)


def test_verify_fails_when_the_chain_has_other_code(platform: Shell) -> None:
    path = platform.folder / "deployments" / "950327.json"
    manifest = json.loads(path.read_text())
    right = manifest["contracts"]["MG1"]["address"]
    manifest["contracts"]["MG1"]["address"] = manifest["contracts"]["factory"]["address"]
    path.write_text(json.dumps(manifest))
    assert "of the contracts are not as they should be" in platform.refused("ape", "run", "deploy", "verify")
    manifest["contracts"]["MG1"]["address"] = right
    path.write_text(json.dumps(manifest))


def test_ctrl_c_stops_both_chains(shell: Shell) -> None:
    with running_chains(shell) as chains:
        assert len(processes(shell)) >= 5
        chains.send_signal(signal.SIGINT)
        assert chains.wait(30) == 0
        assert processes(shell) == []


def test_demo_trades_privately(shell: Shell) -> None:
    """P3: what the homes know is there, and beside it what the chain shows; page and API serve it."""
    done = shell.run("ape", "run", "demo", "--homes", "2", "--intervals", "1", "--rounds", "1", timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    for shown in (
        "What each household knows of itself",
        "What an onlooker sees",
        "Proofs: seconds",
        "signed by",
        "yes  MG1",
        "A car that nobody knows",
        "yes  nothing that the station keeps names the car",
        "yes  the page is served",
    ):
        assert shown in done.stdout
    assert "NO " not in done.stdout
    assert "Ctrl-C" not in done.stdout  # nobody is there to press it
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
