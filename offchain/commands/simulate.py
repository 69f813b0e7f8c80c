"""A season of the market on the real contracts, beside a world without it and one with an auction."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from offchain.command import Command
from offchain.commands.output import json_option, print_json
from offchain.commands.simulate_options import KINDS, TRIALS, season_options

if TYPE_CHECKING:
    from offchain.simulate.season.chain import Effort
    from offchain.simulate.season.inputs import Choices, Inputs
    from offchain.simulate.season.manipulator import Means

BUNDLED_HOMES = 10
Step = Callable[[int, str], None]
"""Is told by how much something went on, and a word on it."""


@click.command(cls=Command)
@season_options
@json_option
def simulate(
    out: Path | None,
    resume: bool,
    proofs: bool,
    trials: bool,
    trial_days: int,
    manipulators: tuple[str, ...],
    manipulator_meters: int,
    manipulator_kw: float,
    manipulator_capital: float,
    as_json: bool,
    responsive: float,
    **given: Any,
) -> None:
    """Weeks to a season of homes in microgrids, on the real contracts in a local chain of their own: what the market
    does for households, and what manipulators can and can't do.

    The same homes also live without a local market and with an auction in each hour. Proofs are mocked, which the
    report says, and some hours are done again with real ones; all else that the contracts check is real. The same seed
    gives the same results.

    \b
    openmg simulate                                                  ten homes, three days
    openmg simulate --homes 55 --days 30 --responsive 0.3 --trials   a month, and what manipulators could do
    openmg simulate --trials --manipulator hoarder --manipulator-capital 3   one kind, with more ETH
    openmg simulate --data homes.csv --days 30 --resume              with your own data; goes on where it stopped
    """
    from offchain.artifacts import compile_contracts
    from offchain.settings import settings
    from offchain.simulate.season import report
    from offchain.simulate.season.foresight import foresee
    from offchain.simulate.season.inputs import season_of
    from offchain.simulate.season.manipulator import Means
    from offchain.simulate.season.run import SAVED, run

    if not trials:
        only_with_trials()
    means = Means(manipulator_meters, round(manipulator_kw * 1000), manipulator_capital)
    folder = out or settings.reports / "season"
    choices = choices_of(given)
    inputs = season_of(choices)
    if responsive:
        inputs = season_of(with_kind(choices, "responsive", round(responsive * len(inputs.season.homes))))
    season = inputs.season
    if trials and trial_days * 24 > season.hours:
        raise click.UsageError(f"--trial-days {trial_days} is more than the season's {season.hours // 24}")
    writable(folder)
    compile_contracts()
    with progress("learning the forecast", 1, as_json) as step:
        foresight = foresee(inputs)
        step(1, "")
    with progress("market", season.hours, as_json) as step:
        outcome = run(season, foresight, folder, resume=resume, told=told(step))
    with progress("other worlds", len(report.COMPARED) * season.hours, as_json) as step:
        worlds = report.compared(season, foresight, lambda: step(1, "")) | {"market": outcome.ledger}
    tried = tries(inputs, trial_days, means, manipulators, as_json, foresight) if trials else None
    effort = report.effort_in_figures(outcome.effort, season.hours)
    effort["proven"] = proven(inputs, as_json) if proofs else None
    with progress("report", 1, as_json) as step:
        paths = list(report.write(folder, inputs, worlds, command_line(), effort, tried))
        step(1, "")
    (folder / SAVED).unlink(missing_ok=True)
    if as_json:
        print_json({"files": [str(path) for path in paths]})
    else:
        show(paths)


def choices_of(given: dict[str, Any]) -> Choices:
    """The season's, of the options."""
    from offchain.simulate.season.inputs import Choices

    if given["since"] and not given["data"]:
        raise click.UsageError("--since goes with --data")
    kinds = Counter({kind: given.pop(option) for option, kind in KINDS.items()})
    for kind, number in given.pop("others"):
        kinds[kind] += number
    homes = given.pop("homes") or (None if given["data"] else BUNDLED_HOMES)
    renamed = {"feed_in": given.pop("feed_in_price"), "feeder_kw_per_home": given.pop("feeder_kw")}
    dates = {name: moment and moment.date() for name in ("start", "since") for moment in [given.pop(name)]}
    return Choices(
        homes=homes, kinds={kind: number for kind, number in kinds.items() if number}, **dates, **renamed, **given
    )


def with_kind(choices: Choices, kind: str, homes: int) -> Choices:
    """The same with so many homes of a kind."""
    from dataclasses import replace

    return replace(choices, kinds={**choices.kinds, kind: homes})


def writable(folder: Path) -> None:
    """Raises ClickException if nothing can be written there: better now than after an hour."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".written").touch()
        (folder / ".written").unlink()
    except OSError as error:
        raise click.ClickException(f"the report can't be written to {folder}: {error.strerror}") from error


def told(step: Step) -> Callable[[int, Effort], None]:
    """Tells of hours that are over and of the chain's speed."""
    import time

    began, first, passed = time.monotonic(), 0, 0

    def tell(hours: int, effort: Effort) -> None:
        nonlocal first, passed
        first = first or effort.transactions
        speed = (effort.transactions - first) / max(time.monotonic() - began, 1e-9)
        step(hours - passed, f"day {-(-hours // 24)}, {speed:,.0f} transactions a second")
        passed = hours

    return tell


def only_with_trials() -> None:
    """Raises UsageError if an option of the trials is given, which are not run."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in TRIALS and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{parameter.opts[0]} goes with --trials")


def tries(
    inputs: Inputs, days: int, means: Means, chosen: tuple[str, ...], as_json: bool, foresight: Any
) -> dict[str, Any]:
    """What manipulators can do, those of the chosen kinds or of all, as the report takes it."""
    from offchain.simulate.season.auction_trials import auction_trials
    from offchain.simulate.season.moving import Hold, moves
    from offchain.simulate.season.trials import KINDS, Trial, stretches, trials

    found: list[Trial | Hold] = []
    kinds = tuple(dict.fromkeys(chosen)) or KINDS
    with progress("trials", stretches(kinds), as_json) as step:
        for one in trials(inputs.season, foresight, means, kinds=kinds, days=days):
            if one is None:
                step(1, "")
            else:
                found.append(one)
    bids = []
    with progress("trials in the auction", len(kinds), as_json) as step:
        for bid in auction_trials(inputs.season, foresight, means, kinds):
            bids.append(bid.to_json())
            step(1, "")
    return {
        "days": days,
        "means": {"meters": means.meters, "kw": means.capacity / 1000, "capital": means.capital},
        "trials": [one.to_json() for one in found if isinstance(one, Trial)],
        "holds": [one.to_json() for one in found if isinstance(one, Hold)],
        "moves": [one.to_json() for one in moves(inputs.season, means)],
        "auction": bids,
    }


def proven(inputs: Inputs, as_json: bool) -> dict[str, Any]:
    """A day with real proofs, as the report takes it."""
    from statistics import median

    from offchain.simulate.season.proven import prove, sample

    season = sample(inputs.season)
    with progress("real proofs", season.hours, as_json) as step:
        done = prove(season, step)
    gas = {kind: median(each) for kind, each in sorted(done.gas.items())}
    return {
        "homes": done.homes,
        "hours": done.hours,
        "proofs": done.proofs,
        "gas": gas,
        "seconds": round(done.seconds, 1),
    }


def command_line() -> str:
    """What makes the same season again."""
    context = click.get_current_context()
    words = ["openmg simulate"]
    for parameter in context.command.params:
        name = str(parameter.name)
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if not given or name in ("out", "resume", "as_json"):
            continue
        value = context.params[name]
        if isinstance(value, tuple):
            each = [one if isinstance(one, str) else "=".join(map(str, one)) for one in value]
            words += [f"{parameter.opts[0]} {one}" for one in each]
            continue
        option = parameter.opts[0] if value is not False else parameter.secondary_opts[0]
        shown = f"{value:%Y-%m-%d}" if isinstance(value, datetime) else str(value)
        words.append(option if isinstance(value, bool) else f"{option} {shown}")
    return " ".join(words)


@contextmanager
def progress(what: str, total: int, as_json: bool) -> Iterator[Step]:
    """A bar on a terminal's stderr; what it yields is told of each step."""
    if as_json or not sys.stderr.isatty():
        yield lambda steps, word: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[word]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total, word="")
        yield lambda steps, word: bar.update(task, advance=steps, word=word)


def show(paths: list[Path]) -> None:
    """The report's first table and sentences, and where all of it is."""
    from rich.console import Console
    from rich.table import Table

    from offchain.simulate.season.page import headline
    from offchain.simulate.season.results import WORLDS, load

    found = load(paths[0])
    console = Console(highlight=False)
    table = Table("", *(WORLDS[name] for name in found["worlds"]))
    for column in table.columns[1:]:
        column.justify = "right"
    for row in headline(found):
        table.add_row(row["label"], *row["cells"])
    console.print(table)
    for sentence in found["findings"]:
        console.print(sentence, markup=False)
    console.print(f"Report: {paths[1]}\nFigures: {paths[0]}", soft_wrap=True)
