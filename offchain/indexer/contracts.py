"""Which contracts of a chain are followed: those that its manifest names, and those that these make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from sqlalchemy import Connection, select
from web3 import Web3

from offchain.artifacts import load
from offchain.contract_events import Decoder, Event
from offchain.deployment.manifest import DeploymentError, Manifest
from offchain.indexer import tables
from offchain.indexer.entry import Takings
from offchain.indexer.grid_rows import REGISTRY
from offchain.indexer.market_rows import EXCHANGE, FACTORY, TOKEN
from offchain.indexer.model_rows import DEMANDS, MARKET, MODELS
from offchain.indexer.plasma_rows import CHALLENGES, ROOT, VAULT
from offchain.indexer.reading import Header

VERSION = b"1"
"""Of what is made of events: with another one, a chain is followed anew from its first block."""

NAMED: Mapping[str, Takings] = {
    "UniswapFactory": FACTORY,
    "EnergyToken": TOKEN,
    "MeterRegistry": REGISTRY,
    "PPDLRegistry": MODELS,
    "PPDLChallenges": DEMANDS,
    "InferenceMarket": MARKET,
    "PlasmaRoot": ROOT,
    "PlasmaVault": VAULT,
    "PlasmaChallenges": CHALLENGES,
}
"""What is taken of contracts in a manifest, by their kind."""
TAKINGS: Mapping[str, Takings] = {**NAMED, "UniswapExchange": EXCHANGE}


@dataclass(frozen=True)
class Taken:
    """An event, and the kind of contract that logged it."""

    kind: str
    event: Event


class Contracts:
    """The followed contracts of a chain. Raises DeploymentError if the manifest names none."""

    def __init__(self, web3: Web3, manifest: Manifest) -> None:
        self.chain = manifest.chain_id
        self.named = followed_in(manifest)
        if not self.named:
            raise DeploymentError(f"nothing to follow is deployed on chain {self.chain}: run `ape run deploy`")
        zero = "0x" + 40 * "0"
        self._decoders = {kind: Decoder(load(kind).at(web3, zero)) for kind in TAKINGS}
        self._kinds = dict(self.named)
        self.remembers = False

    def same_as(self, manifest: Manifest) -> bool:
        """Whether a manifest names these contracts."""
        return self.named == followed_in(manifest)

    @property
    def fingerprint(self) -> bytes:
        """A hash of which contracts the manifest names."""
        return keccak(VERSION + "".join(f"{self.named[one]}{one}" for one in sorted(self.named)).encode())

    def remember(self, connection: Connection, last: int) -> None:
        """Follows those that are named, and those that the tables' rows up to block `last` say were made."""
        self._kinds, self.remembers = dict(self.named), True
        exchanges, microgrids = tables.exchanges.c, tables.microgrids.c
        made = select(exchanges.exchange).where(exchanges.chain == self.chain, exchanges.block <= last)
        listed = select(microgrids.token).where(microgrids.chain == self.chain, microgrids.block <= last)
        self._follow("UniswapExchange", connection.scalars(made))
        self._follow("EnergyToken", connection.scalars(listed.distinct()))

    def may_have_logged(self, header: Header) -> bool:
        """Whether a followed contract may have logged in a block; False is certain."""
        return any(header.may_have_logs_of(address) for address in self._kinds)

    def taken(self, logs: Iterable[Mapping[str, Any]]) -> Iterator[Taken]:
        """What of a block's logs makes rows; follows at once what they say was made."""
        for log in logs:
            kind = self._kinds.get(to_checksum_address(log["address"]))
            event = self._decoders[kind].decode(log) if kind else None
            if kind and event and event.name in TAKINGS[kind]:
                self._learn(event)
                yield Taken(kind, event)

    def _learn(self, event: Event) -> None:
        if event.name == "NewExchange":
            self._follow("UniswapExchange", [event.arguments["exchange"]])
        elif event.name == "MicrogridChanged":
            self._follow("EnergyToken", [event.arguments["token"]])

    def _follow(self, kind: str, addresses: Iterable[str]) -> None:
        for address in addresses:
            self._kinds.setdefault(to_checksum_address(address), kind)


def followed_in(manifest: Manifest) -> dict[str, str]:
    """Addresses of a manifest's contracts that are followed, and their kinds."""
    entries = manifest.contracts.values()
    return {entry["address"]: entry["contract"] for entry in entries if entry["contract"] in NAMED}
