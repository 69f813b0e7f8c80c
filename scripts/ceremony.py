"""Makes the circuits' keys, with any number of contributors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scripts._command import Group

if TYPE_CHECKING:
    from offchain.zk.ceremony import Progress
    from offchain.zk.compiler import Compiled

source_argument = click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
output_argument = click.argument("output", type=click.Path(path_type=Path))
name_option = click.option("--name", required=True, help="Who you are, as the transcript will say.")
ptau_option = click.option(
    "--ptau",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The prepared powers of tau (phase 1).",
)
sha256_option = click.option("--sha256", required=True, metavar="HASH", help="What that file must hash to.")
beacon_option = click.option(
    "--beacon", required=True, metavar="HEX", help="A value nobody could know before, e.g. a later block's hash."
)
iterations_option = click.option(
    "--iterations", type=int, default=10, show_default=True, help="The beacon is hashed 2^ITERATIONS times (10 to 24)."
)


@contextmanager
def shown() -> Iterator[Progress]:
    """Shows on the terminal what a step is at."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=None)
        yield lambda stage: progress.reset(task, description=stage)


def circuits(progress: Progress) -> list[Compiled]:
    """The compiled circuits."""
    from offchain.zk.compiler import compile_circuits

    progress("compiling the circuits, if they were changed")
    return list(compile_circuits())


@click.group(cls=Group)
def cli() -> None:
    """Makes the circuits' keys, with any number of contributors.

    Whoever knows all secrets that went into the keys can forge proofs; one contributor who keeps none is enough. Each
    step takes a file and gives a new one, which is handed to the next contributor; no step overwrites a file.

    \b
    1. Phase 1: take public powers of tau whose hash you know, or make some:
         phase1 new 0.ptau            phase1 contribute 0.ptau 1.ptau --name Ada
         phase1 beacon 1.ptau 2.ptau --beacon HEX      phase1 prepare 2.ptau final.ptau
    2. Begin phase 2:     start --ptau final.ptau --sha256 HASH 0.ceremony
    3. Each contributor:  contribute 0.ceremony 1.ceremony --name Ada
    4. At the end:        beacon 1.ceremony final.ceremony --beacon HEX
    5. Everybody:         verify final.ceremony --ptau final.ptau --sha256 HASH
    6. For deployment:    export final.ceremony keys/
    """


@cli.group(cls=Group)
def phase1() -> None:
    """Makes powers of tau, the phase that all circuits share."""


@phase1.command(name="new")
@click.option("--power", type=click.IntRange(1, 28), default=15, show_default=True, help="For 2^POWER constraints.")
@output_argument
def phase1_new(power: int, output: Path) -> None:
    """Begins a phase 1 in the file OUTPUT."""
    from offchain.zk.ceremony import new_phase1

    with shown() as progress:
        progress("beginning phase 1")
        new_phase1(output, power)
    click.echo(f"{output}: hand it to the first contributor")


@phase1.command(name="contribute")
@name_option
@source_argument
@output_argument
def phase1_contribute(name: str, source: Path, output: Path) -> None:
    """Adds a secret of this machine's to SOURCE, gives OUTPUT, and forgets it."""
    from offchain.zk.ceremony import contribute_phase1

    with shown() as progress:
        progress("contributing to phase 1")
        contribute_phase1(source, output, name)
    click.echo(f"{output}: hand it to the next contributor")


@phase1.command(name="beacon")
@beacon_option
@iterations_option
@source_argument
@output_argument
def phase1_beacon(beacon: str, iterations: int, source: Path, output: Path) -> None:
    """Ends SOURCE's contributions with a public value, gives OUTPUT."""
    from offchain.zk.ceremony import beacon_phase1

    with shown() as progress:
        progress("adding the beacon to phase 1")
        beacon_phase1(source, output, beacon, iterations)
    click.echo(f"{output}: now `ape run ceremony phase1 prepare`")


@phase1.command(name="prepare")
@source_argument
@output_argument
def phase1_prepare(source: Path, output: Path) -> None:
    """Prepares SOURCE for phase 2, gives OUTPUT and its hash (half an hour for power 15)."""
    from offchain.zk.ceremony import prepare_phase1

    with shown() as progress:
        progress("preparing phase 2 (long)")
        sha256 = prepare_phase1(source, output)
    click.echo(f"{output}: tell everybody its SHA-256\n{sha256}")


@phase1.command(name="verify")
@source_argument
def phase1_verify(source: Path) -> None:
    """Checks all contributions to SOURCE, prepared or not (long)."""
    from offchain.zk.ceremony import verify_phase1
    from offchain.zk.sections import digest

    with shown() as progress:
        progress("verifying phase 1 (long)")
        powers = verify_phase1(source)
    for number, step in enumerate(powers.contributions, 1):
        click.echo(f"{number}. {step.name or 'unnamed'}" + (f", beacon {step.beacon}" if step.beacon else ""))
    click.echo(f"{source}: in order, up to 2^{powers.power} constraints, SHA-256 {digest(source)}")


@cli.command()
@ptau_option
@sha256_option
@output_argument
def start(ptau: Path, sha256: str, output: Path) -> None:
    """Begins phase 2 with this folder's circuits, gives OUTPUT."""
    from offchain.zk import ceremony

    with shown() as progress:
        ceremony.start(circuits(progress), ptau, sha256, output, progress)
    click.echo(f"{output}: hand it to the first contributor")


@cli.command()
@name_option
@source_argument
@output_argument
def contribute(name: str, source: Path, output: Path) -> None:
    """Adds a secret of this machine's to all keys in SOURCE, gives OUTPUT, and forgets it.

    The secret comes from the operating system and stands in no file, log or command line. Keep the receipt: the final
    transcript must have it.
    """
    from offchain.zk import ceremony

    with shown() as progress:
        step = ceremony.contribute(source, output, name, progress)
    click.echo(f"{output}: hand it to the next contributor. Your receipt:\n{step.receipt}")


@cli.command(name="beacon")
@beacon_option
@iterations_option
@source_argument
@output_argument
def beacon_command(beacon: str, iterations: int, source: Path, output: Path) -> None:
    """Ends the contributions of SOURCE with a public value, gives OUTPUT."""
    from offchain.zk import ceremony

    with shown() as progress:
        ceremony.add_beacon(source, output, beacon, iterations, progress)
    click.echo(f"{output}: publish it, so that everybody can verify it")


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@source_argument
def transcript(as_json: bool, source: Path) -> None:
    """Prints who contributed what to SOURCE, after holding it against the keys."""
    from offchain.zk.bundle import opened

    with opened(source) as bundle:
        click.echo(bundle.transcript.dump() if as_json else bundle.transcript.text(), nl=False)


@cli.command()
@ptau_option
@sha256_option
@click.option("--receipt", multiple=True, metavar="HASH", help="A contribution that must be in it; more than once.")
@source_argument
def verify(ptau: Path, sha256: str, receipt: tuple[str, ...], source: Path) -> None:
    """Checks the whole chain of SOURCE against this folder's circuits (minutes)."""
    from offchain.zk import ceremony

    with shown() as progress:
        found = ceremony.verify(source, circuits(progress), ptau, sha256, receipt, progress)
    click.echo(found.text())
    click.echo(f"{source}: in order")
    if all(step.beacon for step in found.steps):
        click.echo("Warning: nobody contributed a secret: anyone can forge with these keys.")


@cli.command()
@source_argument
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export(source: Path, folder: Path) -> None:
    """Writes the keys, verifiers, transcript and manifest of SOURCE into FOLDER. Verify first."""
    from offchain.zk import ceremony

    with shown() as progress:
        ceremony.export(source, circuits(progress), folder, progress)
    click.echo(f"{folder}: the verifiers (*.sol) belong into contracts/verifiers, the rest into circuits/keys")


@cli.command()
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write them there.  [default: circuits/keys and contracts/verifiers]",
)
def development(output: Path | None) -> None:
    """Makes the development keys, with which anyone can forge: the same, byte for byte, wherever they are made.

    The first time makes phase 1 as well (half an hour).
    """
    from offchain.zk.circuits import KEYS
    from offchain.zk.development import make_development_keys
    from offchain.zk.manifest import NAME, Manifest
    from offchain.zk.signals import VERIFIERS

    before = Manifest.read() if (KEYS / NAME).exists() else None
    with shown() as progress:
        made = make_development_keys(circuits(progress), output or KEYS, output or VERIFIERS, progress)
    same = before is not None and before.circuits == made.circuits
    click.echo(f"{output or KEYS}: {'the same as' if same else 'DIFFERENT from'} the committed keys")
