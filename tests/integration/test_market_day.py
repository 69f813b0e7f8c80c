"""A day of two small microgrids on the real contracts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from offchain.chains import ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.metering.consumption import bundled_day
from offchain.metering.solar import clear_day_yield
from offchain.simulate import report
from offchain.simulate.market_day import Assumptions, DayResult, MarketDay, settle_homes, start_of
from offchain.units import ETHER

ASSUMPTIONS = Assumptions(line_kw=2.0)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DayResult]:
    consumption = bundled_day(6)
    homes = settle_homes(consumption, clear_day_yield(consumption.day))
    start = start_of(consumption)
    flags = ["--timestamp", str(int(start.timestamp()) - 3600), "--gas-price", "0", "--block-base-fee-per-gas", "0"]
    with started(ChainSpec("plasma", 950327, 0), *flags) as chain:
        manifest = Manifest.open(950327, tmp_path_factory.mktemp("deployments"))
        day = MarketDay(chain.web3, manifest, homes, ASSUMPTIONS)
        assert len(list(day.prepare())) == 2 * len(homes) + 2
        assert len(list(day.run(start))) == 24
        yield day.result


def test_every_kwh_is_accounted_for(result: DayResult) -> None:
    assert len(result.checks) == 4
    assert all(result.checks.values())


def test_each_hour_every_home_s_energy_went_somewhere(result: DayResult) -> None:
    """Surplus was sold or given to the utility; need was bought or taken from it."""
    for name, hours in result.hours.items():
        homes = [home for home in result.homes if home.microgrid == name]
        for number, hour in enumerate(hours):
            positions = [int(home.made[number] - home.used[number]) * 10**15 for home in homes]
            assert hour.sold + hour.to_utility == sum(position for position in positions if position > 0)
            assert hour.bought + hour.from_utility == -sum(position for position in positions if position < 0)


def test_all_three_kinds_of_swap_happened(result: DayResult) -> None:
    for operation in ("tokenToEthSwapInput", "ethToTokenSwapOutput", "tokenToTokenSwapOutput"):
        assert result.gas[operation]


def test_the_line_keeps_its_capacity_and_its_losses(result: DayResult) -> None:
    flows = 0
    for number in range(24):
        one, other = (result.hours[name][number] for name in ("MG1", "MG2"))
        for source, target in ((one, other), (other, one)):
            assert source.line_out <= ASSUMPTIONS.line_kw * ETHER
            assert target.line_in == int(source.line_out * (1 - ASSUMPTIONS.line_loss))
            assert source.line_out <= max(source.sold - source.bought, 0)
            flows += source.line_out > 0
        assert one.line_out == 0 or other.line_out == 0
    assert flows > 0


def test_nobody_trades_worse_than_with_the_utility(result: DayResult) -> None:
    figures = report.summary(result)
    assert all(figures[name]["saved_won"] > 0 for name in figures)
    for hours in result.hours.values():
        for hour in hours:
            surplus, need = hour.sold + hour.to_utility, hour.bought + hour.from_utility
            assert hour.income >= surplus / ETHER * ASSUMPTIONS.feed_in_price - 1e-6
            assert hour.cost <= need / ETHER * ASSUMPTIONS.utility_price + 1e-6


def test_the_average_price_from_the_chain_lies_between_the_hour_s_prices(result: DayResult) -> None:
    """The oracle's average is of prices before each trade, so it is near the price the hour opened with or closed."""
    for hours in result.hours.values():
        closing = [ASSUMPTIONS.opening_price, *(hour.closing_price for hour in hours)]
        for number, hour in enumerate(hours):
            low, high = sorted(closing[number : number + 2])
            assert 0.97 * low <= hour.average_price <= 1.03 * high


def test_the_report_is_written(result: DayResult, tmp_path: Path) -> None:
    report.save_json(result, tmp_path / "reports" / "day.json")
    report.save_plot(result, tmp_path / "reports" / "day.png", "A day")
    content = json.loads((tmp_path / "reports" / "day.json").read_text())
    assert content["summary"]["MG1"]["homes"] == 3
    assert len(content["hours"]["MG2"]) == 24
    assert (tmp_path / "reports" / "day.png").read_bytes().startswith(b"\x89PNG")
    assert report.hour_table(result).row_count == 24
    assert report.gas_table(result).row_count == len(result.gas)
    assert report.summary_table(result).row_count == len(content["summary"]["MG1"])
