"""Swaps energy of one microgrid for energy of another."""

from __future__ import annotations

import click

from offchain.command import Amount
from offchain.deployment.parts import MICROGRIDS
from offchain.sender import development_sender
from offchain.swap import swap_token_to_token
from scripts._command import Command, local_market, say_if_started


@click.command(cls=Command)
@click.option("--microgrid", type=click.Choice(MICROGRIDS), default=MICROGRIDS[0], show_default=True, help="Seller's.")
@click.option("--tokens", type=Amount(), default="10", show_default=True, help="kWh to give.")
def cli(microgrid: str, tokens: int) -> None:
    """A seller gives energy of one microgrid for the other's in one transaction, on the local plasma chain."""
    with local_market() as (chain, market):
        operator, seller = (development_sender(market.web3, index) for index in (0, 2))
        for line in swap_token_to_token(market, operator, seller, microgrid, tokens):
            click.echo(line)
        say_if_started(chain)
