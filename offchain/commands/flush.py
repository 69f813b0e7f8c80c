"""Moving waiting notes into the tree."""

from __future__ import annotations

import signal
from threading import Event
from typing import TYPE_CHECKING

import click

from offchain.command import Command
from offchain.commands.output import answer, json_option
from offchain.commands.reporting import reporting
from offchain.commands.session import Opening, WalletName, network, own_sender, rpc_option

if TYPE_CHECKING:
    from offchain.commands.session import Network
    from offchain.sender import Sender

DEVELOPMENT_ACCOUNT = 9
"""The local chains' account that flushes when no wallet is named."""


@click.command(cls=Command)
@click.option("--watch", is_flag=True, help="Go on until Ctrl-C: flush at 16 waiting notes, or after 10 s.")
@click.option(
    "--wallet",
    "name",
    type=WalletName(),
    help="Whose account pays the gas.  [default on local chains: a public development key]",
)
@rpc_option
@json_option
def flush(watch: bool, name: str | None, rpc: str | None, as_json: bool) -> None:
    """Moves waiting notes into the tree, after which they can be spent. Anybody may.

    \b
    openmg flush
    openmg flush --watch --wallet operator
    """
    from offchain.flusher import Flusher

    opening = Opening(name) if name is not None else None
    chain = network(rpc)
    sender = own_sender(opening.wallet(chain)) if opening else _development_sender(chain)
    flusher = Flusher(sender, chain.manifest)
    if not watch:
        done = flusher.flush()
        notes = sum(count for count, _ in done)
        lines = [f"Flushed {count} notes: {transaction}" for count, transaction in done] or ["Nothing waits."]
        answer(as_json, {"notes": notes, "transactions": [transaction for _, transaction in done]}, *lines)
        return
    total, stop = 0, Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: stop.set())

    def flushed(count: int, transaction: str) -> None:
        nonlocal total
        total += count
        click.echo(f"Flushed {count} notes: {transaction}", err=as_json)

    click.echo("Watching; press Ctrl-C to stop.", err=True)
    with reporting():
        flusher.watch(stop, flushed, lambda reason: click.echo(f"Error: {reason}", err=True))
    answer(as_json, {"notes": total}, f"Flushed {total} notes in all.")


def _development_sender(chain: Network) -> Sender:
    from offchain.chains import LOCAL_CHAIN_IDS
    from offchain.commands.session import SessionError
    from offchain.sender import development_sender

    if chain.manifest.chain_id not in LOCAL_CHAIN_IDS:
        raise SessionError(f"--wallet is needed on chain {chain.manifest.chain_id}: its account pays the gas")
    return development_sender(chain.web3, DEVELOPMENT_ACCOUNT)
