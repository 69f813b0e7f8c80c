"""Wrong input of every command, without a chain and on one without the platform."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from offchain.chains import ChainSpec, started
from offchain.cli import cli
from offchain.environment import PROJECT
from offchain.metering.card import MeterCard
from tests.unit.command_line import CommandLine
from tests.unit.test_cli_wallet import WORDS

ACCOUNT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
TRANSACTION = "0x" + "ab" * 32
HEAVY = (
    "web3",
    "numba",
    "numpy",
    "pandas",
    "rich",
    "requests",
    "pydantic",
    "eth_account",
    "fastapi",
    "nacl",
    "ape",
    "sqlalchemy",
    "paho",
)


@pytest.fixture
def openmg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


@pytest.fixture(scope="module")
def bare_chain() -> Iterator[ChainSpec]:
    """A plasma chain on which nothing is deployed."""
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        yield ChainSpec("plasma", 950327, int(chain.url.rpartition(":")[2]))


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that call it; those of `openmg plasma` are in test_cli_plasma.py."""
    for name, command in group.commands.items():
        if name == "plasma":
            continue
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def valid(words: tuple[str, ...], address: str, folder: Path) -> list[str]:
    """Arguments that are right as far as they can be checked without a chain."""
    disclosed = ["--auditor", address, "--purpose", "audit", "--output", str(folder / "out.json")]
    return {
        "shield": ["1", "ETH"],
        "send": ["1", "ETH", address],
        "unshield": ["1", "ETH", ACCOUNT],
        "swap": ["1", "ETH", "MG1"],
        "issue": ["5", "--readings", str(folder)],
        "settle": ["1", "5", "--readings", str(folder)],
        "payment": [TRANSACTION, *disclosed],
        "settlement": [TRANSACTION, *disclosed],
        "statement": ["--since", "2026-01-01", "--until", "2027-01-01", *disclosed],
        "verify-disclosure": [str(folder / "disclosure.json")],
        "relayer": ["--fee", "ETH=0.1"],
        "register": ["MG1", str(MeterCard.of(1)), "--capacity", "4000"],
        "publish": ["MG1", "5", str(folder / "readings.csv")],
        "correct": ["MG1", "5", str(folder / "readings.csv")],
        "status": ["MG1"],
        "join": ["--data", str(folder / "readings.csv")],
        "ask": ["--data", str(folder / "readings.csv"), "--node", ACCOUNT],
        "station": ["--price", "ETH=0.0001"],
        "quote": ["http://127.0.0.1:1", "--kwh", "1"],
        "pay": ["http://127.0.0.1:1", "--kwh", "1"],
        "resume": ["5f"],
        "collect": ["5f"],
        "receipt": ["5f", *disclosed],
        "claim": ["5f", *disclosed],
    }.get(words[-1], [])


OFF_CHAIN = ("new", "restore", "address", "viewing-key", "train", "evaluate", "verify", "simulate")
ON_CHAIN = [
    words
    for words, _ in commands()
    if words[-1] not in OFF_CHAIN and (words[0] not in ("api", "backup") or words == ("api", "index"))
]
SPENDING = [("wallet", name) for name in ("shield", "send", "unshield", "swap", "settle")]


def test_start_loads_nothing_heavy() -> None:
    """C3 help and usage errors come at once: nothing is imported that only some commands need."""
    code = f"import sys, offchain.cli; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("words", [words for words, _ in commands()], ids=" ".join)
def test_every_command_explains_itself(openmg: CommandLine, words: tuple[str, ...]) -> None:
    """C3 what it does, its options, and an example."""
    ended = openmg.run(*words, "--help")
    assert ended.status == 0
    assert f"\n  openmg {' '.join(words)}" in ended.out
    assert all(option in ended.out for option in ("--help", "--json"))


@pytest.mark.parametrize("words", ON_CHAIN, ids=" ".join)
def test_without_a_chain(openmg: CommandLine, tmp_path: Path, words: tuple[str, ...]) -> None:
    """P9 one line that says how to get one, as text and as JSON; nothing changes."""
    address = openmg.done("wallet", "restore", typed=WORDS)["address"]
    (tmp_path / "disclosure.json").write_text("{}")
    (tmp_path / "readings.csv").write_text("commitment,exported,imported\n0x1,2,3\n")
    before = openmg.files()
    arguments = valid(words, address, tmp_path)
    assert "start it with `make chains`" in openmg.run(*words, *arguments).error
    ended = openmg.run(*words, *arguments, "--json")
    assert ended.status == 1
    assert "start it with `make chains`" in ended.content["error"]
    dead = openmg.run(*words, *arguments, "--rpc", "http://127.0.0.1:1").error
    assert "the node doesn't answer" in dead
    for nowhere in ("nowhere", "http://[::1"):
        assert "http://HOST:PORT" in openmg.run(*words, *arguments, "--rpc", nowhere).error
    assert openmg.files() == before
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("words", ON_CHAIN, ids=" ".join)
def test_on_a_chain_without_the_platform(
    openmg: CommandLine, bare_chain: ChainSpec, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """P9 one line that says how to deploy it; nothing changes."""
    openmg.use(bare_chain)
    address = openmg.done("wallet", "restore", typed=WORDS)["address"]
    (tmp_path / "disclosure.json").write_text("{}")
    (tmp_path / "readings.csv").write_text("commitment,exported,imported\n0x1,2,3\n")
    before = openmg.files()
    assert "run `ape run deploy`" in openmg.run(*words, *valid(words, address, tmp_path)).error
    assert openmg.files() == before


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--power", "0"), "--power: give more than 0 kW"),
        (("--slice", "0"), "--slice: give kWh with at most three decimals, and more than 0"),
        (("--most", "1e9"), "--most: give less than 4,294,967.296 kWh"),
        (("--meter-key", "ab"), "--meter-key: give 32 bytes"),
        (("--port", "0"), "0 is not in the range"),
    ],
)
def test_a_station_that_can_t_be(openmg: CommandLine, words: tuple[str, ...], why: str) -> None:
    """P9 before a wallet is opened."""
    assert why in openmg.run("charge", "station", "--price", "ETH=1", *words).error
    assert openmg.files() == {}


@pytest.mark.parametrize("words", SPENDING, ids=" ".join)
@pytest.mark.parametrize("amount", ["many", "nan", "inf", "-1", "1e-19", "1e10", "", "0x1"])
def test_wrong_amounts(openmg: CommandLine, tmp_path: Path, words: tuple[str, ...], amount: str) -> None:
    """P9 refused before anything is asked or read."""
    arguments = valid(words, "openmg1", tmp_path)[1:]
    error = openmg.run(*words, *arguments, "--", amount).error if amount == "-1" else ""
    if amount != "-1":
        error = openmg.run(*words, amount, *arguments).error
    assert "Invalid value" in error


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["wallet", "send"], "Missing argument 'AMOUNT'"),
        (["wallet", "send", "1", "ETH", "openmg1qqq"], "address"),
        (["wallet", "send", "1", "ETH", ACCOUNT], "address"),
        (["wallet", "unshield", "1", "ETH", "0x12"], "0x12 is no address"),
        (["wallet", "unshield", "1", "ETH", ACCOUNT.replace("C8", "c8")], "the checksum of"),
        (["wallet", "swap", "1", "ETH", "MG1", "--slippage", "51"], "not in the range"),
        (["wallet", "swap", "1", "ETH", "MG1", "--slippage", "nan"], "is not"),
        (["wallet", "swap", "1", "ETH", "MG1", "--minimum", "much"], "much is not a number"),
        (["wallet", "issue"], "Missing argument 'EPOCH'"),
        (["wallet", "issue", "-1", "--readings", "."], "No such option"),
        (["wallet", "issue", "x", "--readings", "."], "is not a valid integer"),
        (["wallet", "settle", "1", "5", "--readings", ".", "--meter", "0"], "not in the range"),
        (["wallet", "new", "--words", "13"], "is not one of"),
        (["wallet", "history", "--since", "yesterday"], "does not match the format"),
        (["wallet", "history", "--since", "2026-02-01", "--until", "2026-01-01"], "--until must be after --since"),
        (["wallet", "disclose", "payment", "0x12"], "is no transaction's hash"),
        (["wallet", "disclose", "payment", TRANSACTION], "Missing option"),
        (["wallet", "verify-disclosure", "/nowhere.json"], "does not exist"),
        (["relayer"], "Missing option '--fee'"),
        (["relayer", "--fee", "ETH=1", "--port", "0"], "not in the range"),
        (["wallet", "fly"], "No such command 'fly'"),
        (["--bogus"], "No such option: --bogus"),
        (["flush", "--wallet", "no such"], "no name of a wallet"),
    ],
)
def test_wrong_arguments(openmg: CommandLine, arguments: list[str], why: str) -> None:
    """P9 one line and exit status 1, the same in both forms; nothing changes."""
    openmg.done("wallet", "restore", typed=WORDS)
    before = openmg.files()
    assert why in openmg.run(*arguments).error
    ended = openmg.run(*arguments, "--json")
    assert ended.status == 1
    if arguments != ["--bogus"]:
        assert why in ended.content["error"]
    assert openmg.files() == before


@pytest.mark.parametrize(
    ("output", "why"), [("there.json", "exists: give another name"), ("none/out.json", "there is no folder")]
)
def test_a_disclosure_is_not_written_just_anywhere(openmg: CommandLine, tmp_path: Path, output: str, why: str) -> None:
    """P9 known before the chain is asked; no file is overwritten."""
    address = openmg.done("wallet", "restore", typed=WORDS)["address"]
    (tmp_path / "there.json").write_text("mine")
    command = ["wallet", "disclose", "payment", TRANSACTION, "--auditor", address, "--purpose", "audit"]
    assert why in openmg.run(*command, "--output", str(tmp_path / output)).error
    assert (tmp_path / "there.json").read_text() == "mine"
