"""A season's market on the real contracts: what is computed and what the chain holds are the same, to the last wei."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from offchain.artifacts import compile_contracts
from offchain.environment import PROJECT
from offchain.rpc import Rpc, RpcFailed
from offchain.simulate.season import run as season_run
from offchain.simulate.season.behaviour import Order, Own, Plan, Side, View
from offchain.simulate.season.behaviours import BEHAVIOURS
from offchain.simulate.season.chain import Effort, SeasonChainError
from offchain.simulate.season.exchange import Exchange
from offchain.simulate.season.households import AHEAD
from offchain.simulate.season.run import SAVED, Outcome, ResumeError, run
from offchain.simulate.season.season import Battery, Home, Line, Microgrid, Season
from offchain.simulate.season.trading import Act

HOURS = 10
QUARTER = 4
"""Hours after which a point is saved."""
START = datetime(2026, 6, 1, 5, tzinfo=UTC)


class Crowder:
    """Places an order of its own right before and behind each sale that it sees: in odd hours so small a one that the
    sale still gets its minimum."""

    def __init__(self, *_: object) -> None:
        self.seen: list[Order] = []

    def plan(self, own: Own, view: View) -> Plan:
        return Plan()

    def orders(self, own: Own, view: View, exported: int, imported: int) -> list[Order]:
        return [Order(Side.BUY, 3_000, 1_000.0, 0)] if not own.notes[0] else []

    def around(self, own: Own, view: View, seen: Order) -> tuple[list[Order], list[Order]]:
        self.seen.append(seen)
        if seen.side is not Side.SELL or seen.microgrid != 0:
            return [], []
        wh = 100 if view.hour % 2 else 1_000
        return [Order(Side.SELL, wh, 0.0, 0)], [Order(Side.BUY, wh, 1_000.0, 0)]


def a_season() -> Season:
    """A sunny village and a hungry town with a thin line between them; one home crowds the others' sales."""
    homes = [
        Home("village 1", 0, 6.0, 8_000, battery=Battery(4_000, 2_000)),
        Home("village 2", 0, 6.0, 8_000),
        Home("crowder", 0, 0.0, 8_000, "crowder"),
        Home("town 1", 1, 0.0, 8_000),
        Home("town 2", 1, 3.0, 8_000),
    ]
    sun = np.array([0, 0, 500, 2_000, 4_000, 5_000, 4_500, 2_000, 300, 0])
    made = np.outer(sun, [1.0, 0.9, 0, 0, 0.4]).astype(np.int64)
    used = np.outer(np.full(HOURS, 1_000), [0.5, 0.7, 0.0, 2.2, 1.1]).astype(np.int64)
    microgrids, line = [Microgrid("MG1", 4_000), Microgrid("MG2", 4_000)], Line((0, 1), 1_500)
    prices = np.full(HOURS, 180.0), np.full(HOURS, 90.0)
    return Season(START, homes, microgrids, [line], used, made, *prices)


def nothing(hour: int) -> NDArray[np.float64]:
    """No forecast."""
    return np.zeros((AHEAD, 2))


def first_hour(season: Season) -> Season:
    """Only that of it."""
    columns = {name: getattr(season, name)[:1] for name in ("made", "used", "tariff", "feed_in")}
    return replace(season, **columns)


def killed(folder: str) -> None:
    """Runs it with a point saved every four hours, until this process kills itself after six."""
    BEHAVIOURS.own["crowder"] = f"{__name__}:Crowder"
    season_run.DAY = QUARTER

    def told(hours: int, _: Effort) -> None:
        if hours == 6:
            os.kill(os.getpid(), signal.SIGKILL)

    run(a_season(), nothing, Path(folder), told=told)


@pytest.fixture(scope="module")
def season() -> Iterator[Season]:
    """The contracts are compiled, and the crowd's kind is known."""
    compile_contracts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BEHAVIOURS.own, "crowder", f"{__name__}:Crowder")
        patch.setattr(season_run, "DAY", QUARTER)
        yield a_season()


@pytest.fixture(scope="module")
def outcome(season: Season, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Run once; after the last hour it compared all with the chain."""
    return run(season, nothing, tmp_path_factory.mktemp("season"))


def test_every_watt_hour_is_traded_billed_or_held(season: Season, outcome: Outcome) -> None:
    """Y6 for each home in each hour: what its meter counted, trades, the utility and notes are the same energy."""
    ledger = outcome.ledger
    metered = ledger.made + ledger.discharged - ledger.used - ledger.curtailed
    held = np.diff(ledger.notes, axis=0, prepend=0)
    assert (metered + ledger.bought - ledger.sold == ledger.fed_in - ledger.drawn + held).all()
    assert ledger.sold.sum() > 10_000
    assert ledger.bought.sum() > 5_000


def test_nobody_trades_worse_than_with_the_utility(outcome: Outcome) -> None:
    """Y7: no household sells below the feed-in price or buys above the tariff, on average of an hour."""
    ledger = outcome.ledger
    homes = [0, 1, 3, 4]
    sold, bought = ledger.sold[:, homes], ledger.bought[:, homes]
    assert (ledger.earned[:, homes][sold > 0] * 1000 >= sold[sold > 0] * 90 * (1 - 1e-9)).all()
    assert (ledger.paid[:, homes][bought > 0] * 1000 <= bought[bought > 0] * 180 * (1 + 1e-9)).all()


def test_an_hours_average_lies_between_its_prices(outcome: Outcome) -> None:
    """Y6 by the exchange's accumulated price, from the first hour on, but for what goes back and forth."""
    price, average = outcome.ledger.price, outcome.ledger.average
    opening = 135.0
    before = np.vstack([np.full((1, 2), opening), price[:-1]])
    least, most = np.minimum(before, price), np.maximum(before, price)
    assert (average >= 0.9 * least).all()
    assert (average <= 1.1 * most).all()


def test_lines_trade_only_what_flows(season: Season, outcome: Outcome) -> None:
    """Y8: their operator earns where energy flows to a higher price; congestion has a price where a line is full."""
    ledger = outcome.ledger
    assert (ledger.flow >= 0).all()
    assert ledger.flow.max() == 1_500
    assert (ledger.rent[ledger.flow == 0] == 0).all()
    assert ledger.rent.sum() > 0
    assert (ledger.congestion[ledger.flow < 1_500] == 0).all()


def test_a_run_that_was_killed_goes_on_to_the_same_end(season: Season, outcome: Outcome, tmp_path: Path) -> None:
    """Y9: killed by SIGKILL two hours after a saved point, it ends as a run that wasn't, to the last wei."""
    code = f"from tests.integration.test_season_market import killed; killed({str(tmp_path)!r})"
    ended = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, timeout=120)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    hours: list[int] = []
    resumed = run(season, nothing, tmp_path, resume=True, told=lambda hour, _: hours.append(hour))
    assert hours == [5, 6, 7, 8, 9, 10]
    for column in fields(outcome.ledger):
        assert (getattr(resumed.ledger, column.name) == getattr(outcome.ledger, column.name)).all(), column.name
    assert resumed.effort == outcome.effort


def test_no_other_run_is_gone_on_with(season: Season, outcome: Outcome, tmp_path: Path) -> None:
    """Y9: a point of a season with another input, or a damaged one, is refused in one line."""
    run(first_hour(season), nothing, tmp_path)
    with pytest.raises(ResumeError, match="of a run with other input"):
        run(season, nothing, tmp_path, resume=True)
    (tmp_path / SAVED).write_bytes(b"damaged")
    with pytest.raises(ResumeError, match="is damaged"):
        run(season, nothing, tmp_path, resume=True)
    unknown = b"cno_such_module\nThing\n."
    (tmp_path / SAVED).write_bytes(sha256(unknown).digest() + unknown)
    with pytest.raises(ResumeError, match="is of another version"):
        run(season, nothing, tmp_path, resume=True)


def test_a_difference_of_one_wei_is_found(season: Season, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Y6: where the computed reserve is a wei too large, the run ends."""
    buy = Exchange.buy

    def wrong(exchange: Exchange, eth: int, now: int) -> int:
        tokens = buy(exchange, eth, now)
        exchange.eth += 1
        return tokens

    monkeypatch.setattr(Exchange, "buy", wrong)
    with pytest.raises(SeasonChainError, match="reserve of ETH: the chain has"):
        run(first_hour(season), nothing, tmp_path)


def test_orders_around_anothers_are_in_the_same_block(season: Season, outcome: Outcome) -> None:
    """Y10: who sees an order may place its own right before and behind it; the seen one gets less, or fails."""
    acts: list[Act] = []
    again = run(season, nothing, acts=acts)
    assert (again.ledger.sold == outcome.ledger.sold).all()
    trades = [act for act in acts if act.kind in ("sale", "purchase") and act.microgrid == 0]
    outcomes = Counter[str]()
    for number, before in enumerate(trades):
        if (before.place, before.kind) == (2, "sale"):
            seen, behind = trades[number + 1], trades[number + 2]
            if seen.place == 2:
                behind = seen  # what it saw has failed
            else:
                assert seen.kind == "sale"
                assert seen.got * before.given < before.got * seen.given
            assert (behind.place, behind.kind, behind.time) == (2, "purchase", before.time)
            outcomes["failed" if behind is seen else "got less"] += 1
    assert min(outcomes["failed"], outcomes["got less"]) > 0


def test_a_chain_that_is_gone_is_one_line() -> None:
    """P9."""
    with pytest.raises(RpcFailed, match=r"^the node at http://127.0.0.1:1 doesn't answer \(ConnectionRefusedError\)$"):
        Rpc("http://127.0.0.1:1").call("eth_blockNumber")
