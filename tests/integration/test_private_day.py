"""A small private day with real proofs: one home that makes energy, one that needs it."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from offchain.chains import PLASMA
from offchain.deployment.manifest import Manifest
from offchain.node import NodeError
from offchain.plasma.root_chain import RootChain
from offchain.simulate import private_report as report
from offchain.simulate.bridge_story import BridgeStory
from offchain.simulate.bridged_chain import BridgedChain, bridged_chain
from offchain.simulate.market_day import Home
from offchain.simulate.onlooker import PRIVATE, Onlooker, Sight
from offchain.simulate.private_day import PrivateDay, hours_of
from offchain.simulate.sums import checks
from offchain.wallet.kept_proofs import Keeper, KeptProofs, KeptProofsError, read_proofs
from offchain.wallet.keystore import save
from offchain.wallet.note import ETH
from tests.unit.command_line import CommandLine

START = datetime(2026, 5, 15, tzinfo=UTC)


def home(name: str, microgrid: str, made: int, used: int) -> Home:
    """A home that makes and uses the same in every hour, in Wh."""
    return Home(name, microgrid, 4.0, np.full(24, made), np.full(24, used))


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgedChain]:
    """A plasma chain below a root chain, two hours before the day."""
    with bridged_chain(tmp_path_factory.mktemp("ground"), int(START.timestamp()) - 7200) as chain:
        yield chain


@pytest.fixture(scope="module")
def day(ground: BridgedChain, tmp_path_factory: pytest.TempPathFactory) -> PrivateDay:
    """A day of one hour in which everything but paying a neighbour happens."""
    homes = [home("roof", "MG1", 3_000, 400), home("flat", "MG2", 0, 2_100)]
    folder = tmp_path_factory.mktemp("day")
    found = PrivateDay(ground, Manifest.open(PLASMA.chain_id, folder), homes, [12], START, folder)
    list(found.prepare())
    list(found.run())
    assert found.phases_done == found.phases == 7
    return found


@pytest.fixture(scope="module")
def onlooker(day: PrivateDay) -> Onlooker:
    return Onlooker(day.web3, day.manifest, {day.submitter.relayer.account: "relayer"})


@pytest.fixture(scope="module")
def sights(day: PrivateDay, onlooker: Onlooker) -> list[Sight]:
    return onlooker.watch(day.first_block)


def test_everything_happened_and_was_seen_in_the_same_order(day: PrivateDay, sights: list[Sight]) -> None:
    """P3 what the onlooker sees are the operations, without who, to whom, and, but for trades, how much."""
    kinds = [act.kind for act in day.acts]
    assert sorted(kinds[:2]) == ["shield", "shield"]
    assert kinds[2:] == ["issue", "move", "give", "sell", "buy", "settle", "unshield"]
    seen = [sight for sight in sights if sight.function in PRIVATE]
    functions = ["shield", "shield", "issue", "swap", "transfer", "swap", "swap", "settle", "unshield"]
    assert [sight.function for sight in seen] == functions
    assert [sight.block for sight in seen] == [act.block for act in day.acts]
    for sight in seen:
        hidden = sight.function in ("issue", "transfer", "settle")
        assert bool(sight.went_in or sight.came_out) != hidden
    assert {sight.sender for sight in seen[2:]} == {day.submitter.relayer.account}
    assert {sight.microgrid for sight in seen if sight.function == "settle"} == {2}


def test_the_day_adds_up(day: PrivateDay, sights: list[Sight]) -> None:
    """P1 turnstile, supply and conservation of both energies and ETH; wallets, receipts and restoring."""
    held = checks(day, sights)
    assert len(held) == 14
    assert [check for check, holds in held.items() if not holds] == []


def test_a_day_that_does_not_add_up_is_noticed(day: PrivateDay, sights: list[Sight]) -> None:
    """P1 with a transaction overlooked, or one invented, the checks fail."""
    without_sale = [sight for sight in sights if not sight.cap]
    assert not checks(day, without_sale)["MG1: turnstile = metered + bought in - sold out"]
    assert not checks(day, without_sale)["MG1: issued + bought - sold - settled = held in wallets"]
    twice = [*sights, next(sight for sight in sights if sight.function == "transfer")]
    assert not checks(day, twice)["no note was spent twice"]


def test_a_deposit_too_few_is_noticed(day: PrivateDay, ground: BridgedChain) -> None:
    """P1 all ETH of the plasma chain comes by deposits: what was deposited and what is there are found apart."""
    story = BridgeStory(day, ground)
    steps = story.run()
    assert [next(steps), next(steps)] == ["deposits", "checkpoint"]
    assert list(story.checks.values()) == [True]
    some = dict(list(ground.deposits.items())[1:])
    steps = (story := BridgeStory(day, replace(ground, deposits=some))).run()
    assert [next(steps), next(steps)] == ["deposits", "checkpoint"]
    assert list(story.checks.values()) == [False]


def test_the_root_chain_learns_of_the_day(day: PrivateDay, ground: BridgedChain) -> None:
    """All authorities sign checkpoints of the whole day; a private trade of it is proven to a contract, and a
    household's ETH gets out."""
    story = BridgeStory(day, ground)
    assert list(story.run()) == ["deposits", "checkpoint", "proof", "exit"]
    assert len(story.checks) == 4
    assert [check for check, holds in story.checks.items() if not holds] == []
    told = [what.split()[0] if what else "" for what, _ in story.lines]
    assert told == ["deposited", "checkpoints", "number", *[""] * 4, "proven", "exited"]
    named = [household.keys.account.address for household in day.households]
    assert not any(name in words for _, words in story.lines for name in named)
    assert report.story_table("Over the bridge and back", story.lines).row_count == 9


def test_each_household_knows_its_own_day(day: PrivateDay) -> None:
    """P3 a wallet's history tells what was made of the reading, and nothing of the other's."""
    roof, flat = (report.home_figures(day, household) for household in day.households)
    assert (roof["made"], roof["used"], flat["used"]) == (3.0, 0.4, 2.1)
    assert roof["issued"] == pytest.approx(2.6)
    assert roof["settled"] == 0.0
    assert flat["settled"] == pytest.approx(2.1)
    assert flat["got"] == pytest.approx(roof["given"])
    assert roof["won"] + flat["won"] < 2 * 0.001 * report.WON_PER_ETH


def test_the_report_is_written(day: PrivateDay, onlooker: Onlooker, sights: list[Sight], tmp_path: Path) -> None:
    """P3 tables and JSON keep both sides apart: no home is named in what is seen."""
    report.save_json(day, sights, {"a check": True}, tmp_path / "day.json")
    report.save_plot(day, sights, tmp_path / "day.png", "A day")
    content = json.loads((tmp_path / "day.json").read_text())
    assert set(content["homes"]) == {"roof", "flat"}
    assert not re.search("roof|flat", json.dumps(content["seen"]))
    assert [act["home"] for act in content["happened"]].count("roof") == 6
    assert content["proofs"]["trade"]["count"] == 3
    assert (tmp_path / "day.png").read_bytes().startswith(b"\x89PNG")
    assert report.home_table(day).row_count == 2
    assert report.sight_table(onlooker, sights).row_count == 9
    assert report.proof_table(day).row_count == 4
    assert "7 proofs" in report.proofs_in_words(day)


@pytest.fixture
def openmg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


def test_a_household_keeps_its_own_proofs(
    day: PrivateDay, ground: BridgedChain, openmg: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E9 of every checkpoint while it watches, whatever hinders it at times; those that can't count any more go."""
    manifests, folder = day.manifest.path.parent, openmg.wallets / "home-escape-950327"
    save(day.households[1].seed, openmg.wallets / "home.json", "correct horse")
    shutil.copy(ground.manifest.path, manifests)
    keep = ["plasma", "keep", "--wallet", "home", "--rpc", ground.plasma.url, "--root", ground.above.url]
    keep += ["--manifests", str(manifests)]
    first = openmg.done(*keep)
    assert first["found"] == [f"notes of {ETH}"]
    assert first["file"] == str(folder / f"{first['epoch']:08}.json")
    submission = ground.root.submission(first["epoch"])
    assert submission is not None
    proofs = read_proofs(folder, submission)
    assert proofs.state_root == submission.checkpoint.last_state_root
    with pytest.raises(KeptProofsError, match="there is no file"):
        read_proofs(folder, replace(submission, checkpoint=replace(submission.checkpoint, epoch=9999)))

    hindered, sleep = [NodeError("the node is away"), NodeError("the node is away")], time.sleep
    step = Keeper.step

    def hindered_step(keeper: Keeper) -> KeptProofs | None:
        if hindered:
            raise hindered.pop()
        return step(keeper)

    def until_there_is_a_newer_one(_: float) -> None:
        if any(int(path.stem) > first["epoch"] for path in folder.glob("*.json")):
            raise KeyboardInterrupt
        sleep(0.5)

    shutil.copy(first["file"], folder / f"{first['epoch'] - 1:08}.json")
    monkeypatch.setattr(RootChain, "settled_epoch", lambda root: first["epoch"])
    monkeypatch.setattr(Keeper, "step", hindered_step)
    monkeypatch.setattr("offchain.commands.output.time.sleep", until_there_is_a_newer_one)
    watched = openmg.run(*keep, "--watch")
    assert (watched.status, watched.err) == (0, "the node is away\n")
    same, newer = sorted(int(path.stem) for path in folder.glob("*.json"))
    assert same == first["epoch"]
    assert f"after checkpoint {newer}: {folder / f'{newer:08}.json'}" in watched.out


def test_hours_are_spread_over_the_day() -> None:
    """P9 any number of hours from 1 to 24 is possible, in order, none twice."""
    assert hours_of(1) == [12]
    assert hours_of(4) == [8, 12, 16, 20]
    assert hours_of(24) == list(range(24))
    for count in range(1, 25):
        hours = hours_of(count)
        assert len(set(hours)) == count
        assert hours == sorted(hours)
