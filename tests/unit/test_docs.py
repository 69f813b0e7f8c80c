"""The documentation is whole: nothing undocumented, no dead link, both READMEs with the same commands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from fastapi.routing import APIRoute

from offchain.api import forecasts, live_values, market, microgrids, models, quotes, system, trust
from offchain.artifacts import load
from offchain.cli import cli
from offchain.environment import PROJECT, VARIABLES
from offchain.settings import Settings
from scripts import (
    ceremony,
    chains,
    charge_car,
    demo,
    deploy,
    market_day,
    simulate,
    swap_eth_to_token,
    swap_token_to_token,
)

COMMANDS = (PROJECT / "docs" / "reference" / "commands.md").read_text()
PAGES = [PROJECT / "README.md", PROJECT / "README.ko.md", PROJECT / "CHANGELOG.md", *(PROJECT / "docs").rglob("*.md")]
SCRIPTS: dict[str, Any] = {
    "deploy": deploy,
    "swap_eth_to_token": swap_eth_to_token,
    "swap_token_to_token": swap_token_to_token,
    "demo": demo,
    "market_day": market_day,
    "chains": chains,
    "charge_car": charge_car,
    "simulate": simulate,
    "ceremony": ceremony,
}


def test_every_make_target_is_documented() -> None:
    targets = re.findall(r"^([a-z-]+):.*##", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test", "lint", "bench"} <= set(targets)
    assert [target for target in targets if f"`make {target}`" not in COMMANDS] == []


def test_every_script_is_a_documented_command() -> None:
    assert {path.stem for path in (PROJECT / "scripts").glob("[!_]*.py")} == set(SCRIPTS)


def options_of(command: click.Command) -> set[str]:
    """Of a command, or of all commands of a group within a group."""
    own = {opt for param in command.params if isinstance(param, click.Option) for opt in param.opts if opt[2:]}
    inner = command.commands.values() if isinstance(command, click.Group) and command.name == "phase1" else ()
    return own.union(*map(options_of, inner))


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_option_is_documented(name: str) -> None:
    (row,) = [line for line in COMMANDS.splitlines() if line.startswith(f"| `ape run {name}` |")]
    command: click.Command = SCRIPTS[name].cli
    assert options_of(command) - {"--verbosity"} == set(re.findall(r"--[a-z0-9-]+", row))
    if isinstance(command, click.Group):
        for sub, subcommand in command.commands.items():
            (row,) = [line for line in COMMANDS.splitlines() if line.startswith(f"| `ape run {name} {sub}` |")]
            assert options_of(subcommand) == set(re.findall(r"--[a-z0-9-]+", row)), sub


def test_every_setting_is_documented() -> None:
    wanted = [f"OPENMG_{field.upper()}" for field in Settings.model_fields] + list(VARIABLES)
    assert [name for name in wanted if f"`{name}`" not in COMMANDS] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_no_link_is_dead(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_every_page_is_listed() -> None:
    listed = "".join((PROJECT / "docs" / folder / "README.md").read_text() for folder in (".", "decisions"))
    pages = [page for page in (PROJECT / "docs").rglob("*.md") if page.name != "README.md"]
    assert [page.name for page in pages if page.name not in listed] == []


def test_both_readmes_show_the_same_commands() -> None:
    shown = [
        re.findall(r"^    ((?:make|ape|source) [^#\n]*?)\s*(?:#|$)", page.read_text(), re.MULTILINE)
        for page in PAGES[:2]
    ]
    assert len(shown[0]) > 8
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    ("contract", "page"),
    [
        ("UniswapOracleExchange", "oracle"),
        ("EnergyToken", "energy-token"),
        ("UniswapFactory", "exchange"),
        ("ZkERC20", "pool"),
        ("PPDLRegistry", "ppdl-registry"),
        ("PPDLChallenges", "ppdl-registry"),
        ("InferenceMarket", "inference-market"),
    ],
)
def test_every_function_of_our_own_is_documented(contract: str, page: str) -> None:
    text = (PROJECT / "docs" / "reference" / f"{page}.md").read_text()
    own = load(f"I{contract}").abi
    inherited = {"IERC20", "IUniswapExchange"}
    known = {entry.get("name") for name in inherited if name != f"I{contract}" for entry in _abi(name)}
    names = {entry["name"] for entry in own if entry["type"] == "function"} - known - {"transferPolicy"}
    constants = {"OBSERVATION_PERIOD", "OBSERVATIONS_KEPT"}
    assert {name for name in names - constants if f"{name}" not in text} == set()


def _abi(name: str) -> list[dict[str, Any]]:
    return load("Token" if name == "IERC20" else name).abi


def test_nothing_private_is_committed() -> None:
    """No real data, no keys but the public development mnemonic, no path of somebody's machine."""
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert [name for name in tracked if name.endswith((".csv", ".csv.gz", ".env"))] == []


def _commands(group: click.Group, path: tuple[str, ...]) -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += _commands(command, (*path, name))
        else:
            found.append((" ".join((*path, name)), command))
    return found


@pytest.mark.parametrize(("name", "command"), _commands(cli, ("openmg",)), ids=lambda value: str(value)[:40])
def test_every_openmg_command_is_documented(name: str, command: click.Command) -> None:
    arguments = [param.make_metavar() for param in command.params if isinstance(param, click.Argument)]
    usage = " ".join((name, *arguments))
    rows = [line for line in COMMANDS.splitlines() if line.startswith(f"| `{usage}` |")]
    if name.startswith("openmg operator"):  # what all of them take is told once
        assert any(line.startswith(f"| `{name} ") for line in COMMANDS.splitlines())
        return
    (row,) = rows
    options = {opt for param in command.params if isinstance(param, click.Option) for opt in param.opts if opt[2:]}
    assert options == set(re.findall(r"--[a-z-]+", row))


@pytest.mark.parametrize(("folder", "count"), [("relayer", 2), ("charging", 7)])
def test_every_route_of_a_small_service_is_documented(folder: str, count: int) -> None:
    page = (PROJECT / "docs" / "reference" / f"{folder}.md").read_text()
    source = (PROJECT / "offchain" / folder / "service.py").read_text()
    routes = re.findall(r'@app\.(get|post)\("([^"]+)"', source)
    assert len(routes) == count
    named = [f"`{method.upper()} {path.replace('{name}', 'NAME')}`" for method, path in routes]
    assert [name for name in named if name not in page] == []


def test_every_route_of_the_chains_is_documented() -> None:
    page = (PROJECT / "docs" / "reference" / "chain-routes.md").read_text()
    modules = (microgrids, market, quotes, trust, models, forecasts, live_values, system)
    routes = [route for module in modules for route in module.routes().routes if isinstance(route, APIRoute)]
    named = [f"`{method} {route.path}`" for route in routes for method in route.methods or ()]
    assert len(named) > 15
    assert [name for name in named if name not in page] == []


def test_every_environment_variable_of_openmg_is_documented() -> None:
    sources = "".join(path.read_text() for path in (PROJECT / "offchain" / "commands").glob("*.py"))
    names = set(re.findall(r'"(OPENMG_[A-Z_]+)"', sources))
    assert len(names) == 4
    assert [name for name in names if f"`{name}`" not in COMMANDS] == []
