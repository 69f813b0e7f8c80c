"""The plasma chain's nodes."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offchain.command import Command, Number
from offchain.commands.output import answer, columns, json_option, say
from offchain.commands.plasma_session import (
    chain_options,
    key_file_option,
    manifests_option,
    plasma_node,
    root_chain,
    root_option,
)
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
from offchain.commands.session import listen, password
from offchain.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from offchain.plasma.chain import Chain
    from offchain.plasma.leader import Leader

PORT = click.IntRange(1, 65535)


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
@click.option("--genesis", "genesis_file", type=FILE, help="The chain's genesis file, for the embedded engine.")
@click.option("--follow", metavar="URL", help="The leader's feed: follow it as an authority.  [default: lead]")
@engine_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Network address of the public JSON-RPC.")
@click.option(
    "--peer-host", default="127.0.0.1", show_default=True, help="Network address of what other nodes use: not public."
)
@click.option("--port", type=PORT, help="Public JSON-RPC.  [default: 8546, none for an authority]")
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
    genesis_file: Path | None,
    follow: str | None,
    engine: str | None,
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

    With --engine the node works beside a node that seals by itself, as Besu does, each operator beside its own. With
    --authority it is the coordinator, which delivers deposits, asks those authorities and submits checkpoints; without
    it is an authority, which signs only what its own node's blocks say.

    \b
    openmg plasma node --folder leader --genesis genesis.json --key leader.key --authority http://127.0.0.1:8548 ...
    openmg plasma node --folder a1 --genesis genesis.json --key a1.key --follow http://127.0.0.1:8547
    openmg plasma node --folder a1 --engine http://127.0.0.1:8545 --key a1.key
    openmg plasma node --folder c --engine http://127.0.0.1:8545 --key c.key --authority http://127.0.0.1:8548 ...
    """
    from offchain.chains import PLASMA, ROOT
    from offchain.deployment.manifest import Manifest
    from offchain.plasma import nodes
    from offchain.plasma.clock import SimulatedClock
    from offchain.plasma.genesis import Genesis
    from offchain.plasma.keys import load_key
    from offchain.plasma.proxy import Access

    if key_file is None:
        raise click.UsageError("--key is needed: the authority signs with it")
    check_source(engine, genesis_file, follow)
    if engine is not None and clock_file is not None:
        raise click.UsageError("--clock is for the embedded engine: not with --engine")
    root = root_chain(root_url, manifests)
    manifest = Manifest.open(root.domain.chain_id, manifests)
    key = load_key(key_file, password)
    clock = SimulatedClock(clock_file) if clock_file else time.time
    clock()  # before anything is started
    chain_id = own_engine(engine, root) if engine is not None else Genesis.read(needed(genesis_file)).chain_id
    settings = nodes.NodeSettings(folder, chain_id, key, root_url or ROOT.url, manifest, clock)
    log_to_stderr()
    access = Access(rate or None, origins=origins)

    with ExitStack() as stack:
        stack.enter_context(reporting())

        def listening(address: str, number: int) -> socket.socket:
            return stack.enter_context(listen(address, number))

        def announce(role: str, more: str) -> Callable[[Chain], None]:
            return lambda chain: say(f"{role} {key.address} at block {chain.height}{more}")

        if engine is not None and authorities:
            rpc = listening(host, port or PLASMA.port)
            ready = announce("Coordinator", f" of {engine}: {_url(rpc)}, asks {len(authorities)} authorities")
            nodes.coordinate(settings, engine, rpc, authorities, interval, ready, access)
        elif engine is not None or follow is not None:
            signing, public = listening(peer_host, signing_port), listening(host, port) if port else None
            signs = f"signs at {_url(signing)}"
            if engine is not None:
                nodes.attest(settings, engine, signing, announce("Authority", f" of {engine}, {signs}"), public, access)
            elif follow is not None:
                ready = announce("Authority", f", follows {follow}, {signs}")
                nodes.follow(settings, needed(genesis_file), follow, signing, ready, public)
        else:
            rpc, feed = listening(host, port or PLASMA.port), listening(peer_host, feed_port)

            def leading(leader: Leader, waiting: int) -> None:
                kept = f"; {waiting} transactions wait" if waiting else ""
                announce("Leader", f"{kept}: {_url(rpc)}, feed {_url(feed)}")(leader)

            nodes.lead(settings, needed(genesis_file), rpc, feed, authorities, interval, leading, access)


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


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"
