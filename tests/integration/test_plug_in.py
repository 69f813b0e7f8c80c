"""The worked example of docs/flows/plug-in.md beside a platform, with real proofs, and what goes wrong in its way."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from nacl.signing import SigningKey
from web3 import Web3
from web3.types import RPCEndpoint

from docs.examples.private_settlement import Platform, settle, take
from offchain.assets import Assets
from offchain.chains import ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment, Rules
from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.flusher import Flusher
from offchain.http_service import serving
from offchain.journal import Journal
from offchain.metering.card import MeterCard
from offchain.metering.delivery import Delivery
from offchain.metering.ledger import Meter
from offchain.metering.microgrid import Microgrid
from offchain.metering.signed_reading import sign
from offchain.process import free_port
from offchain.relayer.client import RelayerClient
from offchain.relayer.fees import Fees
from offchain.relayer.relayer import Relayer
from offchain.relayer.service import service
from offchain.sender import development_account, development_sender
from offchain.settings import settings
from offchain.units import WATT_HOUR
from offchain.wallet.disclose import Discloser
from offchain.wallet.keys import Keys, Seed
from offchain.wallet.request import Operation
from offchain.wallet.wallet import Wallet
from tests import programs
from tests.node_process import NodeProcess
from tests.utility import Utility

CHAIN_ID, LENGTH, WINDOW = 950327, 900, 300
GENESIS = (int(time.time()) // LENGTH - 40) * LENGTH
"""Ten hours ago, since the service takes readings of the last days alone."""
OPERATOR, RELAYER = range(2)
CAPACITY = 4_000
FEE = 5 * WATT_HOUR
SOLAR, FAMILY, NEWCOMER, STRANGER, BILLING, AGENT = (Seed(bytes([number]) * 16).keys() for number in range(1, 7))
EXAMPLE = PROJECT / "docs" / "examples" / "private_settlement.py"
GUIDE = (PROJECT / "docs" / "flows" / "plug-in.md").read_text()
FIRST = GENESIS // LENGTH
"""The epoch in which the chain begins."""


@dataclass
class Town:
    """A platform with meters KR-1 and KR-2, whose customers settle privately, and KR-3, whose customer doesn't."""

    web3: Web3
    manifest: Manifest
    folder: Path
    utility: Utility
    microgrid: Microgrid
    platform: Platform
    delivery: Delivery
    relayer: RelayerClient
    relayer_url: str
    flusher: Flusher

    def wallet(self, keys: Keys) -> Wallet:
        return Wallet(keys, self.web3, self.manifest, self.folder / "wallets")

    def move_to(self, moment: int) -> None:
        for method, values in (("evm_setNextBlockTimestamp", [moment]), ("evm_mine", [])):
            answer = self.web3.provider.make_request(RPCEndpoint(method), values)
            assert "error" not in answer, answer

    def sent(self) -> list[Any]:
        """All transactions of the chain."""
        blocks: list[Any] = [self.web3.eth.get_block(n, True) for n in range(self.web3.eth.block_number + 1)]
        return [transaction for block in blocks for transaction in block["transactions"]]

    def published(self, epoch: int) -> Any:
        """What the chain has of an epoch."""
        registry = self.manifest.contract(self.web3, "registry").functions
        return registry.readingsOf(self.microgrid.number, epoch).call()

    def over(self) -> int:
        """The next epoch that nobody published, once it is over."""
        epoch = FIRST
        while self.published(epoch)[3]:
            epoch += 1
        if self.web3.eth.get_block("latest")["timestamp"] <= (epoch + 1) * LENGTH:
            self.move_to((epoch + 1) * LENGTH + 1)
        return epoch


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    with ExitStack() as stack:
        chain = stack.enter_context(started(ChainSpec("plasma", CHAIN_ID, 0), "--timestamp", str(GENESIS)))
        manifest = Manifest.open(CHAIN_ID, folder / "deployments")
        operator, agent = (development_sender(chain.web3, number) for number in (OPERATOR, RELAYER))
        rules = Rules(epoch_length=LENGTH, correction_window=WINDOW)
        list(PlatformDeployment(operator, manifest, operator.address, rules=rules).run())
        assets, utility = Assets(manifest), Utility()
        microgrid = Microgrid("mg1", operator, manifest, folder / "metering")
        url = stack.enter_context(utility.served(microgrid.bundles))
        fees, pool, registry = Fees.parse(["MG1=0.005"], assets), manifest.address("pool"), manifest.address("registry")
        journal = Journal(folder / "relayer.db")
        relaying = service(Relayer(agent, AGENT.viewing, pool, registry, fees, assets, journal))
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        where = stack.enter_context(serving(relaying, listening))
        cards = {"KR-1": str(MeterCard.of(SOLAR.meter_secret(0))), "KR-2": str(MeterCard.of(FAMILY.meter_secret(0)))}
        platform = Platform(microgrid, url, cards, CAPACITY)
        delivery = Delivery(chain.web3, manifest, f"{url}/bundles")
        wallet = Wallet(SOLAR, chain.web3, manifest, folder / "wallets")
        relayer = RelayerClient(where, wallet.node, CHAIN_ID, pool, registry, assets)
        flusher = Flusher(operator, manifest)
        yield Town(chain.web3, manifest, folder, utility, microgrid, platform, delivery, relayer, where, flusher)


def refused(call: Any, *arguments: Any, **more: Any) -> str:
    """The one line of an error."""
    with pytest.raises(UserError) as error:
        call(*arguments, **more)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_afternoon(town: Town) -> None:
    """J3 P3 from the head-end's pages to a bill that lacks what was settled: values corrected in time count, late ones
    don't; nothing on chain has a number of the platform's, and nothing is sent from a household's account."""
    utility, platform = town.utility, town.platform
    epoch = town.over()
    start = epoch * LENGTH
    utility.read("KR-1", start, exported=2_500)
    utility.read("KR-3", start, imported=3_999_999)
    utility.read("KR-2", start, imported=9)
    opens = platform.publish(epoch)
    assert town.published(epoch)[1:3] == (2_500, 9)
    solar, family = town.wallet(SOLAR), town.wallet(FAMILY)
    assert "can still be corrected: wait" in refused(take, solar, epoch, town.delivery, town.relayer)

    utility.read("KR-2", start, imported=1_500)
    assert platform.publish(epoch, again=True) == opens
    assert town.published(epoch)[1:3] == (2_500, 1_500)
    town.move_to(opens)
    utility.read("KR-2", start, imported=1)
    assert "can't be corrected any more" in refused(platform.publish, epoch, again=True)
    utility.read("KR-2", start, imported=1_500)
    assert town.published(epoch)[1:3] == (2_500, 1_500)

    take(solar, epoch, town.delivery, town.relayer)
    town.flusher.flush()
    solar.sync()
    paid = solar.send(FAMILY.address, 1_200 * WATT_HOUR, solar.asset("MG1"), town.relayer)
    town.flusher.flush()
    receipt = settle(family, epoch, town.delivery, town.relayer, BILLING.address)
    for _ in range(2):
        for meter, of, wh in platform.bill(receipt, BILLING.viewing):
            utility.take_off(meter, of * LENGTH, wh)
    assert utility.taken_off == {("KR-2", start): 1_195}
    assert utility.billed("KR-2", start) == 305
    town.flusher.flush()
    family.sync()
    assert family.balances() == []
    assert "was done already" in refused(settle, family, epoch, town.delivery, town.relayer, BILLING.address)

    sent = town.sent()
    assert not any(b"KR-" in bytes(each["input"]) for each in sent)
    assert {each["from"] for each in sent} == {development_account(number).address for number in (OPERATOR, RELAYER)}

    shown = Discloser(solar, BILLING.address, "the bill").payment(paid).sealed()
    assert "shows no settlement of a meter of MG1" in refused(platform.bill, shown, BILLING.viewing)
    assert "not for this wallet" in refused(platform.bill, receipt, STRANGER.viewing)
    for name, book in (("MG1", "another"), ("MG2", "moved")):  # not in its book; in its book, but settled elsewhere
        other = Microgrid(name, development_sender(town.web3, OPERATOR), town.manifest, town.folder / book)
        if name == "MG2":
            other.ledger.add_meters([Meter(MeterCard.of(FAMILY.meter_secret(0)), other.number, CAPACITY)])
        assert f"shows no settlement of a meter of {name}" in refused(other.settled, receipt, BILLING.viewing)
    assert "is no disclosure" in refused(platform.bill, receipt[:-1], BILLING.viewing)


def test_a_head_end_that_is_down(town: Town) -> None:
    """P9 J3 whether it says so, isn't there, or answers something else: one line, and nothing is published."""
    epoch = town.over()
    town.utility.down = True
    assert f"the readings of epoch {epoch} can't be had: HTTPError: 503" in refused(town.platform.publish, epoch)
    town.utility.down = False
    for place, why in (
        (f"http://127.0.0.1:{free_port()}", "ConnectionError"),
        (str(town.web3.provider.endpoint_uri), "can't be had"),  # type: ignore[attr-defined]
        ("head-end", "MissingSchema"),
    ):
        platform = Platform(town.microgrid, place, {}, CAPACITY)
        assert why in refused(platform.publish, epoch)
    assert town.published(epoch)[3] == 0


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (CAPACITY + 1, "read 4001 Wh, and is registered with 4000"),
        (-1, "-1 Wh imported is not between"),
        ("many", "is no reading in whole Wh"),
        (0.5, "is no reading in whole Wh"),
        (None, "is no reading in whole Wh"),
    ],
)
def test_values_that_are_none(town: Town, value: Any, why: str) -> None:
    """P9 J3 an epoch with one of them isn't published; without it, it is."""
    epoch = town.over()
    town.utility.read("KR-1", epoch * LENGTH, imported=5)
    town.utility.read("KR-2", epoch * LENGTH, imported=value)
    assert why in refused(town.platform.publish, epoch)
    assert town.published(epoch)[3] == 0
    town.utility.rows.pop(epoch * LENGTH)


def test_meters_that_have_no_reading(town: Town) -> None:
    """P9 J3 a meter that isn't registered, one whose value is late, an epoch that isn't over or isn't published: the
    household is told which."""
    epoch = town.over()
    assert "is not published yet: there is nothing to correct" in refused(town.platform.publish, epoch, again=True)
    assert "is not over" in refused(town.platform.publish, epoch + 50)
    town.utility.read("KR-1", epoch * LENGTH)
    town.platform.publish(epoch)
    of = (town.delivery, town.relayer)
    assert "has no registered meter" in refused(take, town.wallet(STRANGER), epoch, *of)
    assert "has no reading of this meter: ask the operator" in refused(take, town.wallet(FAMILY), epoch, *of)
    assert f"the readings of epoch {epoch + 1} are not published" in refused(take, town.wallet(SOLAR), epoch + 1, *of)
    town.move_to(town.published(epoch)[3])
    assert "exported nothing" in refused(take, town.wallet(SOLAR), epoch, *of)
    assert "there is nothing to settle" in refused(settle, town.wallet(SOLAR), epoch, *of, BILLING.address)


@pytest.mark.parametrize("card", ["", "KR-1", str(SOLAR.address), str(MeterCard.of(9))[:-1]])
def test_cards_that_are_none(town: Town, card: str) -> None:
    """P9 J3 refused before any meter is registered."""
    good = str(MeterCard.of(77))
    before = town.microgrid.registration.registered()
    assert "card" in refused(Platform, town.microgrid, town.platform.head_end, {"KR-8": good, "KR-9": card}, CAPACITY)
    assert town.microgrid.registration.registered() == before


def test_the_example_is_short() -> None:
    """J3 under 60 lines, blank ones and docstrings included, and none of them wider than the project's."""
    lines = EXAMPLE.read_text().splitlines()
    assert len(lines) < 60
    assert max(map(len, lines)) <= 120


def test_the_guide_shows_the_example() -> None:
    """J3 as it is, and says what each part of it does; what it names there is in it."""
    shown, told = GUIDE.split("What each part does:")
    assert dedented(shown.rpartition("whole:")[2]) == EXAMPLE.read_text()
    tree = ast.walk(ast.parse(EXAMPLE.read_text()))
    names = {part.name for part in tree if isinstance(part, ast.ClassDef | ast.FunctionDef)}
    steps = re.findall(r"^\d\. (.*?):? ", told.partition("What they work on")[0], re.MULTILINE)
    assert names - {"__init__"} == set(re.findall(r"\*\*`(\w+)`\*\*", told))
    assert len(steps) == 5


def test_the_guide_wires_it_up(town: Town, tmp_path: Path) -> None:
    """J3 its lines for both sides work as they stand; and the platform's reader is one for the command too."""
    platforms, households = blocks("What they work on", "`operator` is an")
    keys, folder = NEWCOMER, tmp_path
    given = {"rpc": town.web3.provider.endpoint_uri, "operator": development_account(OPERATOR), "folder": folder}  # type: ignore[attr-defined]
    given |= {"head_end": town.platform.head_end, "card": str(MeterCard.of(keys.meter_secret(0))), "Platform": Platform}
    given |= {"keys": keys, "relayer_url": town.relayer_url}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "deployments", town.manifest.path.parent)
        exec(compile(platforms + households, "the guide", "exec"), given)
    given["wallet"].sync()
    assert given["wallet"].meter().capacity == CAPACITY
    assert given["relayer"].relay(Operation.SETTLE, given["wallet"].asset("MG1")).fee == FEE
    assert "are not published yet" in refused(given["delivery"].reading, given["wallet"].meter(), FIRST + 30)


def test_the_guide_over_http(town: Town, tmp_path: Path) -> None:
    """J3 U10 its lines work as they stand: with the service as a process, curl, and readings that devices signed."""
    if shutil.which("curl") is None:
        programs.missing("curl is not installed: `apt-get install curl` runs this test too")
    epoch, card, device = town.over(), MeterCard.of(NEWCOMER.meter_secret(1)), SigningKey(bytes(range(32)))
    commitment = card.commitment.to_bytes(32, "big")
    reading = sign(device, commitment, epoch * LENGTH, LENGTH, imported=120, exported=700)
    (tmp_path / "batch.json").write_text(json.dumps({"readings": [reading.model_dump()]}))
    port, rpc = free_port(), urlsplit(str(town.web3.provider.endpoint_uri))  # type: ignore[attr-defined]
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT),
        "OPENMG_DEPLOYMENTS": str(town.manifest.path.parent),
        "OPENMG_METERING": str(tmp_path / "metering"),
        "OPENMG_DATABASE": f"sqlite:///{tmp_path}/history.db",
        "OPENMG_PLASMA_PORT": str(rpc.port),
        "OPENMG_ROOT_PORT": str(free_port()),
        "CARD": str(card),
        "DEVICE": bytes(device.verify_key).hex(),
        "API": f"http://127.0.0.1:{port}",
        "RELAYER": town.relayer_url,
        "EPOCH": str(epoch),
    }
    first, second, third = blocks("## Over HTTP", "## What stays")
    process = NodeProcess(("api", "serve", "--port", str(port)), tmp_path / "api.log", "API at", environment)
    script = "set -euo pipefail\n" + first + second + "\necho\n" + third
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    process.end()
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"accepted":1,"rejected":0' in done.stdout
    assert f"Epoch {epoch} of MG1: published. 700 Wh exported, 120 imported." in done.stdout
    assert '"imported":120,"exported":700' in done.stdout
    assert '"fees"' in done.stdout
    assert town.published(epoch)[1:3] == (700, 120)


def blocks(begin: str, end: str) -> list[str]:
    """The guide's indented blocks between two places."""
    part = GUIDE.partition(begin)[2].partition(end)[0]
    return [dedented(block) for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", part, re.MULTILINE)]


def dedented(block: str) -> str:
    return textwrap.dedent(block).strip("\n") + "\n"
