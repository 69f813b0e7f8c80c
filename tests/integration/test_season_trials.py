"""Trials of manipulators on the real contracts: what is compared is alike, what protections refuse the chain does."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from offchain.artifacts import compile_contracts
from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.simulate.season.agreement import check
from offchain.simulate.season.beginning import SETUP, begun
from offchain.simulate.season.behaviour import Order, Own, Side, View
from offchain.simulate.season.behaviours import BEHAVIOURS
from offchain.simulate.season.behaviours.honest import Honest
from offchain.simulate.season.chain import SeasonChain, SeasonChainError, season_chain
from offchain.simulate.season.exchange import Exchange
from offchain.simulate.season.founding import POOL_KWH_PER_HOME
from offchain.simulate.season.households import AHEAD
from offchain.simulate.season.manipulator import Means, beside
from offchain.simulate.season.market import HOUR, RULES, Market
from offchain.simulate.season.moving import Hold, hold, move
from offchain.simulate.season.protections import SETS, Protections
from offchain.simulate.season.run import run
from offchain.simulate.season.season import Home, Microgrid, Season
from offchain.simulate.season.trials import Trial, side_by_side, stretches, trials
from offchain.units import ETHER, WATT_HOUR
from offchain.wallet.note import ETH

HOURS, HOMES = 24, 6
MEANS = Means(capacity=1_000)
METERED, NO_METER = 20_000, 0
"""Capacities, Wh an hour."""
START = datetime(2026, 6, 1, tzinfo=UTC)
SHOWN = ("none", "all")


class Idle(Honest):
    """Wants what nobody would give it."""

    def orders(self, own: Own, view: View, exported: int, imported: int) -> list[Order]:
        return [Order(Side.BUY, 1_000, 1.0, 0), Order(Side.SELL, 1_000, 1e5, 0)]


@pytest.fixture(scope="module")
def season() -> Iterator[Season]:
    """Six homes of one microgrid, three of them with a roof."""
    compile_contracts()
    BEHAVIOURS.own["idle"] = f"{__name__}:Idle"
    sun = np.maximum(0, np.sin((np.arange(HOURS) - 6) / 12 * np.pi)) * 3_000
    need = 500 + 700 * np.exp(-((np.arange(HOURS) - 19) ** 2) / 8)
    made = np.outer(sun, [1.0, 0.9, 0.8, 0, 0, 0]).astype(np.int64)
    used = np.outer(need, [0.8, 1.0, 1.2, 1.4, 1.6, 1.8]).astype(np.int64)
    homes = [Home(f"home-{number}", 0, 3.0 * (number < 3), 4_000) for number in range(HOMES)]
    prices = np.full(HOURS, 200.0), np.full(HOURS, 90.0)
    yield Season(START, homes, [Microgrid("MG1", 20_000)], [], used, made, *prices)
    del BEHAVIOURS.own["idle"]


@pytest.fixture(scope="module")
def found(season: Season) -> dict[tuple[str, str], Trial]:
    """A hoarder and one that never trades, by kind and protections."""
    net = (season.made - season.used).sum(axis=1, keepdims=True).astype(np.float64)
    ahead = np.vstack([net, net])
    kinds, held = ("hoarder", "idle"), (("all", 0.25),)
    look = lambda hour: ahead[hour : hour + AHEAD]  # noqa: E731
    done = list(trials(season, look, MEANS, kinds=kinds, sets=SHOWN, held=held, days=1))
    told = [one for one in done if one]
    assert len(done) - len(told) == stretches(kinds, SHOWN, held) == 2 * 2 + 2 + 1
    assert isinstance(told[-1], Hold)
    assert 0 < told[-1].risen < 0.25
    assert told[-1].to_json()["protections"] == "all"
    return {(one.kind, one.protections): one for one in told if isinstance(one, Trial)}


def nothing(hour: int) -> NDArray[np.float64]:
    """No forecast."""
    return np.zeros((AHEAD, 1))


@pytest.mark.parametrize("protections", SHOWN)
def test_who_never_trades_changes_nothing(found: dict[tuple[str, str], Trial], protections: str) -> None:
    """Y32: with and without it, each price, cost and trade is the same to the last digit."""
    one = found["idle", protections]
    assert (one.distortion, one.profit, one.edge, one.harm, one.moved) == (0, 0, 0, 0, 0)
    assert (one.volatility, one.traded, one.refused) == (one.volatility_before, one.traded_before, one.refused_before)
    assert one.traded > 20


def test_protections_together_hold_a_hoarder(found: dict[tuple[str, str], Trial]) -> None:
    """Y33: with all it moves the price at most half as far as without any, and others are refused no more."""
    none, every = (found["hoarder", name] for name in ("none", "all"))
    assert none.distortion > 0.3
    assert 0 < every.distortion < none.distortion / 2
    assert every.moved < none.moved / 2
    assert every.refused <= every.refused_before + 1


def test_a_trial_tells_itself(found: dict[tuple[str, str], Trial]) -> None:
    """Y32: as JSON, whole."""
    told = found["hoarder", "all"].to_json()
    assert Trial(**told) == found["hoarder", "all"]
    assert all(isinstance(value, str | float) for value in told.values())


@pytest.fixture
def chain() -> Iterator[SeasonChain]:
    with season_chain(int(START.timestamp()) - SETUP) as running:
        yield running


def opened(
    chain: SeasonChain, season: Season, folder: Path, protections: Protections, capacity: int
) -> tuple[Market, Manifest]:
    """A season's market beside which a manipulator with a meter of that capacity, or without one, stands."""
    whole = beside(season, None, MEANS, protections)
    homes = [*whole.homes[:-1], replace(whole.homes[-1], capacity=capacity)]
    manifest = Manifest(chain.web3.eth.chain_id, folder / "contracts.json")
    return begun(replace(whole, homes=homes), chain, manifest, nothing, protections), manifest


@pytest.mark.parametrize(
    ("name", "capacity", "passes"),
    [
        ("none", METERED, True),
        ("none", NO_METER, True),
        ("participation", NO_METER, False),
        ("limits", METERED, False),
        ("bound", METERED, False),
        ("bound", NO_METER, True),
    ],
)
def test_the_chain_refuses_what_protections_refuse(
    chain: SeasonChain, season: Season, tmp_path: Path, name: str, capacity: int, passes: bool
) -> None:
    """Y33: who buys a quarter of the exchange at once. Who has no meter trades in public, past limits and bound. What
    passed is the same in both places, to the last wei."""
    market, manifest = opened(chain, season, tmp_path, SETS[name], capacity)
    trading, buyer, now = market.trading, market.homes[-1], int(START.timestamp()) + 300
    wh = POOL_KWH_PER_HOME * (HOMES + 1) * 1000 // 4
    order, wei = Order(Side.BUY, wh, 1e6, 0), trading.exchanges[0].eth_for(wh * WATT_HOUR)
    if name == "limits":  # with the cap that its meter allows
        trading.calls.append(trading.unproven.swap(ETH, wei, trading.tokens[0], 1, now // HOUR, METERED, fails=True))
        traded = 0
    elif name == "bound" and capacity:
        traded = trading._swap(buyer, order, wei, 1, now, 0).wh
    else:
        traded = trading.trade(buyer, order, now)[-1].wh
    market.block(now)
    assert (traded >= wh) == passes
    check(market, chain.web3, manifest)


def test_a_call_that_should_be_refused_and_is_not_ends_the_run(
    chain: SeasonChain, season: Season, tmp_path: Path
) -> None:
    """Y33: so a protection that is missing in a contract is noticed, whoever tries."""
    market, _ = opened(chain, season, tmp_path, SETS["all"], METERED)
    now = int(START.timestamp()) + 300
    call = market.trading.unproven.swap(ETH, 10**12, market.trading.tokens[0], 1, now // HOUR, METERED)
    with pytest.raises(SeasonChainError, match="was to fail, and did not"):
        chain.block(now, [replace(call, fails=True)])


def test_holding_a_price_costs_what_arithmetic_says(season: Season, tmp_path: Path) -> None:
    """Y31: where nobody else trades, it takes the capital of the one move."""
    hours = 5
    columns = {name: getattr(season, name)[:hours] for name in ("tariff", "feed_in")}
    quiet = replace(season, used=np.zeros((hours, HOMES), np.int64), made=np.zeros((hours, HOMES), np.int64), **columns)
    before = run(beside(quiet, None, MEANS, SETS["none"]), nothing, tmp_path, SETS["none"]).ledger
    held = hold(quiet, nothing, before, 0.25, "none", MEANS)
    energy = POOL_KWH_PER_HOME * (HOMES + 1) * ETHER
    exchange = Exchange(int(energy * float(before.price[0, 0]) / season.won_per_eth), energy)
    expected = move(exchange, 0.25, MEANS, RULES, season.won_per_eth)
    assert held.first == 0
    assert held.risen == pytest.approx(0.25, rel=0.15)
    assert held.capital == pytest.approx(expected.capital, rel=0.01)
    for wrong in ({"rise": 0.0}, {"protections": "prayer"}):
        with pytest.raises(UserError):
            hold(quiet, nothing, before, **({"rise": 0.25, "protections": "none"} | wrong))  # type: ignore[arg-type]


def test_trials_that_are_cut_off(season: Season) -> None:
    """P9: with Ctrl-C all processes end at once, chains and files with them, also those that don't hear of it; one that
    is killed is told."""
    folders: set[Path] = set()

    def begin_trials(then: Callable[[ProcessPoolExecutor], None]) -> None:
        with side_by_side(1) as pool:
            folders.add(Path(pool.submit(tempfile.gettempdir).result()))
            then(pool)

    def interrupted(pool: ProcessPoolExecutor) -> None:
        for _ in range(5):
            pool.submit(time.sleep, 60)
        raise KeyboardInterrupt

    def killed(pool: ProcessPoolExecutor) -> None:
        pool.submit(os.kill, pool.submit(os.getpid).result(), signal.SIGKILL).result()

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        begin_trials(interrupted)
    assert time.monotonic() - began < 30
    with pytest.raises(UserError, match="is there memory enough"):
        begin_trials(killed)
    assert not any(folder.exists() for folder in folders)
    assert len(folders) == 2


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"kinds": ("pirate",)}, "no kind of participant pirate"),
        ({"sets": ("prayer",)}, "no protections called prayer"),
        ({"days": 2}, "trials take from 1 to 1 days"),
        ({"days": 0}, "trials take from 1 to 1 days"),
    ],
)
def test_trials_that_cannot_be(season: Season, wrong: dict[str, object], why: str) -> None:
    """P9"""
    with pytest.raises(UserError, match=why):
        list(trials(season, nothing, MEANS, **wrong))  # type: ignore[arg-type]
