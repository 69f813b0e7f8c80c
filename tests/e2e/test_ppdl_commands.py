"""The commands of training over a chain, and of forecasts for sale, each in a process as a user runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from offchain.chains import ChainSpec
from offchain.process import free_port
from tests.e2e.conftest import separate_shell
from tests.e2e.neighbourhood import CHAIN_ID, Neighbourhood, neighbourhood
from tests.unit.command_line import CommandLine


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbourhood]:
    """Two stores; two homes as processes of their own, six in this one."""
    with separate_shell(tmp_path_factory.mktemp("place")) as shell, neighbourhood(shell) as place:
        place.relay("relayer")
        place.relay("second", "--store", place.stores[0], OPENMG_MODELS=str(shell.folder / "second"))
        homes = place.cohort.members
        place.take_in(homes[2:])
        place.join("home", homes[0])
        place.join("neighbour", homes[1])
        yield place
    for name in place.processes:
        assert "Traceback" not in (shell.folder / f"{name}.txt").read_text()


def test_a_round_though_a_home_and_a_store_are_killed(place: Neighbourhood) -> None:
    """P6, P7: kill -9 of a home between seeds and upload, of one of two stores before the sum; the round needs all
    eight homes, and has them."""
    place.until("home", "round 1: committed seeds and published shares")
    place.processes["home"].kill()
    place.join("home", place.cohort.members[0])
    place.until("home", "round 1: trained and uploaded")
    place.processes["second"].kill()
    place.until_header(1)
    for name in ("home", "neighbour"):
        assert "round 1: revealed 7 shares" in place.processes[name].text()
    assert "relayed header 1" in place.processes["relayer"].text()
    assert place.processes["home"].text().count("ETH at stake") == 1
    place.until("neighbour", "round 2: committed keys")
    (chain,) = (place.shell.folder / "models").glob("*/home-neighbour/chain")
    checked = place.shell.run("openmg", "ppdl", "verify", "--chain", str(chain), "--json")
    assert json.loads(checked.stdout)["right"], checked.stderr


def test_forecasts_are_sold(place: Neighbourhood, tmp_path: Path) -> None:
    """I9, I12: by a node that learned the model from the store, plain and with a proof."""
    place.make_wallet("node")
    place.make_wallet("buyer")
    place.start("node", "Press Ctrl-C", "serve", "--store", place.stores[0], "--port", str(free_port()))
    (chain,) = (place.shell.folder / "models").glob("*/node-node/chain")
    assert (chain / "blocks" / "000001.json").exists()
    node = ("--node", place.accounts["node"].address, "--wallet", "buyer", "--json")
    data = ("--data", str(place.shell.folder / f"{place.cohort.members[0]}.csv"))
    answers = []
    for proven in ((), ("--proven",)):
        done = place.shell.run("openmg", "ppdl", "ask", *data, *node, *proven)
        assert done.returncode == 0, done.stdout + done.stderr + place.processes["node"].text()
        answers.append(json.loads(done.stdout))
    assert [one["proven"] for one in answers] == [False, True]
    assert answers[0]["kwh"] == answers[1]["kwh"] > 0


def test_wrong_input_gets_one_line(
    place: Neighbourhood, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """P9: of each command, on a chain where all is there; and nothing is sent."""
    openmg = CommandLine(place.shell.folder, monkeypatch, capsys)
    openmg.use(ChainSpec("plasma", CHAIN_ID, int(place.shell.extra["OPENMG_PLASMA_PORT"])))
    place.make_wallet("stranger")
    place.make_wallet("pauper", ether=0)
    one, two, few = write_homes(tmp_path, place)
    data, dead = ("--data", str(one)), "http://127.0.0.1:1"
    store, node = ("--store", place.stores[0]), ("--node", place.accounts["relayer"].address)
    taken = place.stores[0].rpartition(":")[2]
    for why, words in {
        "there is no wallet nobody": ("join", *data, "--wallet", "nobody"),
        "the store at http://127.0.0.1:1 doesn't answer": ("join", *data, "--store", dead),
        "has no ETH for gas": ("join", *data, *store, "--wallet", "pauper"),
        "trains with one home's readings, not with 2": ("join", "--data", str(two), *store),
        "there is no household 'nowhere': there are ": ("join", "--data", str(two), "--home", "nowhere", *store),
        "10 of 10 hours to train on: it takes more than ": ("join", "--data", str(few), *store),
        "mail is no address of a store": ("join", *data, *store, "--store", "mail"),
        f"can't listen on 127.0.0.1 port {taken}": ("relay", "--port", taken),
        "other is no address of a store": ("relay", "--store", "other"),
        f"can't listen on 127.0.0.1 port {taken}: ": ("serve", *store, "--port", taken),
        "ftp://x is no address of a store": ("serve", "--store", "ftp://x"),
        "0x12 is no address": ("ask", *data, "--node", "0x12"),
        "a forecast is for one home": ("ask", "--data", str(two), *node),
        "is no node of the market": ("ask", *data, *node),
        "x is not a number": ("ask", *data, *node, "--pay", "x"),
    }.items():
        wallet = () if "--wallet" in words else ("--wallet", "stranger")
        assert why in openmg.run("ppdl", *words, *wallet).error, words
    for name in ("stranger", "pauper"):
        assert place.web3.eth.get_transaction_count(place.accounts[name].address) == 0


def write_homes(folder: Path, place: Neighbourhood) -> tuple[Path, Path, Path]:
    """Readings of one home, of two, and of one for ten hours."""
    one = place.shell.folder / f"{place.cohort.members[0]}.csv"
    lines = one.read_text().splitlines()
    two, few = folder / "two.csv", folder / "few.csv"
    two.write_text("\n".join([f"{lines[0]},second", *(f"{line},1.5" for line in lines[1:])]))
    few.write_text("\n".join(lines[:11]))
    return one, two, few
