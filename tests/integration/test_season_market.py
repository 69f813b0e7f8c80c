"""A season's market on the real contracts: what is computed and what the chain holds are the same, to the last wei."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from offchain.artifacts import compile_contracts
from offchain.simulate.season.behaviour import Order, Own, Plan, Side, View
from offchain.simulate.season.behaviours import BEHAVIOURS, register
from offchain.simulate.season.households import AHEAD
from offchain.simulate.season.run import Outcome, run
from offchain.simulate.season.season import Battery, Home, Line, Microgrid, Season

HOURS = 10
START = datetime(2026, 6, 1, 5, tzinfo=UTC)


class Crowder:
    """Places an order of its own right before and behind each sale that it sees."""

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
        return [Order(Side.SELL, 1_000, 0.0, 0)], [Order(Side.BUY, 1_000, 1_000.0, 0)]


@pytest.fixture(scope="module")
def season() -> Iterator[Season]:
    """A sunny village and a hungry town with a thin line between them; one home crowds the others' sales."""
    compile_contracts()
    register("crowder", Crowder)
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
    yield Season(START, homes, microgrids, [line], used, made, *prices)
    del BEHAVIOURS["crowder"]


def nothing(hour: int) -> NDArray[np.float64]:
    """No forecast."""
    return np.zeros((AHEAD, 2))


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


def test_lines_trade_only_what_flows(season: Season, outcome: Outcome) -> None:
    """Y8: their operator earns where energy flows to a higher price; congestion has a price where a line is full."""
    ledger = outcome.ledger
    assert (ledger.flow >= 0).all()
    assert ledger.flow.max() == 1_500
    assert (ledger.rent[ledger.flow == 0] == 0).all()
    assert ledger.rent.sum() > 0
    assert (ledger.congestion[ledger.flow < 1_500] == 0).all()
