"""Proofs that are kept while the plasma chain lives, for when it has ended."""

from __future__ import annotations

from pathlib import Path

import click

from offchain.command import Command
from offchain.commands.output import answer, go_on, json_option, stages
from offchain.commands.plasma_session import chain_options, manifests_option, plasma_node, root_chain, root_option
from offchain.commands.reporting import reporting
from offchain.commands.session import Opening, wallet_option

KEEP_SECONDS = 5
"""How often a new checkpoint is looked for."""

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(cls=Command)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder.  [default: beside the wallet]")
@click.option("--watch", is_flag=True, help="Go on with every checkpoint, until Ctrl-C.")
@wallet_option
@chain_options
@json_option
def keep(
    out: Path | None,
    watch: bool,
    name: str,
    rpc: str | None,
    root_url: str | None,
    manifests: Path | None,
    as_json: bool,
) -> None:
    """Keeps proofs of what is the wallet's after the newest checkpoint, a file each.

    With them its money can leave when the chain has ended. The last final checkpoint counts then, which is days old:
    with --watch there is a file of every one. Those that can't count any more are deleted.

    \b
    openmg plasma keep --watch
    """
    from offchain.deployment.manifest import Manifest
    from offchain.wallet.kept_proofs import Keeper, KeptProofs, KeptProofsError
    from offchain.wallet.wallet import Wallet

    root, plasma = root_chain(root_url, manifests), plasma_node(rpc)
    opening = Opening(name)
    if not root.head().epoch and not watch:
        raise KeptProofsError("there is no checkpoint yet: try again after the first one")
    chain_id = plasma.chain_id()
    wallet = Wallet(opening.keys, plasma.web3, Manifest.open(chain_id, manifests))
    keeper = Keeper(wallet, root, plasma, out or kept_folder(name, chain_id))

    def tell(kept: KeptProofs) -> None:
        epoch = kept.submission.checkpoint.epoch
        path, found = keeper.path(epoch), ", ".join(kept.found) or "nothing: this wallet had nothing there"
        content = {"epoch": epoch, "file": str(path), "found": list(kept.found)}
        answer(as_json, content, f"Proofs of what was there after checkpoint {epoch}: {path}", f"  {found}")

    def step() -> None:
        kept = keeper.step()
        if kept is not None:
            tell(kept)

    if watch:
        with reporting():
            go_on("proofs", step, KEEP_SECONDS)
        return
    with stages("reading the chain"):
        kept = keeper.step() or KeptProofs.load(keeper.path(root.head().epoch))
    tell(kept)


@click.command(cls=Command)
@click.option(
    "--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, help="A node's."
)
@click.option("--genesis", type=FILE, required=True, help="The chain's genesis file.")
@click.option("--epoch", type=click.IntRange(1), help="Of which checkpoint.  [default: the last final one]")
@root_option
@manifests_option
@json_option
def export(
    folder: Path, genesis: Path, epoch: int | None, root_url: str | None, manifests: Path | None, as_json: bool
) -> None:
    """Writes the proofs that everybody needs for `escape` anew, from the log of a node that doesn't run.

    Nodes write them by themselves; this is for when the file of the last final checkpoint is lost.

    \b
    openmg plasma export --folder node1 --genesis genesis.json
    """
    from offchain.plasma.export_again import export_again
    from offchain.plasma.exports import ExportError

    root = root_chain(root_url, manifests)
    wanted = root.submission(epoch) if epoch else root.last_final()
    if wanted is None:
        raise ExportError(f"there is no checkpoint {epoch} that counts" if epoch else "no checkpoint is final yet")
    checkpoint = wanted.checkpoint
    with stages("executing the log") as stage:

        def tell(number: int) -> None:
            stage(f"block {number} of {checkpoint.end}")

        path = export_again(folder, genesis, checkpoint, root.platform, tell)
    answer(
        as_json, {"epoch": checkpoint.epoch, "file": str(path)}, f"Proofs after checkpoint {checkpoint.epoch}: {path}"
    )


def kept_folder(name: str, chain_id: int) -> Path:
    """Where a wallet's proofs are kept; the id is the plasma chain's."""
    from offchain.settings import settings

    return settings.wallets / f"{name}-escape-{chain_id}"
