"""Two microgrids trade a day of energy."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import click

from offchain.command import Number
from scripts._command import Command

BUNDLED_HOMES = 24


@click.command(cls=Command)
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV: reading_datetime, then hourly kWh, one column a household.  [default: bundled profiles]",
)
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Day of the data.  [default: the most complete one]")
@click.option(
    "--homes", type=click.IntRange(2, 200), help=f"At most so many homes.  [default: {BUNDLED_HOMES}, or all of --data]"
)
@click.option(
    "--utility-price", type=Number(0, 10_000, min_open=True), default=180, show_default=True, help="won per kWh."
)
@click.option("--feed-in-price", type=Number(0, 10_000), default=90, show_default=True, help="won per kWh.")
@click.option("--won-per-eth", type=Number(1, 1e9), default=4_000_000, show_default=True)
@click.option("--line-kw", type=Number(0, 10_000), default=12, show_default=True, help="Line between the two.")
def cli(
    data: Path | None,
    day: datetime | None,
    homes: int | None,
    utility_price: float,
    feed_in_price: float,
    won_per_eth: float,
    line_kw: float,
) -> None:
    """Two microgrids trade a day of energy on contracts in a local chain of their own.

    Homes with rooftop PV (pvlib, a clear day on Jeju) sell what they don't use, the others buy it, and what one
    microgrid has too much of goes to the other. Prints the day and writes a picture and JSON to the reports folder.
    """
    # Ape loads every script for each command: what only this one needs is imported here.
    from rich.console import Console
    from rich.progress import Progress

    from offchain.artifacts import compile_contracts
    from offchain.chains import PLASMA, ChainSpec, started
    from offchain.deployment.manifest import Manifest
    from offchain.metering.consumption import bundled_day, read_day
    from offchain.metering.solar import clear_day_yield
    from offchain.settings import settings
    from offchain.simulate import report
    from offchain.simulate.market_day import Assumptions, MarketDay, settle_homes, start_of

    if feed_in_price > utility_price:
        raise click.UsageError("--feed-in-price must not be above --utility-price")
    if data is None and day is not None:
        raise click.UsageError("--day goes with --data")
    try:
        settings.reports.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"the reports can't be written: {error}") from error
    console = Console()
    assumptions = Assumptions(utility_price, feed_in_price, won_per_eth, line_kw)
    consumption = (
        read_day(data, day.date() if day else None, homes or 200) if data else bundled_day(homes or BUNDLED_HOMES)
    )
    if len(consumption.households) < 2:
        raise click.ClickException("two homes at least are needed, one for each microgrid")
    settled = settle_homes(consumption, clear_day_yield(consumption.day))
    compile_contracts()

    source = data.name if data else "bundled profiles"
    console.print(f"{len(settled)} homes, {consumption.day}, {source}; PV on Jeju, a clear day.")
    start = start_of(consumption)
    flags = ["--accounts", str(len(settled) + 1), "--timestamp", str(int(start.timestamp()) - 3600)]
    flags += ["--gas-price", "0", "--block-base-fee-per-gas", "0"]  # a Proof-of-Authority chain sets its own price
    with tempfile.TemporaryDirectory() as folder, started(ChainSpec("plasma", PLASMA.chain_id, 0), *flags) as chain:
        market_day = MarketDay(chain.web3, Manifest.open(chain.chain_id, Path(folder)), settled, assumptions)
        with Progress(console=console) as progress:
            approvals = progress.add_task("approvals", total=2 * len(settled) + 2)
            for _ in market_day.prepare():
                progress.advance(approvals)
            trading = progress.add_task("trading", total=24)
            for _ in market_day.run(start):
                progress.advance(trading)
    result = market_day.result

    console.print(report.hour_table(result), report.summary_table(result), report.gas_table(result))
    for check, held in result.checks.items():
        console.print(f"{'yes' if held else 'NO '}  {check}")
    picture, figures = settings.reports / "market_day.png", settings.reports / "market_day.json"
    report.save_plot(result, picture, f"Two microgrids, {len(settled)} homes, {consumption.day} ({source})")
    report.save_json(result, figures)
    console.print(f"Picture: {picture}\nFigures: {figures}", soft_wrap=True)
    if not all(result.checks.values()):
        raise click.ClickException("energy on chain does not add up")
