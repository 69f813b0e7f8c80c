"""Whether a local market relieves a bottleneck, measured: a sunny village, a town without roofs, a thin line."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pytest

from offchain.artifacts import compile_contracts
from offchain.metering.solar import clear_yield
from offchain.simulate.market_day import KOREA
from offchain.simulate.season.findings import verdict
from offchain.simulate.season.households import AHEAD, Foresight
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.metrics import currents, figures, money
from offchain.simulate.season.report import compared
from offchain.simulate.season.run import run
from offchain.simulate.season.season import Battery, Home, Line, Microgrid, Season

START, DAYS = date(2026, 6, 1), 1
USED = np.array([3, 3, 3, 3, 3, 4, 6, 9, 8, 6, 6, 6, 7, 6, 6, 6, 7, 9, 14, 16, 15, 12, 8, 4]) * 80
"""Wh of a home in the hours of a day."""


def a_season(kind: str) -> Season:
    """Six homes a microgrid, in the village with roofs; four in each have a battery, and these behave as `kind`."""
    homes = [
        Home(f"home-{place + 1:02}", place % 2, 6.0 * (place % 2 == 0), 6_000)
        if place >= 8
        else Home(f"home-{place + 1:02}", place % 2, 6.0 * (place % 2 == 0), 6_000, kind, Battery(9_300, 5_000))
        for place in range(12)
    ]
    roofs = np.array([home.pv_kw for home in homes])
    hours = DAYS * 24
    return Season(
        datetime(START.year, START.month, START.day, tzinfo=KOREA),
        homes,
        [Microgrid("MG1", 20_000), Microgrid("MG2", 20_000)],
        [Line((0, 1), 1_000)],
        np.outer(np.tile(USED, DAYS), np.linspace(0.7, 1.3, 12)).astype(np.int64),
        np.outer(clear_yield(START, DAYS) * 1000, roofs).astype(np.int64),
        np.tile(np.repeat([172.0, 224.0, 264.0, 172.0], [8, 8, 6, 2]), DAYS),
        np.full(hours, 90.0),
    )


def known(season: Season) -> Foresight:
    """What comes, as if forecast without error."""
    net = season.made - season.used
    by_microgrid = np.zeros((season.hours + AHEAD, 2))
    np.add.at(by_microgrid.T, season.places, np.vstack([net, net[-AHEAD:]]).T)
    return lambda hour: by_microgrid[hour : hour + AHEAD]


@pytest.fixture(scope="module", params=["honest", "responsive"])
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Season, dict[str, Ledger]]:
    """All three worlds of a season."""
    compile_contracts()
    season = a_season(request.param)
    worlds = compared(season, known(season))
    worlds["market"] = run(season, known(season), tmp_path_factory.mktemp("season")).ledger
    return season, worlds


def test_a_market_alone_moves_no_energy_and_with_its_prices_batteries_do(
    lived: tuple[Season, dict[str, Ledger]],
) -> None:
    """Y25: where homes do as they did, the line is as full, and only its price is seen. Where batteries follow prices,
    it is full in more hours and holds back more: they sell from the village when the town needs most. The claim that
    a local market relieves bottlenecks does not hold here, and the report says so."""
    season, worlds = lived
    found = {name: figures(season, ledger)["grid"]["lines"][0] for name, ledger in worlds.items()}
    held = {name: line["held_back_kwh"] for name, line in found.items()}
    assert held["utility"] > 15
    assert found["utility"]["congestion"] == 0  # nobody sees what it costs
    assert found["auction"]["congestion"] > 100
    assert found["market"]["congestion"] > 20
    if season.homes[0].behaviour == "honest":
        for ledger in worlds.values():
            assert np.array_equal(ledger.flow, worlds["utility"].flow)
            assert np.array_equal(ledger.curtailed, worlds["utility"].curtailed)
        assert verdict(held["utility"], held["market"]) == "no difference"
    else:
        assert found["market"]["full_hours"] > found["utility"]["full_hours"]
        assert verdict(held["utility"], held["market"]) == "worse"


def test_money_adds_up_over_homes_utility_lines_and_founders(lived: tuple[Season, dict[str, Ledger]]) -> None:
    """Y22 on the contracts: and what pools hold more is what was sold there and not bought, less what lines lose."""
    season, worlds = lived
    ledger = worlds["market"]
    parties = money(season, ledger, currents(season, ledger))
    assert sum(parties[party] for party in ("homes", "utility", "lines", "founders")) == pytest.approx(0, abs=1e-3)
    assert parties["lines"] > 0
    moved = float(currents(season, ledger).lost[ledger.rent != 0].sum())
    left = float(ledger.sold.sum() - ledger.bought.sum()) - moved
    assert float(ledger.pooled[-1].sum()) == pytest.approx(
        left, abs=20 * season.hours
    )  # a line keeps less than a trade
