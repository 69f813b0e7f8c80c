"""A bridged plasma chain on this machine: the bridge's contracts on the root chain, a leader and three authorities,
each a process of its own with its own engine, key and folder. The keys are public development keys.

All of it begins anew each time, since nobody's money is in it; `openmg plasma node` with folders of one's own keeps
what it has.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from web3 import Web3

from offchain.chains import PLASMA, ROOT, Chain, ChainSpec, find, started
from offchain.deployment.bridge import BridgeDeployment
from offchain.deployment.manifest import Manifest
from offchain.environment import CACHE
from offchain.errors import UserError
from offchain.plasma.bridge_genesis import bridge_genesis
from offchain.plasma.clock import SimulatedClock
from offchain.plasma.keys import save_key
from offchain.process import Starting, free_port, guarded
from offchain.sender import development_account, development_sender
from offchain.units import ETHER

AUTHORITIES = (5, 6, 7, 8)
"""Development accounts that are the authorities; the first one leads, delivers and submits."""

FUNDED = (0, 1, 2, 3, 4, 9)
"""Development accounts that get ETH on the plasma chain, each by a deposit."""

FUNDS = 100 * ETHER
INTERVAL = 5.0
"""Seconds between checkpoints."""

RATE = 60_000
"""Calls a minute: on one's own machine nobody else calls."""

PAGE_HOSTS, PAGE_PORT = ("127.0.0.1", "localhost"), 8680
"""Where `openmg dashboard` serves the page, unless it is told otherwise."""

START_SECONDS = 60.0
DEPOSIT_SECONDS = 60.0

ROOT_FLAGS = ("--block-time", "1", "--mixed-mining", "--slots-in-an-epoch", "1")
"""For a local root chain: blocks become final, as they do on a real one, only with blocks after them."""


class LocalNetworkError(UserError):
    """Says in one line why the local plasma chain can't be had."""


@dataclass(frozen=True)
class LocalNetwork:
    """The plasma chain, where its leader's feed is, and its authorities' services."""

    chain: Chain
    feed: str
    authorities: tuple[str, ...]
    folder: Path


@contextmanager
def local_chains() -> Iterator[tuple[Chain, Chain]]:
    """Both local chains, root and plasma: those that run, or started ones, which end with the block or this process.

    A plasma chain that is started has nothing but what is deposited for the development accounts. Raises UserError if
    one can't be had.
    """
    with ExitStack() as stack:
        plasma = find(PLASMA)
        root = find(ROOT) or stack.enter_context(started(ROOT, *ROOT_FLAGS))
        if plasma is None:
            manifest = Manifest.open(root.chain_id)
            plasma = stack.enter_context(local_network(root, manifest)).chain
            deposit(root, plasma, manifest, {development_account(index).address: FUNDS for index in FUNDED})
        yield root, plasma


@contextmanager
def local_network(
    root: Chain,
    manifest: Manifest,
    spec: ChainSpec = PLASMA,
    interval: float = INTERVAL,
    rate: int = RATE,
    clock: SimulatedClock | None = None,
    page_port: int = PAGE_PORT,
) -> Iterator[LocalNetwork]:
    """Deploys the bridge's contracts to a local root chain and runs the nodes below it; ends them with the block or
    with this process. `rate`: calls a minute, 0: any number; `clock`: the nodes', None: the wall's;
    `page_port`: of the page on this machine that may call from a browser. Raises UserError if something doesn't come
    up."""
    addresses = [development_account(index).address for index in AUTHORITIES]
    manifest.forget("plasma_")
    deployment = BridgeDeployment(development_sender(root.web3, 0), manifest, spec.chain_id, addresses)
    list(deployment.run())
    CACHE.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="plasma-", dir=CACHE))
    port = spec.port or free_port()
    url = f"http://127.0.0.1:{port}"
    feed_port, *signing_ports = (free_port() for _ in AUTHORITIES)
    genesis = folder / "genesis.json"
    bridge_genesis(addresses[0], spec.chain_id, int((clock or time.time)()) - 1).write(genesis)
    signing = tuple(f"http://127.0.0.1:{one}" for one in signing_ports)
    feed = f"http://127.0.0.1:{feed_port}"
    try:
        with ExitStack() as stack:
            common = ["--root", root.url, "--genesis", str(genesis), "--manifests", str(manifest.path.parent)]
            common += ["--clock", str(clock.path)] if clock else []
            for place, index in enumerate(AUTHORITIES):
                save_key(folder / f"key{place}", development_account(index))
            lead = ["--port", str(port), "--feed-port", str(feed_port), "--interval", str(interval)]
            lead += ["--rate", str(rate)]
            lead += [part for name in PAGE_HOSTS for part in ("--origin", f"http://{name}:{page_port}")]
            lead += [part for one in signing for part in ("--authority", one)]
            leader = _node([*common, *lead], f"{feed}/blocks?first=1", folder, 0)
            stack.enter_context(guarded(leader, seconds=START_SECONDS))
            authorities = [
                _node([*common, "--follow", feed, "--signing-port", str(own)], f"{url}/status", folder, place)
                for place, (own, url) in enumerate(zip(signing_ports, signing, strict=True), 1)
            ]
            stack.enter_context(guarded(*authorities, seconds=START_SECONDS))
            chain = find(ChainSpec(spec.name, spec.chain_id, port))
            if chain is None:
                raise LocalNetworkError(f"the plasma chain at {url} doesn't answer")
            yield LocalNetwork(Chain(chain.name, chain.chain_id, url, started=True), feed, signing, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def deposit(root: Chain, plasma: Chain, manifest: Manifest, amounts: Mapping[str, int]) -> None:
    """Deposits wei for accounts by their addresses, out of what development account 0 has on the root chain, and waits
    until they have it. Raises LocalNetworkError if they don't within a minute."""
    vault, web3 = manifest.contract(root.web3, "plasma_vault").functions, plasma.web3
    payer = development_sender(root.web3, 0)
    accounts = {Web3.to_checksum_address(address): amount for address, amount in amounts.items()}
    due = {account: web3.eth.get_balance(account) + amount for account, amount in accounts.items()}
    for account, amount in accounts.items():
        payer.transact(vault.depositEth(account), amount)
    deadline = time.monotonic() + DEPOSIT_SECONDS
    while any(web3.eth.get_balance(account) < wanted for account, wanted in due.items()):
        if time.monotonic() > deadline:
            raise LocalNetworkError("deposits don't arrive: does the root chain make final blocks (`make chains`)?")
        time.sleep(0.2)


def _node(options: Sequence[str], url: str, folder: Path, place: int) -> Starting:
    """A node that answers at a URL once it is ready."""
    scratch = folder / f"scratch{place}"
    scratch.mkdir()
    own = ["--folder", str(folder / f"node{place}"), "--key", str(folder / f"key{place}")]
    command = [str(Path(sys.executable).with_name("openmg")), "plasma", "node", *options, *own]
    return Starting(command, lambda: _answers(url), f"node {place}", scratch)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False
