"""Buys energy with ETH."""

from __future__ import annotations

import click

from offchain.command import Amount
from offchain.deployment.parts import MICROGRIDS
from offchain.sender import development_sender
from offchain.swap import swap_eth_to_token
from scripts._command import Command, local_market, say_if_started


@click.command(cls=Command)
@click.option("--microgrid", type=click.Choice(MICROGRIDS), default=MICROGRIDS[0], show_default=True)
@click.option("--eth", type=Amount(), default="1", show_default=True, help="ETH to sell.")
def cli(microgrid: str, eth: int) -> None:
    """A buyer sells ETH for energy on the local plasma chain: pool before and after, price, gas and invariant.

    On a fresh market this is the worked example: 10 ETH x 500 kWh, a buyer with 1 ETH.
    """
    with local_market() as (chain, market):
        operator, buyer = (development_sender(market.web3, index) for index in (0, 1))
        for line in swap_eth_to_token(market, operator, buyer, microgrid, eth):
            click.echo(line)
        say_if_started(chain)
