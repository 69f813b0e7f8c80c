"""Runtime size of every contract that is deployed, in bytes, as one JSON object.

.venv/bin/python benchmarks/bytecode.py              prints the figures
.venv/bin/python benchmarks/bytecode.py --update     also writes the snapshot
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from offchain import artifacts

SNAPSHOT = Path(__file__).parent / "snapshots" / "bytecode.json"
MOCKS = "contracts/mocks/"
SIGNALS = "Signals.sol"  # libraries whose code goes into the contracts that use them


def sizes() -> dict[str, int]:
    """Bytes of runtime code by contract, mocks, interfaces and inlined libraries left out."""
    types = artifacts.contract_types()
    return {
        name: len(artifact.runtime)
        for name, artifact in sorted(artifacts.load_all().items())
        if artifact.runtime
        and not types[name]["sourceId"].startswith(MOCKS)
        and not types[name]["sourceId"].endswith(SIGNALS)
    }


@click.command(help=__doc__)
@click.option("--update", is_flag=True, help="Write the snapshot.")
def main(update: bool) -> None:
    artifacts.compile_contracts()
    figures = json.dumps(sizes(), indent=2)
    click.echo(figures)
    if update:
        SNAPSHOT.write_text(figures + "\n")


if __name__ == "__main__":
    main()
