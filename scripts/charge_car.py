"""A car charges at a station, streams ETH and pays with energy, and nobody sees who paid whom what."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click

from offchain.command import Number
from scripts._command import Command


@click.command(cls=Command)
@click.option("--power", type=Number(1, 400), default=11, show_default=True, help="kW of the simulated outlet.")
@click.option(
    "--speed", type=Number(1, 100), default=25, show_default=True, help="Seconds that the outlet counts in one."
)
@click.option("--slice", "ahead", type=Number(0.1, 2), default=0.5, show_default=True, help="kWh a stream pays ahead.")
def cli(power: float, speed: float, ahead: float) -> None:
    """An electric car pays a charging station from the shielded pool, on a local chain of this command's own.

    It streams 2 kWh in ETH, slice by slice; then it pays for 3 kWh with a microgrid's energy at once, leaves after 1.2
    and gets the rest back. All payments are real proofs through a relayer. At the end the station proves to an
    auditor, in another process, what it got; it never learns whose car that was.
    """
    # Ape loads every script for each command: what only this one needs is imported here.
    from rich.console import Console

    from offchain.artifacts import compile_contracts
    from offchain.chains import PLASMA, ChainSpec, started
    from offchain.deployment.manifest import Manifest
    from offchain.deployment.platform import PlatformDeployment
    from offchain.simulate.charging_place import Place
    from offchain.simulate.charging_story import ChargingStory
    from offchain.simulate.private_report import sight_table

    compile_contracts()
    console, began = Console(), time.monotonic()
    flags = ["--gas-price", "0", "--block-base-fee-per-gas", "0"]  # a Proof-of-Authority chain sets its own price
    with tempfile.TemporaryDirectory() as name, started(ChainSpec("plasma", PLASMA.chain_id, 0), *flags) as chain:
        folder = Path(name)
        place = Place(
            chain.web3, Manifest.open(chain.chain_id, folder), folder, round(ahead * 1000), power * 1000, speed
        )
        story = ChargingStory(place)
        with console.status("deploying the platform") as status:
            list(PlatformDeployment(place.operator, place.manifest, place.operator.address).run())
            for step in story.run():
                status.update(step)
        console.print(story.session_table())
        console.print(sight_table(story.onlooker, story.sights))
    for check, holds in story.checks.items():
        console.print(f"{'yes' if holds else 'NO '}  {check}")
    console.print(f"{time.monotonic() - began:.0f} s in all.")
    if not all(story.checks.values()):
        raise click.ClickException("the sessions do not add up")
