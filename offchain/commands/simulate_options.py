"""What a season is simulated of, as options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from offchain.command import Number

KINDS = {"speculators": "speculator", "hoarders": "hoarder", "wash_traders": "wash-trader", "sandwiches": "sandwich"}
"""Of participants that move the price, by the option that says how many homes are of a kind."""


DATE = click.DateTime(["%Y-%m-%d"])


def many(name: str, what: str) -> Callable[[Any], Any]:
    """An option that says how many homes are something."""
    return click.option(name, type=click.IntRange(0, 1_000), default=0, show_default=True, help=f"Homes that {what}.")


def share(name: str, default: float, what: str) -> Callable[[Any], Any]:
    """An option that says which share of the homes is something."""
    return click.option(
        name, type=Number(0, 1), default=default, show_default=True, metavar="SHARE", help=f"Of the homes that {what}."
    )


class Behaviour(click.ParamType):
    """A kind of participant by its name."""

    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from offchain.simulate.season.behaviours import BEHAVIOURS

        name = str(value)
        if name not in BEHAVIOURS.names():
            self.fail(f"there is no kind of participant {name}: there are {', '.join(BEHAVIOURS.names())}", param, ctx)
        return name


class Kind(click.ParamType):
    """A kind of participant and how many homes are of it: `NAME=HOMES`."""

    name = "NAME=HOMES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        name, _, homes = str(value).partition("=")
        if not (homes.isascii() and homes.isdigit() and len(homes) <= 4):
            self.fail(f"{value!r} is no kind with a number of homes: write NAME=HOMES", param, ctx)
        return Behaviour().convert(name, param, ctx), int(homes)


TRIALS = ("trial_days", "manipulators", "manipulator_meters", "manipulator_kw", "manipulator_capital")
"""Options that say how manipulators are tried."""
OPTIONS = (
    click.option(
        "--data",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="CSV: reading_datetime, then hourly kWh, one column a household.  [default: bundled profiles]",
    ),
    click.option("--homes", type=click.IntRange(2, 2_000), help="At most so many.  [default: 10, or all of --data]"),
    click.option("--microgrids", type=click.IntRange(1, 20), default=2, show_default=True),
    click.option("--days", type=click.IntRange(1, 366), default=3, show_default=True),
    click.option("--from", "start", type=DATE, default="2026-06-01", show_default=True, help="The season's first day."),
    click.option("--since", type=DATE, help="The first day taken from --data.  [default: where most homes are]"),
    click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True),
    share("--roofs", 0.4, "have rooftop PV, more in villages than in towns"),
    share("--batteries", 0.2, "have a battery"),
    share("--cars", 0.2, "have an electric car"),
    share("--responsive", 0.3, "follow the forecast: they store and use when it is cheap"),
    many("--speculators", "buy low to sell high"),
    many("--hoarders", "buy up energy to sell it dear"),
    many("--wash-traders", "trade with themselves to move the price"),
    many("--sandwiches", "place orders around others' orders that wait"),
    click.option(
        "--kind",
        "others",
        type=Kind(),
        multiple=True,
        help="Homes of any kind by its name, those of other packages among them. Can be given several times.",
    ),
    click.option("--line-kw", type=Number(0, 10_000), default=8, show_default=True, help="Of each line."),
    click.option(
        "--feeder-kw", type=Number(0.1, 100), default=1.2, show_default=True, help="Of a transformer, for each home."
    ),
    click.option("--tariff", default="kepco_jeju_time_of_use", show_default=True, help="As for `openmg api`."),
    click.option("--feed-in-price", type=Number(0, 10_000), default=90, show_default=True, help="won per kWh."),
    click.option(
        "--out",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of the report.  [default: reports/season]",
    ),
    click.option("--resume", is_flag=True, help="Goes on where a run with the same options was cut off."),
    click.option(
        "--proofs/--no-proofs",
        default=True,
        show_default=True,
        help="Does two homes' day again with real proofs, and compares: two minutes.",
    ),
    click.option(
        "--trials/--no-trials",
        default=False,
        show_default=True,
        help="Runs days with and without each manipulator under each set of protections.",
    ),
    click.option("--trial-days", type=click.IntRange(1, 366), default=2, show_default=True, help="Of each trial."),
    click.option(
        "--manipulator",
        "manipulators",
        type=Behaviour(),
        multiple=True,
        help="A kind that is tried. Can be given several times.  [default: all four, as --hoarders and so on]",
    ),
    click.option(
        "--manipulator-meters", type=click.IntRange(1, 20), default=1, show_default=True, help="That it has registered."
    ),
    click.option(
        "--manipulator-kw", type=Number(0.001, 1_000), default=6.2, show_default=True, help="Of each of its meters."
    ),
    click.option(
        "--manipulator-capital",
        type=Number(0.01, 100),
        default=1,
        show_default=True,
        help="ETH that it has for each meter, as a multiple of what an exchange holds.",
    ),
)


def season_options(command: Any) -> Any:
    """Adds them all."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
