"""A season's report in a folder: JSON, a page, pictures; and the worlds that the market is compared with."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from offchain.simulate.season import page, pictures
from offchain.simulate.season.auction import Auction
from offchain.simulate.season.chain import Effort
from offchain.simulate.season.households import Foresight
from offchain.simulate.season.inputs import Inputs
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.results import Results, results, save
from offchain.simulate.season.season import Season
from offchain.simulate.season.utility import UtilityOnly

COMPARED: dict[str, type[UtilityOnly | Auction]] = {"utility": UtilityOnly, "auction": Auction}
PER_MB = 2**20 if sys.platform == "darwin" else 2**10
"""Units of the kernel's memory figures in a MB."""


def compared(season: Season, foresight: Foresight, told: Callable[[], None] = lambda: None) -> dict[str, Ledger]:
    """Runs the other worlds; `told` is called after every hour of each."""
    ledgers = {}
    for name, world in COMPARED.items():
        one = world(season, foresight)
        for _ in one.run():
            told()
        ledgers[name] = one.ledger
    return ledgers


def effort_in_figures(effort: Effort, hours: int) -> dict[str, Any]:
    """What the chain did in so many hours of a season, and the most memory that this process and the chain's took."""
    return {
        "hours": hours,
        "seconds": round(effort.seconds, 1),
        "transactions": effort.transactions,
        "blocks": effort.blocks,
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PER_MB),
        "chain_memory_mb": effort.memory and round(effort.memory / 2**20),
        "gas": {
            kind: {"count": len(gas), "median": median(gas), "most": max(gas), "total": sum(gas)}
            for kind, gas in sorted(effort.gas.items())
            if gas
        },
    }


def write(
    folder: Path,
    inputs: Inputs,
    worlds: Mapping[str, Ledger],
    command: str,
    run: Mapping[str, Any] | None = None,
    trials: Mapping[str, Any] | None = None,
) -> Iterator[Path]:
    """Writes `season.json`, `season.html` and `season-*.png` (see `results`); yields each."""
    found = results(inputs, worlds, command, run, trials)
    yield from rewrite(found, folder)


def rewrite(found: Results, folder: Path) -> Iterator[Path]:
    """Writes them of results that are there already."""
    save(found, folder / "season.json")
    yield folder / "season.json"
    (folder / "season.html").write_text(page.page(found))
    yield folder / "season.html"
    yield from pictures.save(found, folder)
