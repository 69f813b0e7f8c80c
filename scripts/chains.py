"""Runs both local chains."""

from __future__ import annotations

import signal
from threading import Event

import click

from offchain.chains import PLASMA, ROOT, running
from scripts._command import Command


@click.command(cls=Command)
def cli() -> None:
    """Starts the root and the plasma chain and keeps them until Ctrl-C. Their accounts are public development keys."""
    with running(ROOT, PLASMA) as chains:
        for chain in chains:
            state = "started" if chain.started else "was running already"
            click.echo(f"{chain.name} chain {chain.chain_id} at {chain.url}: {state}")
        if not any(chain.started for chain in chains):
            return
        stop = Event()
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, lambda *_: stop.set())
        click.echo("Press Ctrl-C to stop.")
        stop.wait()
        click.echo("Stopped.")
