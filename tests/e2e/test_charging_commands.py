"""A car and a station as processes of `openmg`, both killed in the middle of a session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from web3 import Web3

from offchain.background import again_and_again
from offchain.chains import ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.environment import PROJECT
from offchain.flusher import Flusher
from offchain.process import free_port
from offchain.sender import development_sender
from offchain.units import ETHER
from offchain.wallet import keystore
from offchain.wallet.keys import Keys, Seed
from offchain.wallet.note import ETH
from offchain.wallet.shielding import Shielding
from offchain.wallet.wallet import Wallet
from tests.e2e.conftest import Shell, separate_shell
from tests.node_process import NodeProcess, until
from tests.unit.command_line import CommandLine

PASSWORD = "correct horse"
QUICK_SCRYPT = 1 << 10
KWH_PRICE = 4 * 10**13
MONEY = ETHER // 100


@dataclass
class Street:
    """A chain with the platform and a flusher, a car with money, and a station."""

    shell: Shell
    web3: Web3
    manifest: Manifest
    keys: dict[str, Keys]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str, says: str, *words: str) -> NodeProcess:
        output = self.shell.folder / f"{name}.txt"
        return NodeProcess(["charge", *words, "--wallet", name], output, says, self.shell.environment)

    def station(self) -> NodeProcess:
        terms = ("--price", "ETH=0.00004", "--slice", "0.2", "--power", "400")
        return self.start("station", "Press Ctrl-C", "station", "--port", str(self.port), *terms)

    def command_line(self, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> CommandLine:
        commands = CommandLine(self.shell.folder, patch, capture)
        commands.use(ChainSpec("plasma", 950327, int(self.shell.extra["OPENMG_PLASMA_PORT"])))
        return commands

    def held(self, name: str) -> int:
        """Wei in notes."""
        wallet = Wallet(self.keys[name], self.web3, self.manifest, self.shell.folder / "read")
        wallet.sync()
        return sum(balance.spendable + balance.waiting for balance in wallet.balances())

    def counted(self) -> int:
        """Wh that the car has been told of."""
        readings = [
            json.loads(file.read_text())["reading"] for file in self.shell.folder.glob("wallets/charging-*/*.json")
        ]
        return max((reading["imported"] for reading in readings if reading), default=0)


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with separate_shell(tmp_path) as shell:
        shell.extra |= {"OPENMG_PASSWORD": PASSWORD, "OPENMG_WALLETS": str(shell.folder / "wallets")}
        shell.extra |= {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}
        with started(ChainSpec("plasma", 950327, int(shell.extra["OPENMG_PLASMA_PORT"]))) as chain:
            manifest, operator = Manifest.open(950327, shell.folder / "deployments"), development_sender(chain.web3, 0)
            list(PlatformDeployment(operator, manifest, operator.address).run())
            keys = {}
            for name in ("car", "station", "auditor"):
                seed = Seed(name.encode().ljust(16, b"."))
                keystore.save(seed, shell.folder / "wallets" / f"{name}.json", PASSWORD, QUICK_SCRYPT)
                keys[name] = seed.keys()
                operator.send({"to": keys[name].account.address, "value": ETHER})
            for _ in range(2):
                note = Shielding.to(keys["car"].address, ETH, MONEY // 2)
                operator.send(note.transaction(manifest.address("pool")))
            with again_and_again(Flusher(operator, manifest).flush, 0.25):
                yield Street(shell, chain.web3, manifest, keys, free_port())


def test_both_are_killed(street: Street, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """B9 P6 P9 station and car are killed in mid-session and go on: nothing is paid twice or forgotten, and the
    auditor finds what both say."""
    openmg = street.command_line(monkeypatch, capsys)
    own = ("--wallet", "car")
    station = street.station()
    offer = openmg.done("charge", "quote", street.url, "--kwh", "2.5")
    assert [(named["asset"], named["cost"]) for named in offer["prices"]] == [("ETH", str(5 * KWH_PRICE // 2))]
    refuses(openmg, street)
    car = street.start("car", "", "pay", street.url, "--kwh", "0.3", "--stream")
    until("energy", lambda: street.counted() > 0 or not car.is_alive())
    car.kill()
    station.kill()
    assert street.counted() > 0
    (told,) = openmg.done("charge", "sessions", *own)["sessions"]
    assert "doesn't answer" in openmg.run("charge", "quote", street.url, "--kwh", "1").error
    station = street.station()
    name = told["session"][:8]
    done = openmg.done("charge", "resume", name, *own)
    assert (done["delivered"], done["refund"], done["kept"]) == (300, "0", "0")
    assert int(done["paid"]) == int(done["charged"]) == 300 * KWH_PRICE // 1000
    assert len(set(done["payments"])) == len(done["payments"]) == 3
    assert street.held("car") == MONEY - int(done["paid"])
    assert street.held("station") == int(done["paid"])
    assert openmg.done("charge", "resume", name, *own) == done
    proves(openmg, street, name, done)
    station.end()
    assert "Traceback" not in station.text() + car.text()


def refuses(openmg: CommandLine, street: Street) -> None:
    """What can't be, each in one line, and nothing is paid."""
    own = ("--wallet", "car")
    pay = ("charge", "pay", street.url, *own)
    for why, arguments in {
        "isn't paid in": (*pay, "--kwh", "1", "--asset", "MG1"),
        "order from 1 to": (*pay, "--kwh", "100.001"),
        "at most three decimals": (*pay, "--kwh", "0.0001"),
        "more than 0": (*pay, "--kwh", "0"),
        "more than 10000000000": (*pay, "--kwh", "1", "--most-price", "0.00001"),
        "200 Wh paid ahead, more than 100": (*pay, "--kwh", "1", "--stream", "--most-ahead", "0.1"),
        "another station answers": (*pay, "--kwh", "0.3", "--station", "00" * 32),
        "no address of a charging station": ("charge", "pay", "here", "--kwh", "1", *own),
        "is no charging station": ("charge", "quote", street.web3.provider.endpoint_uri, "--kwh", "1"),  # type: ignore[attr-defined]
        "no one session begins with '5f'": ("charge", "resume", "5f", *own),
        "there are: none yet": ("charge", "collect", "", *own),
        "give ASSET=AMOUNT": ("charge", "station", "--price", "ETH", *own),
        "unknown asset FOO": ("charge", "station", "--price", "FOO=1", *own),
        "--meter-key": ("charge", "station", "--price", "ETH=1", "--meter-key", "12", *own),
    }.items():
        assert why in openmg.run(*arguments).error, arguments
    assert street.held("car") == MONEY


def proves(openmg: CommandLine, street: Street, name: str, done: dict[str, Any]) -> None:
    """Both sides' files, as the auditor finds them."""
    auditor = str(street.keys["auditor"].address)
    for command, side in (("receipt", "station"), ("claim", "car")):
        file = str(street.shell.folder / f"{side}.proof")
        shown = ("--auditor", auditor, "--purpose", "audit", "--output", file, "--wallet", side)
        openmg.done("charge", command, name, *shown)
        found = openmg.done("charge", "verify", file, "--wallet", "auditor")
        assert (found["charged"], found["owed"], found["receipt"]) == (done["charged"], "0", True)
        assert "not for this wallet" in openmg.run("charge", "verify", file, "--wallet", "car").error
    assert "runs no station" in openmg.run("charge", "receipt", name, *shown[:5], file + "2", "--wallet", "car").error
