"""The chains whose events the API serves, and where it asks what events don't say."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from web3 import HTTPProvider, Web3

from offchain.api.problem import Problem
from offchain.deployment.manifest import Manifest
from offchain.history.database import Database
from offchain.node import Node
from offchain.ppdl.inference.served import ChainModels

NODE_SECONDS = 10


@dataclass(frozen=True)
class FollowedChain:
    """A chain, its contracts by name, and a node of it that many threads may ask."""

    node: Node
    manifest: Manifest

    @classmethod
    def at(cls, url: str, manifest: Manifest) -> FollowedChain:
        """The chain of a node. Each thread gets a connection of its own."""
        return cls(Node(Web3(HTTPProvider(url, request_kwargs={"timeout": NODE_SECONDS}))), manifest)

    @property
    def id(self) -> int:
        """EIP-155 id."""
        return self.manifest.chain_id

    def microgrid_of(self, token: str) -> str | None:
        """The name of a microgrid's token, None if the manifest names it otherwise or not at all."""
        entries = self.manifest.contracts.items()
        named = (name for name, entry in entries if (entry["contract"], entry["address"]) == ("EnergyToken", token))
        return next(named, None)


@dataclass(frozen=True)
class Chains:
    """The plasma chain, the root chain, and the models that forecasts are made with; None: not served here."""

    plasma: FollowedChain | None = None
    root: FollowedChain | None = None
    models: ChainModels | None = None

    @property
    def followed(self) -> list[FollowedChain]:
        """Those that are there."""
        return [chain for chain in (self.plasma, self.root) if chain is not None]


def chains(http: Request) -> Chains:
    """Those of the application."""
    found: Chains = http.app.state.chains
    return found


def database(http: Request) -> Database:
    """That of the application."""
    found: Database = http.app.state.database
    return found


def now(http: Request) -> int:
    """Unix time by the application's clock."""
    return int(http.app.state.clock())


def plasma(http: Request) -> FollowedChain:
    """The plasma chain. Raises Problem if it isn't followed."""
    return _needed(chains(http).plasma, "plasma")


def root(http: Request) -> FollowedChain:
    """The root chain. Raises Problem if it isn't followed."""
    return _needed(chains(http).root, "root")


def _needed(chain: FollowedChain | None, name: str) -> FollowedChain:
    if chain is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"this service doesn't follow the {name} chain")
    return chain
