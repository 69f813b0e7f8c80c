"""A node of the plasma chain as a process: the leader, or an authority that follows it; beside nodes that seal by
themselves, the coordinator or an authority."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from eth_account.signers.local import LocalAccount

from offchain.chains import connect
from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.health import health
from offchain.node import Node
from offchain.plasma.authority import Authority
from offchain.plasma.authority_service import AuthorityClient, authority_service
from offchain.plasma.chain import Chain
from offchain.plasma.checkpoint_maker import Blocks, CheckpointMaker
from offchain.plasma.coordinator import Archive, Coordinator
from offchain.plasma.delivery import Delivery, DeliveryError
from offchain.plasma.exports import Exporter
from offchain.plasma.jsonrpc import Refusal
from offchain.plasma.leader import Leader
from offchain.plasma.proxy import Access
from offchain.plasma.remote import RemoteChain
from offchain.plasma.replica import Replica
from offchain.plasma.root_chain import RootChain
from offchain.plasma.service import Part, run_leader, run_remote, run_replica, server
from offchain.plasma.signing_record import NAME, SigningRecord
from offchain.plasma.state_export import Platform
from offchain.plasma.submitter import Submitter

DELIVERY_SECONDS = 0.5
COORDINATION_SECONDS = 0.5
EXPORT_SECONDS = 0.5

log = logging.getLogger("openmg.plasma")


@dataclass(frozen=True)
class NodeSettings:
    """What all kinds of node need: a folder of their own, the plasma chain's id, the authority's key, a node of the
    root chain (`root_url`), the manifest of what is deployed there, and Unix time."""

    folder: Path
    chain_id: int
    key: LocalAccount
    root_url: str
    manifest: Manifest
    clock: Callable[[], float] = time.time

    def root(self) -> RootChain:
        """The root chain, for one thread."""
        return RootChain(connect(self.root_url), self.manifest)

    def maker(self, chain: ExecutedChain) -> CheckpointMaker:
        """Makes checkpoints of one's own chain, for one thread."""
        return CheckpointMaker(chain, Node(connect(chain.engine.url)), self.chain_id)

    def exporter(self, chain: ExecutedChain) -> Exporter:
        """Keeps the proofs that escapes need, for one thread."""
        root = self.root()

        def platform() -> Platform | None:
            named = root.platform()
            if named:
                return named
            planned = Manifest.open(self.chain_id, self.manifest.path.parent)
            known = {"factory", "pool"} <= planned.contracts.keys()
            return (planned.address("factory"), planned.address("pool")) if known else None

        return Exporter(self.folder / "escape", Node(connect(chain.engine.url)), platform, root.settled_epoch)

    def authority(self, chain: ExecutedChain, exporter: Exporter) -> Authority:
        """Signs with the node's key. Raises SigningRecordError if another process does."""
        record = SigningRecord(self.folder / NAME)
        return Authority(self.key, self.root(), self.maker(chain), record, signed=exporter.want)


class ExecutedChain(Chain, Blocks, Protocol):
    """A chain whose blocks are executed here: a leader's, a replica's, or that of a node of one's own."""


Inject = Callable[[Sequence[bytes]], Coroutine[Any, Any, Sequence[bytes | Refusal]]]
"""Hands in raw transactions; gives each one's hash, or why it is refused."""


def lead(
    settings: NodeSettings,
    genesis: Path,
    rpc: socket.socket,
    feed: socket.socket,
    authorities: Sequence[str],
    interval: float,
    ready: Callable[[Leader, int], None],
    access: Access | None = None,
) -> None:
    """Runs the leader of the chain of a genesis file until SIGTERM or SIGINT: orders and seals, delivers deposits, and
    every `interval` seconds asks the authorities at these URLs to sign a checkpoint, which it submits. `rpc` is public,
    `feed` is for those who follow. Raises what stops it."""

    def more(leader: Leader) -> list[Part]:
        return _coordination(settings, leader, leader.inject, authorities, interval)

    run_leader(settings.folder, genesis, rpc, feed, ready, access, more, settings.clock)


def follow(
    settings: NodeSettings,
    genesis: Path,
    leader: str,
    signing: socket.socket,
    ready: Callable[[Replica], None],
    rpc: socket.socket | None = None,
) -> None:
    """Runs an authority until SIGTERM or SIGINT: executes the blocks of the feed at the URL `leader`, and signs
    checkpoints that are asked for on `signing`. Raises what stops it: Divergence at the first block that comes out
    differently."""
    run_replica(
        settings.folder,
        genesis,
        leader,
        ready,
        rpc,
        more=lambda replica: _signing(settings, replica, signing),
        clock=settings.clock,
    )


def coordinate(
    settings: NodeSettings,
    node: str,
    rpc: socket.socket,
    authorities: Sequence[str],
    interval: float,
    ready: Callable[[RemoteChain], None],
    access: Access | None = None,
) -> None:
    """As `lead`, beside a node at the URL `node` that seals by itself: neither orders nor seals."""

    def more(chain: RemoteChain) -> list[Part]:
        return _coordination(settings, chain, chain.submit, authorities, interval)

    run_remote(node, ready, rpc, access, more)


def attest(
    settings: NodeSettings,
    node: str,
    signing: socket.socket,
    ready: Callable[[RemoteChain], None],
    rpc: socket.socket | None = None,
    access: Access | None = None,
) -> None:
    """As `follow`, beside a node at the URL `node` that seals by itself, whose blocks are taken."""
    run_remote(node, ready, rpc, access, lambda chain: _signing(settings, chain, signing))


def _coordination(
    settings: NodeSettings, chain: ExecutedChain, inject: Inject, authorities: Sequence[str], interval: float
) -> list[Part]:
    """Deliveries and checkpoints."""
    loop = asyncio.get_running_loop()

    def deliver(raws: Sequence[bytes]) -> None:
        for outcome in asyncio.run_coroutine_threadsafe(inject(raws), loop).result():
            if isinstance(outcome, Refusal):
                raise DeliveryError(f"the engine refuses a delivery: {outcome}")

    node = Node(connect(chain.engine.url))
    delivery = Delivery(settings.root(), settings.maker(chain), node, settings.key, deliver)
    exporter = settings.exporter(chain)
    coordinator = Coordinator(
        settings.root(),
        settings.maker(chain),
        settings.authority(chain, exporter),
        [AuthorityClient(one) for one in authorities],
        Submitter(Node(connect(settings.root_url)), settings.key),
        Archive(settings.folder / "checkpoints"),
        interval,
    )
    return [
        repeated("deliveries", delivery.step, DELIVERY_SECONDS),
        repeated("checkpoints", coordinator.step, COORDINATION_SECONDS),
        repeated("exports", exporter.step, EXPORT_SECONDS),
    ]


def _signing(settings: NodeSettings, chain: ExecutedChain, signing: socket.socket) -> list[Part]:
    """Signs what is asked for."""
    exporter = settings.exporter(chain)
    service = authority_service(settings.authority(chain, exporter), chain)
    return [server(service, signing), repeated("exports", exporter.step, EXPORT_SECONDS)]


def repeated(name: str, step: Callable[[], object], seconds: float) -> Part:
    """Takes a step again and again, `seconds` apart, in a thread of its own. What a step can't do is logged, and tried
    again: all of them can be interrupted anywhere, as by a crash."""
    stopping = threading.Event()

    def work(done: asyncio.Future[None], loop: asyncio.AbstractEventLoop) -> None:
        said = ""
        try:
            while not stopping.is_set():
                try:
                    step()
                    said = ""
                    health.works(name)
                except UserError as error:
                    health.fails(name, str(error))
                    if str(error) != said:
                        log.warning("%s: %s", name, error)
                    said = str(error)
                stopping.wait(seconds)
        except BaseException as error:  # noqa: BLE001  # told to whoever waits for the part
            loop.call_soon_threadsafe(_fail, done, error)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        threading.Thread(target=work, args=(done, loop), daemon=True).start()
        while not stopping.is_set() and not done.done():
            await asyncio.wait([done], timeout=0.1)
        if done.done():
            done.result()

    return Part(run, stopping.set)


def _fail(done: asyncio.Future[None], error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
