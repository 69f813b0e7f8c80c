"""A household's life with `openmg`, with real proofs: an account without ETH trades through a relayer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from web3 import Web3
from web3.types import RPCEndpoint

from offchain.chains import ChainSpec, started
from offchain.process import free_port
from offchain.sender import development_sender
from offchain.units import ETHER
from tests.e2e.conftest import Shell, separate_shell
from tests.unit.command_line import CommandLine

EPOCH_SECONDS = 900


@dataclass
class Town:
    """Wallets by name on a chain with the platform, and a relayer."""

    shell: Shell
    web3: Web3
    relayer: str
    wallets: dict[str, dict[str, Any]] = field(default_factory=dict)

    def openmg(self, *arguments: str) -> dict[str, Any]:
        """Runs a command that must succeed; returns its JSON."""
        done = self.shell.run("openmg", *arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        content: dict[str, Any] = json.loads(done.stdout)
        return content

    def command_line(self, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> CommandLine:
        """Its commands in this process: a second less for each."""
        commands = CommandLine(self.shell.folder, patch, capture)
        commands.use(ChainSpec("plasma", 950327, int(self.shell.extra["OPENMG_PLASMA_PORT"])))
        return commands

    def make(self, name: str) -> None:
        self.wallets[name] = self.openmg("wallet", "new", "--wallet", name, "--words", "12")

    def fund(self, name: str) -> None:
        account = self.wallets[name]["account"]
        development_sender(self.web3, 5).send({"to": account, "value": 10 * ETHER})

    def pass_time(self, seconds: int) -> None:
        for call, argument in (("evm_increaseTime", seconds), ("anvil_mine", "0x1")):
            self.web3.provider.make_request(RPCEndpoint(call), [argument])

    def time(self) -> int:
        return int(self.web3.eth.get_block("latest")["timestamp"])


def spendable(openmg: CommandLine, name: str) -> dict[str, int]:
    balances = openmg.done("wallet", "balance", "--wallet", name)["balances"]
    return {held["asset"]: int(held["spendable"]) for held in balances}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The platform deployed on a bare chain, whose clock can be set; wallets `home`, `neighbour`, `auditor`; a relayer
    that runs. Wrong input comes first: it needs accounts that sent nothing yet."""
    with separate_shell(tmp_path_factory.mktemp("town")) as shell, settled(shell) as made:
        yield made


@contextmanager
def settled(shell: Shell) -> Iterator[Town]:
    for name in ("wallets", "metering"):
        shell.extra[f"OPENMG_{name.upper()}"] = str(shell.folder / name)
    shell.extra["OPENMG_PASSWORD"] = "correct horse"
    with started(ChainSpec("plasma", 950327, int(shell.extra["OPENMG_PLASMA_PORT"]))) as chain:
        assert shell.run("ape", "run", "deploy").returncode == 0
        port = free_port()
        made = Town(shell, chain.web3, f"http://127.0.0.1:{port}")
        for name in ("home", "neighbour", "auditor", "relayer"):
            made.make(name)
        for name in ("home", "relayer"):
            made.fund(name)
        fees = ["--fee", "ETH=0.001", "--fee", "MG1=0.01"]
        service = shell.start("openmg", "relayer", "--wallet", "relayer", "--port", str(port), *fees)
        assert service.stdout is not None
        assert made.wallets["relayer"]["account"] in service.stdout.readline()
        yield made
        service.terminate()
        log = service.communicate(timeout=30)[0]
    assert "Traceback" not in log
    assert "openmg1" not in log.partition("Press Ctrl-C")[2]


def test_wrong_input_on_a_running_platform(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """P9 one line each, and nothing is sent; in this process, since it is the platform that refuses."""
    openmg = town.command_line(monkeypatch, capsys)
    home, relayed = ("--wallet", "home"), ("--relayer", town.relayer)
    address, account = town.wallets["neighbour"]["address"], town.wallets["neighbour"]["account"]
    send = ("wallet", "send")
    for why, arguments in {
        "not enough: ": (*send, "5", "ETH", address, *home),
        "unknown asset FOO": (*send, "1", "FOO", address, *home),
        "there is no token at that address": (*send, "1", account, address, *home),
        "the amount must be more than 0": (*send, "0", "ETH", address, *home),
        "takes no MG2 for transfer; it takes ETH, MG1": (*send, "1", "MG2", address, *home, *relayed),
        "doesn't answer": (*send, "1", "ETH", address, *home, "--relayer", "http://127.0.0.1:1"),
        "no address of a relayer": (*send, "1", "ETH", address, *home, "--relayer", "relayer"),
        "what answers at": (*send, "1", "ETH", address, *home, "--relayer", town.web3.provider.endpoint_uri),  # type: ignore[attr-defined]
        "may not hold MG1": ("wallet", "unshield", "1", "MG1", account, *home),
        "has no registered meter": ("wallet", "issue", "5", *home),
        "are the same": ("wallet", "swap", "1", "ETH", "ETH", *home),
        "is not on this chain": (
            *("wallet", "disclose", "payment", "0x" + "12" * 32, "--auditor", address, "--purpose", "x"),
            *("--output", str(tmp_path / "x.json"), *home),
        ),
    }.items():
        assert why in openmg.run(*arguments).error, arguments
    taken = int(town.relayer.rpartition(":")[2])
    listening = ("relayer", "--wallet", "relayer", "--port", str(taken), "--fee", "ETH=1")
    assert "can't listen on" in openmg.run(*listening).error
    assert town.web3.eth.get_transaction_count(town.wallets["home"]["account"]) == 0
    assert town.web3.eth.get_transaction_count(town.wallets["relayer"]["account"]) == 0


def test_a_household_without_eth_trades(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """P3 from the first note to the bill, nothing is sent from the neighbour's account, and its words bring it back."""
    openmg = town.command_line(monkeypatch, capsys)
    neighbour, by_relayer = town.wallets["neighbour"], ("--wallet", "neighbour", "--relayer", town.relayer)
    openmg.done("wallet", "shield", "2", "ETH", "--wallet", "home")
    assert "not yet: " in openmg.run("wallet", "send", "1", "ETH", neighbour["address"], "--wallet", "home").error
    assert openmg.done("flush")["notes"] == 1
    sent = openmg.done("wallet", "send", "1", "ETH", neighbour["address"], "--wallet", "home")
    openmg.done("flush")
    assert spendable(openmg, "neighbour") == {"ETH": ETHER}

    # trade
    assert "has no ETH for gas" in openmg.run("wallet", "send", "1", "ETH", neighbour["address"], *by_relayer[:2]).error
    town.pass_time(120)  # the exchange's first snapshot is old enough then
    assert "a registered meter is needed" in openmg.run("wallet", "swap", "0.1", "ETH", "MG1", *by_relayer).error
    card = openmg.done("wallet", "meter", "--wallet", "neighbour")["next_card"]
    commitment = openmg.done("operator", "register", "MG1", card, "--capacity", "16000")["commitment"]
    swapped = openmg.done("wallet", "swap", "0.1", "ETH", "MG1", *by_relayer)
    assert int(swapped["got_amount"]) > 4 * ETHER
    openmg.done("flush")
    left, bought = ETHER - ETHER // 10 - ETHER // 1000, int(swapped["got_amount"])
    assert spendable(openmg, "neighbour") == {"ETH": left, "MG1": bought}

    # what was fed in, and what was used
    epoch = town.time() // EPOCH_SECONDS
    town.pass_time(EPOCH_SECONDS)
    readings = tmp_path / "readings.csv"
    readings.write_text(f"commitment,exported,imported\n{commitment},2500,1500\n")
    openmg.done("operator", "publish", "MG1", str(epoch), str(readings))
    assert "can still be corrected" in openmg.run("wallet", "issue", str(epoch), *by_relayer).error
    town.pass_time(EPOCH_SECONDS)
    issued = openmg.done("wallet", "issue", str(epoch), *by_relayer)
    assert int(issued["amount"]) == 249 * ETHER // 100
    assert "was done already" in openmg.run("wallet", "issue", str(epoch), *by_relayer).error
    settled = openmg.done("wallet", "settle", "1.25", str(epoch), *by_relayer)

    # out again
    stranger = Web3.to_checksum_address("0x" + "5a" * 20)
    openmg.done("wallet", "unshield", "0.5", "ETH", stranger, *by_relayer)
    assert town.web3.eth.get_balance(stranger) == ETHER // 2
    assert town.web3.eth.get_transaction_count(neighbour["account"]) == 0
    openmg.done("flush")
    assert spendable(openmg, "relayer") == {"ETH": 2 * ETHER // 1000, "MG1": 2 * ETHER // 100}

    # what the auditor is shown
    auditor = town.wallets["auditor"]["address"]
    common = ("--auditor", auditor, "--purpose", "bill of May")
    bill, rent, year = (str(tmp_path / f"{name}.json") for name in ("bill", "rent", "year"))
    disclose = ("wallet", "disclose")
    openmg.done(*disclose, "settlement", settled["transaction"], *common, "--output", bill, "--wallet", "neighbour")
    openmg.done(*disclose, "payment", sent["transaction"], *common, "--output", rent, "--wallet", "home")
    days = ("--since", "2020-01-01", "--until", "2100-01-01")
    openmg.done(*disclose, "statement", *days, *common, "--output", year, "--wallet", "neighbour")
    verify = ("wallet", "verify-disclosure")
    (burned,) = openmg.done(*verify, bill, "--wallet", "auditor")["transactions"]
    assert (burned["burned"], burned["meter"]) == (str(125 * ETHER // 100), commitment)
    (paid,) = openmg.done(*verify, rent, "--wallet", "auditor")["transactions"]
    (movement,) = paid["movements"]
    assert (movement["amount"], movement["address"]) == (str(ETHER), neighbour["address"])
    kinds = [line["kind"] for line in openmg.done(*verify, year, "--wallet", "auditor")["transactions"]]
    assert kinds == ["received", "swapped", "issued", "settled", "unshielded"]
    assert "not for this wallet" in openmg.run(*verify, rent, "--wallet", "home").error
    assert "Everything below holds" in town.shell.run("openmg", *verify, year, "--wallet", "auditor").stdout

    # a lost machine
    history = openmg.done("wallet", "history", "--wallet", "neighbour")
    restored = subprocess.run(
        ["openmg", "wallet", "restore", "--wallet", "found", "--json"],
        input=neighbour["words"],
        env=town.shell.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(restored.stdout)["address"] == neighbour["address"]
    assert openmg.done("wallet", "history", "--wallet", "found") == history
    viewing_key = openmg.done("wallet", "viewing-key", "--wallet", "found")["viewing_key"]
    monkeypatch.setenv("OPENMG_VIEWING_KEY", viewing_key)
    assert openmg.done("wallet", "history", "--by-viewing-key") == history
