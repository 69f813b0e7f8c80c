"""Federated learning of a forecast, its model chain, and forecasts for sale."""

from __future__ import annotations

import click

from offchain.command import Group
from offchain.commands.ppdl_market import ask, serve
from offchain.commands.ppdl_network import join, relay
from offchain.commands.ppdl_training import evaluate, train
from offchain.commands.ppdl_verification import verify


@click.group(cls=Group)
def ppdl() -> None:
    """A demand forecast that homes learn together; readings and single updates stay with them.

    \b
    openmg ppdl train                    in one process: bundled homes, or --data homes.csv
    openmg ppdl evaluate                 how good the forecast is, and a picture of it
    openmg ppdl verify                   computes the whole model chain again
    openmg ppdl relay                    over many machines: keeps the store, relays headers
    openmg ppdl join --data home.csv     takes part with one home's readings
    openmg ppdl serve                    sells forecasts; `openmg ppdl ask` buys one
    """


for command in (train, evaluate, verify, join, relay, serve, ask):
    ppdl.add_command(command)
