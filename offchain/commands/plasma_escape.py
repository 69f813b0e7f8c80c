"""The way out of a plasma chain that has ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offchain.command import Command
from offchain.commands.output import Stage, answer, columns, day_and_time, stages
from offchain.commands.plasma_end import list_option
from offchain.commands.plasma_keep import kept_folder
from offchain.commands.plasma_session import Account, account_options
from offchain.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offchain.deployment.manifest import Manifest
    from offchain.plasma.checkpoint import Submission
    from offchain.plasma.escaping import Escaping
    from offchain.wallet.escaping import NoteEscaping


@click.command(cls=Command)
@list_option
@click.option("--to", metavar="ADDRESS", help="Account on the root chain that is paid.  [default: the same account]")
@click.option(
    "--proofs",
    type=click.Path(path_type=Path),
    help="A node's folder `escape`, a file of it, or what `keep` wrote.  [default: what `keep` wrote]",
)
@account_options()
def escape(account: Account, only_list: bool, to: str | None, proofs: Path | None) -> None:
    """After the halt, takes out what the account, or the wallet with its notes, had in the last final state.

    Takes every step that is due: opens the escape, shows contracts, sends, releases notes that have waited, has all
    paid. Run it again until nothing is left. A node of the plasma chain is needed (--rpc) only if the wallet had not
    read its notes before.

    \b
    openmg plasma escape --proofs node1/escape --list
    openmg plasma escape --proofs node1/escape --to 0x...
    """
    from offchain.plasma.escaping import Escaping, last_final, open_escape, opens_at
    from offchain.wallet.kept_proofs import KeptProofsError, read_proofs

    recipient, root = account.chosen(to), account.root
    final, until = last_final(root), opens_at(root)
    if proofs is None and account.keys is None:
        raise KeptProofsError("give --proofs: a node's folder `escape`, or a file of it")
    state = read_proofs(proofs or kept_folder(account.name, root.child_chain_id), final)
    sender = None if only_list or until else account.sender(root.node)
    done: list[dict[str, Any]] = []
    manifest = _plasma_manifest(account)
    with stages("escaping") as stage:
        if sender and open_escape(root, sender, final):
            done.append({"step": f"opened with checkpoint {final.checkpoint.epoch}"})
        own = Escaping(root, state, account.key, recipient, _energy(manifest))
        notes, why_not = _notes(account, own, final, recipient, manifest, stage)
        if sender:
            for holding, refusal in own.advance(sender):
                done.append({"step": refusal or "escaped", "asset": holding.asset, "amount": str(holding.left)})
            for note in notes.advance(sender, stage) if notes else ():
                done.append({"step": note.stage, "asset": note.asset, "amount": str(note.amount)})
            done += _claims(account, own, recipient)
    _tell(account, own, notes, done, [*([_early(until)] if until else []), *why_not])


def _plasma_manifest(account: Account) -> Manifest:
    from offchain.deployment.manifest import Manifest

    return Manifest.open(account.root.child_chain_id, account.manifests)


def _energy(manifest: Manifest) -> list[str]:
    """Tokens of the plasma chain alone, in whose exchanges ETH can be."""
    from offchain.deployment.parts import MICROGRIDS

    return [manifest.address(name) for name in MICROGRIDS if name in manifest.contracts]


def _notes(
    account: Account, own: Escaping, final: Submission, recipient: str, manifest: Manifest, stage: Stage
) -> tuple[NoteEscaping | None, list[str]]:
    """The wallet's notes, or why they are left out."""
    from offchain.settings import settings
    from offchain.wallet.escaping import NoteEscaping
    from offchain.wallet.reader import Reader
    from offchain.wallet.store import Store

    root, keys, platform = account.root, account.keys, account.root.platform()
    if keys is None or platform is None:
        return None, []
    store = Store(settings.wallets, keys.viewing.public_key, root.child_chain_id, platform[1])
    end, why = final.checkpoint.end, "the node's chain is shorter"
    if (store.next_block() or 0) <= end:
        stage("reading the chain")
        try:
            Reader(keys.viewing, account.plasma.web3, manifest).sync()
        except UserError as error:
            why = str(error)
    if (store.next_block() or 0) <= end:
        return None, [f"Notes are left out: the wallet has not read the plasma chain up to block {end} ({why})."]
    return NoteEscaping(root, own.escapes, keys, store, final, recipient), []


def _claims(account: Account, own: Escaping, recipient: str) -> list[dict[str, Any]]:
    from offchain.plasma.payouts import claim

    root = account.root
    paid = claim(root, account.sender(root.node), recipient, own.assets)
    return [{"step": "paid", "asset": asset, "amount": str(amount)} for asset, amount in paid]


def _early(until: int) -> str:
    return f"Escapes begin at {day_and_time(until)} UTC, when no proof of a fault counts any more: run it again then."


def _tell(
    account: Account, own: Escaping, notes: NoteEscaping | None, done: list[dict[str, Any]], notices: Sequence[str]
) -> None:
    """What was done, and how far all is."""
    holdings, states, assets = own.holdings(), notes.states() if notes else [], account.assets
    content = {
        "done": done,
        "holdings": [
            {"holder": one.holder, "source": one.source, "asset": one.asset, "amount": str(one.amount)}
            | {"escaped": str(one.paid)}
            for one in holdings
        ],
        "notes": [
            {"asset": one.asset, "amount": str(one.amount), "stage": one.stage, "until": one.until} for one in states
        ],
        "notices": list(notices),
    }
    lines = [
        f"{assets.at(one['asset']).shown(int(one['amount']))}: {one['step']}." if "asset" in one else f"{one['step']}."
        for one in done
    ]
    rows = [
        (
            assets.at(one.asset).shown(one.amount),
            "of the account" if one.source == one.holder else f"as a share of {one.source}",
            "escaped" if not one.left else f"{assets.at(one.asset).shown(one.left)} can escape",
        )
        for one in holdings
    ]
    rows += [
        (
            assets.at(one.asset).shown(one.amount),
            "as a note",
            f"{one.stage}, until {day_and_time(one.until)} UTC" if one.until else one.stage,
        )
        for one in states
    ]
    answer(account.as_json, content, *lines, *notices, *(columns(rows) if rows else ["Nothing is proven to be there."]))
