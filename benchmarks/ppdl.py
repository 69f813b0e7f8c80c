"""How good the forecasts are and how long they take to learn, as one JSON object: horizon, model, metric.

    .venv/bin/python benchmarks/ppdl.py                     everything, half an hour or so
    .venv/bin/python benchmarks/ppdl.py --only next_hour    one part
    .venv/bin/python benchmarks/ppdl.py --seeds 1           faster

Figures are of the test period, the last fifth of the time, which nothing was trained or chosen on; means over the seeds
where chance has a part. Demand of homes: `nrmse`, `mase`, `mape_of_sum` (per cent). Jeju: `mape`. PV: `nrmse`, `rmse`.
Seconds are of training and forecasting together, on one processor.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds its neighbours

from benchmarks.forecasts import measure_households, measure_jeju, measure_solar
from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.ppdl.learning.features import Horizon

DATA = PROJECT.parent / "shared" / "data"
PARTS: Mapping[str, Callable[[Path, int], Any]] = {
    "next_hour": lambda folder, seeds: measure_households(folder, Horizon.NEXT_HOUR, seeds),
    "day_ahead": lambda folder, seeds: measure_households(folder, Horizon.DAY_AHEAD, seeds),
    "jeju_next_hour": lambda folder, seeds: measure_jeju(folder, Horizon.NEXT_HOUR, seeds),
    "jeju_day_ahead": lambda folder, seeds: measure_jeju(folder, Horizon.DAY_AHEAD, seeds),
    "pv_next_hour": lambda folder, seeds: measure_solar(folder, Horizon.NEXT_HOUR, seeds),
    "pv_day_ahead": lambda folder, seeds: measure_solar(folder, Horizon.DAY_AHEAD, seeds),
}


@click.command(help="Errors and seconds of forecasts of the reference data, as JSON.")
@click.option("--data", default=DATA, type=click.Path(path_type=Path), help="Folder of the reference data.")
@click.option("--only", multiple=True, type=click.Choice(list(PARTS)), help="Only this part (may be repeated).")
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(min=1), help="How often chance is tried.")
def main(data: Path, only: tuple[str, ...], seeds: int) -> None:
    torch.set_num_threads(1)
    try:
        figures = {name: measure(data, seeds) for name, measure in PARTS.items() if not only or name in only}
    except UserError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
