"""Two microgrids whose households trade without being seen, on a plasma chain that money comes to and goes from."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

from scripts._command import Command

if TYPE_CHECKING:
    from rich.progress import Progress

    from offchain.simulate.bridge_story import BridgeStory
    from offchain.simulate.car_story import CarStory
    from offchain.simulate.forecast_story import ForecastStory

BUNDLED_HOMES = 6
FORECAST_HOMES = 12


def tell(story: BridgeStory | ForecastStory | CarStory, stage: str, progress: Progress) -> None:
    """Goes through a story, and shows what it is at."""
    bar = progress.add_task("", total=story.steps, stage=stage)
    for done, step in enumerate(story.run()):
        progress.update(bar, completed=done, description=step)
    progress.update(bar, completed=story.steps, description="done")


@click.command(cls=Command)
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV: reading_datetime, then hourly kWh, one column a household.  [default: bundled profiles]",
)
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Day of the data.  [default: the most complete one]")
@click.option("--homes", type=click.IntRange(2, 50), default=BUNDLED_HOMES, show_default=True, help="At most so many.")
@click.option("--intervals", type=click.IntRange(1, 24), default=4, show_default=True, help="Hours gone through.")
@click.option("--rounds", type=click.IntRange(1, 60), default=3, show_default=True, help="Of the forecast's training.")
def cli(data: Path | None, day: datetime | None, homes: int, intervals: int, rounds: int) -> None:
    """Two microgrids trade energy privately, on a plasma chain of four authorities below a root chain.

    ETH comes by deposits. Households take metered surplus as notes, sell and buy it, pay each other and settle what
    they use: every step a real zero-knowledge proof, sent by a relayer. Then a trade is proven on the root chain from a
    checkpoint that the authorities signed, a household exits, homes train a forecast, and a car pays for charging from
    the pool. Prints what each household knows beside what an onlooker sees, and writes a picture and JSON to the
    reports folder. In a terminal it then serves the page on all of this until Ctrl-C.
    """
    # Ape loads every script for each command: what only this one needs is imported here.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from offchain.artifacts import compile_contracts
    from offchain.deployment.manifest import Manifest
    from offchain.metering.consumption import bundled_day, read_day
    from offchain.metering.solar import clear_day_yield
    from offchain.plasma.local import PAGE_PORT
    from offchain.ppdl.plan import plan_of
    from offchain.settings import settings
    from offchain.simulate import private_report as report
    from offchain.simulate.bridge_story import BridgeStory
    from offchain.simulate.bridged_chain import bridged_chain
    from offchain.simulate.car_story import CarStory
    from offchain.simulate.forecast_story import ForecastStory
    from offchain.simulate.market_day import settle_homes, start_of
    from offchain.simulate.onlooker import Onlooker
    from offchain.simulate.private_day import PrivateDay, hours_of
    from offchain.simulate.served_page import ServedPage, usual_or_free
    from offchain.simulate.sums import checks

    if data is None and day is not None:
        raise click.UsageError("--day goes with --data")
    try:
        settings.reports.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"the reports can't be written: {error}") from error
    console = Console()
    consumption = read_day(data, day.date() if day else None, homes) if data else bundled_day(homes)
    if len(consumption.households) < 2:
        raise click.ClickException("two homes at least are needed, one for each microgrid")
    settled = settle_homes(consumption, clear_day_yield(consumption.day))
    hours = hours_of(intervals)
    compile_contracts()

    source = data.name if data else "bundled profiles"
    named = ", ".join(f"{hour}:00" for hour in hours)
    console.print(f"{len(settled)} homes, {consumption.day}, {source}; PV on Jeju, a clear day; hours from {named}.")
    start = start_of(consumption)
    columns = (TextColumn("{task.fields[stage]}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        progress = stack.enter_context(Progress(*columns, console=console))
        port = usual_or_free(PAGE_PORT)
        bar = progress.add_task("root chain, four authorities", total=None, stage="setting up")
        ground = stack.enter_context(bridged_chain(folder, int(start.timestamp()) - 7200, port))
        manifest = Manifest.open(ground.plasma.chain_id, folder)
        private_day = PrivateDay(ground, manifest, settled, hours, start, folder)
        for step in private_day.prepare():
            progress.update(bar, description=step)
        progress.update(bar, total=1, completed=1, description="done")
        bar = progress.add_task("", total=private_day.phases, stage="trading")
        for step in private_day.run():
            progress.update(bar, completed=private_day.phases_done, description=step)
        progress.update(bar, completed=private_day.phases, description="done")
        known = {private_day.submitter.relayer.account: "relayer", private_day.operator.address: "operator"}
        onlooker = Onlooker(ground.web3, manifest, known)
        sights = onlooker.watch(private_day.first_block)
        held = checks(private_day, sights)
        story = BridgeStory(private_day, ground)
        tell(story, "bridge", progress)
        plan = plan_of(data, FORECAST_HOMES, rounds)
        forecast = ForecastStory(private_day, ground, plan, folder / "models", settings.reports / "forecast.png")
        tell(forecast, "forecast", progress)
        visitor = CarStory(private_day, ground, folder / "charging")
        tell(visitor, "charging", progress)
        page = ServedPage(private_day, ground, consumption, data, forecast.models, port)
        bar = progress.add_task("", total=1, stage="page")
        visit = stack.enter_context(page.served())
        held |= story.checks | forecast.checks | visitor.checks | page.checks(visit)
        progress.update(bar, completed=1, description="done")
        progress.stop()
        console.print(report.home_table(private_day), report.sight_table(onlooker, sights))
        console.print(report.proof_table(private_day), report.story_table("Over the bridge and back", story.lines))
        console.print(report.story_table("A forecast that homes learned together", forecast.lines))
        console.print(report.story_table("A car that nobody knows", visitor.lines))
        for check, holds in held.items():
            console.print(f"{'yes' if holds else 'NO '}  {check}")
        picture, figures = settings.reports / "private_day.png", settings.reports / "private_day.json"
        report.save_plot(private_day, sights, picture, f"The same day, twice: {len(settled)} homes ({source})")
        report.save_json(private_day, sights, held, figures)
        console.print(f"{report.proofs_in_words(private_day)}; {time.monotonic() - began:.0f} s in all.")
        console.print(f"Pictures: {picture}, {forecast.picture}\nFigures: {figures}", soft_wrap=True)
        if not all(held.values()):
            raise click.ClickException("the day does not add up")
        if sys.stdout.isatty():
            console.print(f"\n{report.visit_in_words(visit)}", soft_wrap=True)
            console.print("All of it is made up and ends with this demo: press Ctrl-C to stop.")
            with suppress(KeyboardInterrupt):
                Event().wait()
