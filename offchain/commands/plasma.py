"""The plasma chain: its nodes, and what people do with it."""

from __future__ import annotations

import click

from offchain.command import Group
from offchain.commands.plasma_account import deposit, exit_command, exits
from offchain.commands.plasma_cancel import cancel
from offchain.commands.plasma_end import finalise, freeze, halt, refund
from offchain.commands.plasma_escape import escape
from offchain.commands.plasma_keep import export, keep
from offchain.commands.plasma_node import genesis, node, status
from offchain.commands.plasma_proof import prove
from offchain.commands.plasma_watch import watch


@click.group(cls=Group)
def plasma() -> None:
    """Deposits, exits and proofs of the plasma chain; its end; its nodes and watchers.

    \b
    openmg plasma deposit 2 ETH          from the root chain to the plasma chain
    openmg plasma exit 1 ETH             back again; `openmg plasma exits` sees it through
    openmg plasma prove transaction 0x.. shows a contract of the root chain what happened
    openmg plasma halt --list            whether the chain can be ended; then `refund` and `escape`
    openmg plasma status                 checkpoints, signers, what is final
    openmg plasma node --help            runs the leader or an authority
    """


END = (finalise, halt, refund, keep, export, escape, cancel, freeze)

for command in (deposit, exit_command, exits, *END, prove, status, watch, node, genesis):
    plasma.add_command(command)
