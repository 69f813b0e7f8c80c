"""The plasma chain's independent watchers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from offchain.command import Command
from offchain.commands.output import say
from offchain.commands.plasma_session import key_file_option, manifests_option, root_chain, root_option
from offchain.commands.plasma_source import (
    FILE,
    FOLDER,
    check_source,
    engine_option,
    log_to_stderr,
    needed,
    own_engine,
)
from offchain.commands.reporting import reporting
from offchain.commands.session import password

if TYPE_CHECKING:
    from offchain.plasma.nodes import ExecutedChain


@click.command(cls=Command)
@click.option("--folder", type=FOLDER, help="Where the watcher keeps its log, with the embedded engine.")
@click.option("--genesis", "genesis_file", type=FILE, help="The chain's genesis file, for the embedded engine.")
@click.option("--follow", metavar="URL", help="The leader's feed, for the embedded engine.")
@engine_option
@click.option("--public", metavar="URL", help="Public node whose blocks are compared too: the leader's.")
@root_option
@manifests_option
@key_file_option
def watch(
    folder: Path | None,
    genesis_file: Path | None,
    follow: str | None,
    engine: str | None,
    public: str | None,
    root_url: str | None,
    manifests: Path | None,
    key_file: Path | None,
) -> None:
    """Executes every block, verifies every checkpoint, and challenges what is wrong, until Ctrl-C.

    With --key the account pays for challenges and gets the rewards; without it faults are only told. With --engine the
    blocks are those that one's own node executes.

    \b
    openmg plasma watch --folder watch --genesis genesis.json --follow http://127.0.0.1:8547 --key watcher.key
    openmg plasma watch --engine http://127.0.0.1:8545 --key watcher.key
    """
    from offchain.chains import ROOT, connect
    from offchain.node import Node
    from offchain.plasma.checkpoint_maker import CheckpointMaker
    from offchain.plasma.genesis import Genesis
    from offchain.plasma.keys import load_key
    from offchain.plasma.nodes import repeated
    from offchain.plasma.service import Part, run_remote, run_replica
    from offchain.plasma.submitter import Submitter
    from offchain.plasma.watcher import Watcher

    check_source(engine, genesis_file, follow)
    if engine is not None and folder is not None:
        raise click.UsageError("--folder is for the embedded engine: not with --engine")
    if engine is None and (folder is None or follow is None):
        raise click.UsageError("--folder and --follow are needed, or --engine for a node that seals by itself")
    root = root_chain(root_url, manifests)
    chain_id = own_engine(engine, root) if engine is not None else Genesis.read(needed(genesis_file)).chain_id
    key = load_key(key_file, password) if key_file else None
    submitter = Submitter(Node(connect(root_url or ROOT.url)), key) if key else None
    log_to_stderr()

    def more(chain: ExecutedChain) -> list[Part]:
        node = Node(connect(chain.engine.url))
        maker = CheckpointMaker(chain, node, chain_id)
        watcher = Watcher(root, maker, node, chain_id, submitter, Node(connect(public)) if public else None)

        def step() -> None:
            for finding in watcher.step():
                say(finding.words())

        return [repeated("watching", step, 1)]

    def ready(chain: ExecutedChain) -> None:
        say(f"Watching from block {chain.height} on")

    with reporting():
        if engine is not None:
            run_remote(engine, ready, more=more)
        elif folder is not None and follow is not None:
            run_replica(folder, needed(genesis_file), follow, ready, more=more)
