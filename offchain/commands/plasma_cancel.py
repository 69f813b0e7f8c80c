"""The watch over escapes of notes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offchain.command import Command
from offchain.commands.output import answer, go_on, stages
from offchain.commands.plasma_session import Account, account_options
from offchain.commands.reporting import reporting

if TYPE_CHECKING:
    from offchain.plasma.cancelling import SpentEscape

WATCH_SECONDS = 10
"""How often new escapes are looked for."""


@click.command(cls=Command)
@click.option(
    "--proofs",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    help="A node's folder `escape`, or a file of it: it has all spent notes.",
)
@click.option("--watch", is_flag=True, help="Go on until Ctrl-C.")
@account_options(both=False)
def cancel(account: Account, proofs: Path, watch: bool) -> None:
    """After the halt, cancels escapes of notes that were spent on the plasma chain: they would be paid out of others'.

    Anyone may, within three days of each escape. Let somebody run it with --watch until all notes have left.

    \b
    openmg plasma cancel --proofs node1/escape --watch
    """
    from offchain.plasma import cancelling
    from offchain.plasma.escape import Escapes
    from offchain.plasma.escaping import last_final
    from offchain.wallet.kept_proofs import read_proofs

    root = account.root
    state, sender = read_proofs(proofs, last_final(root), whole=True), account.sender(root.node)
    escapes = Escapes(state, *(root.platform() or ("", "")))

    def done() -> list[SpentEscape]:
        with stages("looking for escapes of spent notes"):
            return list(cancelling.cancel(root, sender, escapes))

    def tell() -> None:
        for one in done():
            answer(account.as_json, _content(one), _words(account, one))

    if watch:
        with reporting():
            go_on("cancelling", tell, WATCH_SECONDS)
        return
    found = done()
    lines = [_words(account, one) for one in found] or ["No escape of a spent note waits."]
    answer(account.as_json, {"cancelled": [_content(one) for one in found]}, *lines)


def _content(one: SpentEscape) -> dict[str, Any]:
    return {"asset": one.started.asset, "amount": str(one.started.amount), "recipient": one.started.recipient}


def _words(account: Account, one: SpentEscape) -> str:
    shown = account.assets.at(one.started.asset).shown(one.started.amount)
    return f"Cancelled: {shown} to {one.started.recipient}, of a note that was spent."
