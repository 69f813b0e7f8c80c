"""A chain with the whole platform, a relayer that is asked over HTTP, and an operator that flushes."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from web3 import Web3
from web3.types import RPCEndpoint

from offchain.assets import Assets
from offchain.background import again_and_again
from offchain.chains import ChainSpec, connect, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.flusher import Flusher
from offchain.http_service import serving
from offchain.journal import Journal
from offchain.node import Node
from offchain.process import free_port
from offchain.rate import Rate
from offchain.relayer.fees import Fees
from offchain.relayer.relayer import Relayer
from offchain.relayer.service import service
from offchain.sender import Sender, development_sender
from offchain.wallet.keys import Seed
from offchain.wallet.wallet import Wallet

OPERATOR, CONSUMER, RELAYER, FLUSHER = range(4)
"""Development accounts."""

CHAIN = 950327
FEES = ("ETH=0.001", "MG1=0.01")
FLUSH_SECONDS = 0.3


@dataclass(frozen=True)
class Scene:
    """What is there: the chain's node, the platform on it, and the relayer's URL."""

    web3: Web3
    manifest: Manifest
    node: str
    relayer: str
    running: ExitStack = field(default_factory=ExitStack)
    """What depends on the chain, and the chain itself."""

    def sender(self, account: int) -> Sender:
        return development_sender(self.web3, account)

    def wallet(self, entropy: int, folder: Path) -> Wallet:
        return Wallet(Seed(bytes([entropy] * 16)).keys(), self.web3, self.manifest, folder)

    def call(self, method: str, *parameters: Any) -> Any:
        answer = self.web3.provider.make_request(RPCEndpoint(method), list(parameters))
        assert "error" not in answer, answer
        return answer["result"]

    def start_anew(self, folder: Path) -> None:
        """Ends the chain and starts another one at the same place, with the same platform on it and nothing else."""
        self.running.close()
        self.running.enter_context(started(ChainSpec("plasma", CHAIN, int(self.node.rsplit(":", 1)[1]))))
        manifest = Manifest.open(CHAIN, folder)
        deployer = development_sender(connect(self.node), OPERATOR)
        list(PlatformDeployment(deployer, manifest, deployer.address).run())
        assert manifest.contracts == self.manifest.contracts


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """An application on a free port of this machine; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening, serving(app, listening) as url:
        yield url


@contextmanager
def flushing(sender: Sender, manifest: Manifest) -> Iterator[None]:
    """Moves waiting notes into the tree soon after they come."""
    with again_and_again(Flusher(sender, manifest).flush, FLUSH_SECONDS):
        yield


@contextmanager
def scene(folder: Path, origins: tuple[str, ...] = ()) -> Iterator[Scene]:
    """The scene, kept in a folder. `origins`: pages that may ask the relayer."""
    with ExitStack() as running:
        chain = running.enter_context(started(ChainSpec("plasma", CHAIN, free_port())))
        manifest = Manifest.open(CHAIN, folder / "deployment")
        operator = development_sender(chain.web3, OPERATOR)
        list(PlatformDeployment(operator, manifest, operator.address).run())
        assets = Assets(manifest, Node(chain.web3))
        paid, journal = Seed(bytes([9] * 16)).keys().viewing, Journal(folder / "journal.db")
        contracts = manifest.address("pool"), manifest.address("registry")
        sender = development_sender(chain.web3, RELAYER)
        relayer = Relayer(sender, paid, *contracts, Fees.parse(FEES, assets), assets, journal)
        running.callback(journal.close)
        url = running.enter_context(served(service(relayer, Rate(6000, 1000), origins)))
        running.enter_context(flushing(development_sender(chain.web3, FLUSHER), manifest))
        yield Scene(chain.web3, manifest, chain.url, url, running)
