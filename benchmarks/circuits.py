"""Number of constraints of every circuit, as one JSON object.

.venv/bin/python benchmarks/circuits.py              prints the figures
.venv/bin/python benchmarks/circuits.py --update     also writes the snapshot
"""

from __future__ import annotations

import json

import click

from offchain.errors import UserError
from offchain.zk.compiler import SNAPSHOT, compile_circuits


@click.command(help=__doc__)
@click.option("--update", is_flag=True, help="Write the snapshot.")
def main(update: bool) -> None:
    try:
        counts = {one.circuit.name: one.system.constraints for one in compile_circuits()}
    except UserError as error:
        raise click.ClickException(str(error)) from error
    figures = json.dumps(counts, indent=2)
    click.echo(figures)
    if update:
        SNAPSHOT.write_text(figures + "\n")


if __name__ == "__main__":
    main()
