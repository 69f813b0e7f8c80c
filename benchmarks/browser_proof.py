"""How long a 2x2 joinsplit takes to prove in Chromium, beside the native prover, as one JSON object.

    .venv/bin/python benchmarks/browser_proof.py

A proof begins with its inputs and ends with its verification. Cold is the first one: keys are fetched and checked, and
the prover is loaded. Warm is the median of those after it; browser and native prover take turns, so that what else the
machine does hits both. `page` is the weight of the built page, compressed, in bytes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds its neighbours

from benchmarks.zk import inputs_of
from offchain.dashboard.site import Services, site
from offchain.zk.prover import prove
from tests.dashboard.chromium import CHROMIUM
from tests.dashboard.package import DASHBOARD, INSTALLED, npx
from tests.dashboard.scene import served

CIRCUIT = "joinsplit"
ROUNDS = 7
STAGES = ("witness", "proof", "verification")
GOAL = 3.0
"""Times that a proof in the browser may take as long as a native one."""


@contextmanager
def browser(folder: Path) -> Iterator[Callable[[], dict[str, float]]]:
    """Chromium with the prover's page; gives what makes a proof there and tells its seconds, by stage."""
    built, inputs = folder / "built", folder / "inputs.json"
    npx("vite", "build", "bench", "--config", "bench/vite.config.ts", "--outDir", str(built), "--emptyOutDir")
    inputs.write_text(json.dumps(_texts(inputs_of(CIRCUIT))))
    with served(site({}, Services("http://127.0.0.1"), built)) as url:
        command = ["node", "bench/run.mjs", str(CHROMIUM), url, str(inputs)]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
        with subprocess.Popen(command, cwd=DASHBOARD, **streams) as running:  # type: ignore[call-overload]

            def proof() -> dict[str, float]:
                print(file=running.stdin, flush=True)
                line = running.stdout.readline()
                if not line:
                    raise click.ClickException("Chromium made no proof")
                seconds: dict[str, float] = json.loads(line)
                return seconds

            yield proof
            running.stdin.close()


def native() -> float:
    """Seconds of a proof in this process."""
    begin = time.perf_counter()
    prove(CIRCUIT, inputs_of(CIRCUIT))
    return time.perf_counter() - begin


def page_weight() -> dict[str, Any]:
    """Bytes of the built page, compressed: first views, the wallet's worker, the prover."""
    npx("vite", "build")
    done = subprocess.run(["node", "size.mjs"], cwd=DASHBOARD, capture_output=True, text=True)
    weight: dict[str, Any] = json.loads(done.stdout)
    return weight


def measure() -> dict[str, Any]:
    """All figures."""
    with tempfile.TemporaryDirectory() as folder, browser(Path(folder)) as proof:
        cold = {"browser": proof()["all"], "native": native()}
        pairs = [(proof(), native()) for _ in range(ROUNDS)]
    warm = {"browser": median(one["all"] for one, _ in pairs), "native": median(one for _, one in pairs)}
    stages = {stage: median(one[stage] for one, _ in pairs) for stage in STAGES}
    ratio = warm["browser"] / warm["native"]
    return {
        "circuit": CIRCUIT,
        "rounds": ROUNDS,
        "cold_seconds": cold,
        "warm_seconds": warm,
        "warm_browser_stages": stages,
        "ratio": ratio,
        "goal": GOAL,
        "goal_met": ratio <= GOAL,
        "page": page_weight(),
    }


def _texts(value: Any) -> Any:
    """Numbers as texts: JSON's are too small."""
    if isinstance(value, dict):
        return {name: _texts(part) for name, part in value.items()}
    return [_texts(part) for part in value] if isinstance(value, list) else str(value)


@click.command(help=__doc__)
def main() -> None:
    if CHROMIUM is None:
        raise click.ClickException("no Chromium here: install one, or name it in OPENMG_CHROMIUM")
    if not INSTALLED:
        raise click.ClickException("the dashboard's npm packages are missing: run `npm ci` in offchain/dashboard")
    click.echo(json.dumps(measure(), indent=2))


if __name__ == "__main__":
    main()
