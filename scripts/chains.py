"""Runs both local chains."""

from __future__ import annotations

import signal
from threading import Event

import click

from offchain.artifacts import compile_contracts
from offchain.plasma.local import local_chains
from scripts._command import Command


@click.command(cls=Command)
def cli() -> None:
    """Starts the root chain and, with four authorities, the plasma chain, and keeps them until Ctrl-C.

    Their accounts are public development keys; on the plasma chain these have what was deposited for them.
    """
    compile_contracts()
    with local_chains() as chains:
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
