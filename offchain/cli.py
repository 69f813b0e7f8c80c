"""The command line `openmg`: a private wallet, the relayer, charging, the flush that anybody may run, the
plasma chain, the forecast, the simulator, the API with its history, and backups.

Errors that a user can cause are one line on stderr and exit status 1; with `--json` they are `{"error": ...}` on
stdout.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence

import click

from offchain.command import Group
from offchain.commands.api import api
from offchain.commands.backup import backup
from offchain.commands.charge import charge
from offchain.commands.dashboard import dashboard
from offchain.commands.flush import flush
from offchain.commands.metering import operator
from offchain.commands.output import print_json
from offchain.commands.plasma import plasma
from offchain.commands.ppdl import ppdl
from offchain.commands.relayer import relayer
from offchain.commands.simulate import simulate
from offchain.commands.wallet import wallet

OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""More than by default, since loading the libraries makes many objects that all stay."""


@click.group(cls=Group)
def cli() -> None:
    """Private, local energy trading.

    Works on the local plasma chain (`make chains`, `ape run deploy`), or on the chain of a node given with --rpc.

    \b
    openmg wallet new                         makes a wallet
    openmg wallet shield 2 ETH                brings 2 ETH into the pool
    openmg wallet send 0.5 ETH openmg1...     pays somebody; nobody sees whom, what or how much
    openmg wallet balance                     what is there

    All commands: docs/reference/commands.md
    """


for command in (wallet, relayer, charge, dashboard, api, flush, operator, plasma, ppdl, simulate, backup):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command line and ends the process."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)  # what is left needs no last collection: together 0.4 s of a payment
    try:
        status = cli.main(given, prog_name="openmg", standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        _fail("stopped", given)
    except click.ClickException as error:
        _fail(error.format_message(), given)
    except BrokenPipeError:  # whoever read the output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except SystemExit as error:  # wrong settings
        if isinstance(error.code, str):
            _fail(error.code.removeprefix("Error: "), given)
        raise
    sys.exit(status if isinstance(status, int) else 0)


def _fail(reason: str, arguments: Sequence[str]) -> None:
    line = " ".join(reason.split())
    if "--json" in arguments:
        print_json({"error": line})
    else:
        click.echo(f"Error: {line}", err=True)
    sys.exit(1)
