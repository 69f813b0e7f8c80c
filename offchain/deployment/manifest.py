"""Addresses of a platform's contracts on one chain, by name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from web3 import Web3
from web3.contract import Contract

from offchain import durable_file
from offchain.artifacts import load
from offchain.deployment.parts import FORECAST_PARTS
from offchain.errors import UserError
from offchain.settings import settings


class DeploymentError(UserError):
    """Says in one line why the market can't be deployed, or what differs from it."""


@dataclass
class Manifest:
    """Addresses of the market's contracts on one chain, by name; kept in `deployments/<chain id>.json`."""

    chain_id: int
    path: Path
    contracts: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def open(cls, chain_id: int, folder: Path | None = None) -> Manifest:
        """The manifest of a chain, empty if there is none yet. Raises DeploymentError if the file is damaged."""
        path = (folder or settings.deployments) / f"{chain_id}.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DeploymentError(f"manifests can't be kept in {path.parent}: {error}") from error
        if not path.exists():
            return cls(chain_id, path)
        try:
            content = json.loads(path.read_text())
            if content["chain_id"] != chain_id:
                raise ValueError(f"it is of chain {content['chain_id']}")
            contracts = {
                name: {"contract": str(entry["contract"]), "address": Web3.to_checksum_address(entry["address"])}
                for name, entry in content["contracts"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DeploymentError(f"{path} is no manifest of chain {chain_id} ({error}): move it away") from error
        return cls(chain_id, path, contracts)

    def record(self, name: str, contract: str, address: str) -> None:
        """Adds a contract and saves the manifest in one step, so that a crash leaves the old or the new file."""
        self.contracts[name] = {"contract": contract, "address": Web3.to_checksum_address(address)}
        self._save()

    def forget(self, prefix: str) -> None:
        """Forgets the contracts whose names begin so."""
        self.contracts = {name: entry for name, entry in self.contracts.items() if not name.startswith(prefix)}
        self._save()

    def put_aside(self) -> None:
        """Forgets all contracts; the file is kept as `<chain id>.<number>.json`."""
        if self.path.exists():
            numbers = (self.path.with_suffix(f".{number}.json") for number in count(1))
            self.path.rename(next(path for path in numbers if not path.exists()))
        self.contracts.clear()

    def address(self, name: str) -> str:
        """Address of a contract. Raises DeploymentError if it isn't deployed."""
        if name not in self.contracts:
            command = "ape run deploy forecast" if name in FORECAST_PARTS else "ape run deploy"
            raise DeploymentError(f"{name} is not deployed on chain {self.chain_id}: run `{command}`")
        return self.contracts[name]["address"]

    def contract(self, web3: Web3, name: str) -> Contract:
        """A deployed contract. Raises DeploymentError if it isn't deployed."""
        address = self.address(name)
        return load(self.contracts[name]["contract"]).at(web3, address)

    def _save(self) -> None:
        content = {"chain_id": self.chain_id, "contracts": self.contracts}
        durable_file.replace(self.path, f"{json.dumps(content, indent=2)}\n".encode())
