"""All that is told of a season, as JSON: what it was given, every world's figures and hours, trials, and the run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.errors import UserError
from offchain.simulate.season.findings import findings
from offchain.simulate.season.inputs import Inputs
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.metrics import KWH, currents, figures, gains
from offchain.simulate.season.season import Season

SCHEMA = 1
WORLDS = {"utility": "no local market", "auction": "auction", "market": "market"}
"""In words; the first is what the others are compared with."""

Results = dict[str, Any]


class ResultsError(UserError):
    """Says in one line why a file holds no results."""


def results(
    inputs: Inputs,
    worlds: Mapping[str, Ledger],
    command: str,
    run: Mapping[str, Any] | None = None,
    trials: Mapping[str, Any] | None = None,
) -> Results:
    """`worlds` by their names in `WORLDS`, the utility's among them. `command` makes the season again; `run` is what
    the chain did, `trials` what manipulators could do. All but `run` is the same for the same command."""
    season, without = inputs.season, worlds["utility"]
    found: Results = {
        "schema": SCHEMA,
        "command": command,
        "season": _given(inputs),
        "worlds": {name: figures(season, worlds[name]) for name in WORLDS if name in worlds},
        "gains": {
            name: gains(season, worlds[name], without) for name in WORLDS if name in worlds and name != "utility"
        },
        "series": _series(season, {name: worlds[name] for name in WORLDS if name in worlds}),
        "trials": trials,
        "run": run,
    }
    return found | {"findings": findings(found)}


def save(found: Results, path: Path) -> None:
    """Writes them, a line a part."""
    parts = [f"{json.dumps(name)}: {json.dumps(part, allow_nan=False)}" for name, part in found.items()]
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def load(path: Path) -> Results:
    """Reads them. Raises ResultsError."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} can't be read: {error}") from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise ResultsError(f"{path} holds no results of a season, or of another version")
    return found


def _given(inputs: Inputs) -> dict[str, Any]:
    """What the season was made of."""
    season, choices = inputs.season, inputs.choices
    return {
        "start": season.start.isoformat(),
        "days": choices.days,
        "hours": season.hours,
        "seed": season.seed,
        "source": inputs.source,
        "digest": inputs.digest,
        "filled": inputs.filled,
        "homes": len(season.homes),
        "roofs": sum(home.pv_kw > 0 for home in season.homes),
        "roofs_kw": float(sum(home.pv_kw for home in season.homes)),
        "batteries": sum(home.battery is not None for home in season.homes),
        "cars": sum(home.car is not None for home in season.homes),
        "behaviours": dict(sorted(Counter(home.behaviour for home in season.homes).items())),
        "microgrids": [
            {
                "name": microgrid.name,
                "kw": microgrid.feeder / KWH,
                "homes": sum(home.microgrid == place for home in season.homes),
                "roofs": sum(home.microgrid == place and home.pv_kw > 0 for home in season.homes),
            }
            for place, microgrid in enumerate(season.microgrids)
        ],
        "lines": [
            {
                "ends": [season.microgrids[end].name for end in line.ends],
                "kw": line.power / KWH,
                "loss": line.loss,
            }
            for line in season.lines
        ],
        "tariff": choices.tariff,
        "won_per_eth": season.won_per_eth,
    }


def _series(season: Season, worlds: Mapping[str, Ledger]) -> dict[str, Any]:
    """Hour by hour: kWh, won a kWh."""
    return {
        "tariff": _rounded(season.tariff),
        "feed_in": _rounded(season.feed_in),
        "made": _rounded(season.made.sum(axis=1) / KWH),
        "used": _rounded(season.used.sum(axis=1) / KWH),
        "worlds": {name: _hours(season, ledger) for name, ledger in worlds.items()},
    }


def _hours(season: Season, ledger: Ledger) -> dict[str, Any]:
    flows = currents(season, ledger)
    return {
        "price": [_rounded(column) for column in ledger.price.T],
        "drawn": _rounded(flows.drawn / KWH),
        "given": _rounded(flows.given / KWH),
        "curtailed": _rounded(flows.curtailed.sum(axis=1) / KWH),
        "traded": _rounded(ledger.bought.sum(axis=1) / KWH),
        "flow": [_rounded(column / KWH) for column in ledger.flow.T],
        "held": [_rounded(column / KWH) for column in flows.held.T],
    }


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), 2) for value in values]
