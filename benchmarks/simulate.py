"""How fast a season's market runs on the real contracts, proofs mocked, and what memory it takes, as one JSON object.

    .venv/bin/python benchmarks/simulate.py                                ten homes for three days
    .venv/bin/python benchmarks/simulate.py --size 55x30 --size 1000x1     so many homes for so many days

`seconds` are by the wall's clock, `cpu_seconds` those that this process and the chain's computed: on an idle machine
both are alike. `season_hours` is what 90 days of such a size would take at that pace.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds its neighbours

from offchain.artifacts import compile_contracts
from offchain.command import Command
from offchain.simulate.season.foresight import foresee
from offchain.simulate.season.inputs import Choices, season_of
from offchain.simulate.season.report import effort_in_figures
from offchain.simulate.season.run import SAVED, run

SEASON_DAYS = 90
RESPONSIVE = 0.3


def measure(homes: int, days: int) -> dict[str, Any]:
    """One size, in a process of its own: its memory is then its own too."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (homes, days))


def _measured(homes: int, days: int) -> dict[str, Any]:
    inputs = season_of(Choices(homes=homes, days=days, kinds={"responsive": round(RESPONSIVE * homes)}))
    foresight = foresee(inputs)
    began = _cpu()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(inputs.season, foresight, Path(folder))
        saved = (Path(folder) / SAVED).stat().st_size
    cpu = _cpu() - began
    found = effort_in_figures(outcome.effort, inputs.season.hours)
    gas = sum(kind["total"] for kind in found.pop("gas").values())
    return {
        "homes": homes,
        "days": days,
        **found,
        "cpu_seconds": round(cpu, 1),
        "transactions_per_second": round(found["transactions"] / outcome.effort.seconds),
        "million_gas_per_second": round(gas / 1e6 / outcome.effort.seconds, 1),
        "saved_mb": round(saved / 2**20, 1),
        "season_hours": round(outcome.effort.seconds / days * SEASON_DAYS / 3600, 2),
    }


def _cpu() -> float:
    """Seconds that this process and those that it waited for have computed."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


class Size(click.ParamType):
    """Homes and days, such as 55x30."""

    name = "HOMESxDAYS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        homes, _, days = str(value).partition("x")
        if not (homes.isdecimal() and days.isdecimal()):
            self.fail(f"{value} is no size such as 55x30", param, ctx)
        return int(homes), int(days)


@click.command(cls=Command)
@click.option("--size", "sizes", type=Size(), multiple=True, default=["10x3"], show_default=True)
def main(sizes: tuple[tuple[int, int], ...]) -> None:
    """Prints one JSON object."""
    compile_contracts()
    click.echo(json.dumps({"market": [measure(homes, days) for homes, days in sizes]}, indent=1))


if __name__ == "__main__":
    main()
