"""The plasma chain's nodes and watchers."""

from __future__ import annotations

import logging
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offchain.command import Command, Number
from offchain.commands.output import answer, columns, json_option
from offchain.commands.plasma_session import (
    chain_options,
    key_file_option,
    manifests_option,
    plasma_node,
    root_chain,
    root_option,
)
from offchain.commands.session import password
from offchain.errors import UserError

if TYPE_CHECKING:
    from offchain.plasma.replica import Replica

PORT = click.IntRange(1, 65535)
FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class PlasmaCommandError(UserError):
    """Says in one line why a node can't be started."""


@click.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--operator", required=True, metavar="ADDRESS", help="Account that delivers deposits: the leader's.")
@click.option("--chain-id", type=click.IntRange(1), default=950327, show_default=True)
@json_option
def genesis(file: Path, operator: str, chain_id: int, as_json: bool) -> None:
    """Writes the genesis FILE that all nodes of a plasma chain begin with.

    \b
    openmg plasma genesis genesis.json --operator 0x...
    """
    from offchain.assets import checked_address
    from offchain.plasma.bridge_genesis import bridge_genesis

    if file.exists():
        raise PlasmaCommandError(f"{file} exists: a chain with another genesis is another chain, move it away")
    bridge_genesis(checked_address(operator), chain_id, int(time.time()) - 1).write(file)
    line = f"{file}: chain {chain_id}, delivered to by {operator}. Give the same file to every node."
    answer(as_json, {"file": str(file), "chainId": chain_id, "operator": operator}, line)


@click.command(cls=Command)
@click.option("--folder", type=FOLDER, required=True, help="Where the node keeps its log and what it signed.")
@click.option("--genesis", "genesis_file", type=FILE, required=True, help="The chain's genesis file.")
@click.option("--follow", metavar="URL", help="The leader's feed: follow it as an authority.  [default: lead]")
@click.option("--host", default="127.0.0.1", show_default=True, help="Network address of the public JSON-RPC.")
@click.option(
    "--peer-host", default="127.0.0.1", show_default=True, help="Network address of what other nodes use: not public."
)
@click.option("--port", type=PORT, help="Public JSON-RPC.  [default: 8546 for the leader, none for an authority]")
@click.option("--feed-port", type=PORT, default=8547, show_default=True, help="The leader's feed of blocks.")
@click.option("--signing-port", type=PORT, default=8548, show_default=True, help="An authority's service.")
@click.option("--authority", "authorities", multiple=True, metavar="URL", help="An authority to ask. Several times.")
@click.option("--interval", type=Number(min=1), default=60, show_default=True, help="Seconds between checkpoints.")
@click.option(
    "--rate",
    type=click.IntRange(0),
    default=6000,
    show_default=True,
    help="Calls a minute of one address; 0: any number.",
)
@click.option("--origin", "origins", multiple=True, metavar="ORIGIN", help="A web page that may call. Several times.")
@click.option("--clock", "clock_file", type=FILE, help="A simulation's clock.  [default: this machine's]")
@root_option
@manifests_option
@key_file_option
def node(
    folder: Path,
    genesis_file: Path,
    follow: str | None,
    host: str,
    peer_host: str,
    port: int | None,
    feed_port: int,
    signing_port: int,
    authorities: tuple[str, ...],
    interval: float,
    rate: int,
    origins: tuple[str, ...],
    clock_file: Path | None,
    root_url: str | None,
    manifests: Path | None,
    key_file: Path | None,
) -> None:
    """Runs the leader of a plasma chain, or with --follow an authority, until Ctrl-C.

    Each has an engine, a key and a folder of its own. The leader orders transactions, seals blocks, delivers deposits
    and submits checkpoints; an authority executes every block again and signs only what came out the same.

    \b
    openmg plasma node --folder leader --genesis genesis.json --key leader.key --authority http://127.0.0.1:8548 ...
    openmg plasma node --folder a1 --genesis genesis.json --key a1.key --follow http://127.0.0.1:8547
    """
    from offchain.chains import PLASMA, ROOT
    from offchain.plasma import nodes
    from offchain.plasma.clock import SimulatedClock
    from offchain.plasma.keys import load_key
    from offchain.plasma.leader import Leader
    from offchain.plasma.proxy import Access

    if key_file is None:
        raise click.UsageError("--key is needed: the authority signs with it")
    root = root_chain(root_url, manifests)
    from offchain.deployment.manifest import Manifest

    manifest = Manifest.open(root.domain.chain_id, manifests)
    key = load_key(key_file, password)
    clock = SimulatedClock(clock_file) if clock_file else time.time
    clock()  # before anything is started
    settings = nodes.NodeSettings(folder, genesis_file, key, root_url or ROOT.url, manifest, clock)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("openmg.plasma").setLevel(logging.INFO)

    with ExitStack() as stack:
        if follow is None:
            rpc = stack.enter_context(_listen(host, port or PLASMA.port))
            feed = stack.enter_context(_listen(peer_host, feed_port))

            def leading(leader: Leader, waiting: int) -> None:
                kept = f"; {waiting} transactions wait" if waiting else ""
                _say(f"Leader {key.address} at block {leader.height}{kept}: {_url(rpc)}, feed {_url(feed)}")

            nodes.lead(settings, rpc, feed, authorities, interval, leading, Access(rate or None, origins=origins))
        else:
            signing = stack.enter_context(_listen(peer_host, signing_port))
            public = stack.enter_context(_listen(host, port)) if port else None

            def following(replica: Replica) -> None:
                _say(f"Authority {key.address} at block {replica.height}, follows {follow}, signs at {_url(signing)}")

            nodes.follow(settings, follow, signing, following, public)


@click.command(cls=Command)
@chain_options
@json_option
def status(rpc: str | None, root_url: str | None, manifests: Path | None, as_json: bool) -> None:
    """Shows the plasma chain's checkpoints, its authorities, and what is final.

    \b
    openmg plasma status
    """
    root = root_chain(root_url, manifests)
    head, final = root.head(), root.final_epoch()
    newest = root.submission(head.epoch) if head.epoch else None
    authorities = root.authorities()
    signers = [one for seat, one in enumerate(authorities) if newest and newest.signers >> seat & 1]
    state = root.state()
    height = plasma_node(rpc).height()
    content: dict[str, Any] = {
        "height": height,
        "checkpointed": head.end,
        "epoch": head.epoch,
        "finalEpoch": final,
        "messages": len(root.messages()),
        "messagesConsumed": head.inbox_consumed,
        "state": state,
        "authorities": authorities,
        "quorum": root.quorum(),
        "signers": signers,
    }
    rows = [
        ("state", state),
        ("plasma chain", f"block {height}; up to {head.end} in checkpoints"),
        ("checkpoints", f"{head.epoch}, final up to {final}"),
        ("inbox", f"{content['messages']} final messages, {head.inbox_consumed} taken in checkpoints"),
        ("authorities", f"{len(authorities)}, of which {content['quorum']} must sign"),
        *((f"  {one}", "signed the newest" if one in signers else "") for one in authorities),
    ]
    answer(as_json, content, *columns(rows))


@click.command(cls=Command)
@click.option("--folder", type=FOLDER, required=True, help="Where the watcher keeps its log.")
@click.option("--genesis", "genesis_file", type=FILE, required=True, help="The chain's genesis file.")
@click.option("--follow", metavar="URL", required=True, help="The leader's feed.")
@click.option("--public", metavar="URL", help="Public node whose blocks are compared too: the leader's.")
@root_option
@manifests_option
@key_file_option
def watch(
    folder: Path,
    genesis_file: Path,
    follow: str,
    public: str | None,
    root_url: str | None,
    manifests: Path | None,
    key_file: Path | None,
) -> None:
    """Executes every block, verifies every checkpoint, and challenges what is wrong, until Ctrl-C.

    With --key the account pays for challenges and gets the rewards; without it faults are only told.

    \b
    openmg plasma watch --folder watch --genesis genesis.json --follow http://127.0.0.1:8547 --key watcher.key
    """
    from offchain.chains import ROOT, connect
    from offchain.node import Node
    from offchain.plasma.checkpoint_maker import CheckpointMaker
    from offchain.plasma.genesis import Genesis
    from offchain.plasma.keys import load_key
    from offchain.plasma.nodes import repeated
    from offchain.plasma.service import Part, run_replica
    from offchain.plasma.submitter import Submitter
    from offchain.plasma.watcher import Watcher

    root = root_chain(root_url, manifests)
    chain_id = Genesis.read(genesis_file).chain_id
    key = load_key(key_file, password) if key_file else None
    submitter = Submitter(Node(connect(root_url or ROOT.url)), key) if key else None
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("openmg.plasma").setLevel(logging.INFO)

    def more(replica: Replica) -> list[Part]:
        engine = Node(connect(str(replica.engine.url)))  # type: ignore[attr-defined]
        maker = CheckpointMaker(replica, engine, chain_id)
        watcher = Watcher(root, maker, engine, chain_id, submitter, Node(connect(public)) if public else None)

        def step() -> None:
            for finding in watcher.step():
                _say(finding.words())

        return [repeated("watching", step, 1)]

    run_replica(
        folder, genesis_file, follow, lambda replica: _say(f"Watching from block {replica.height} on"), more=more
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, UnicodeError) as error:
        raise PlasmaCommandError(f"can't listen on {host} port {port}: {error}") from error


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


def _say(line: str) -> None:
    click.echo(line)
    click.get_text_stream("stdout").flush()
