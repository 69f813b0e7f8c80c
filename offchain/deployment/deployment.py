"""What deployments share: a sender, a manifest, and contracts that are there once.

Every step looks at the chain first, so running again deploys nothing twice, and going on after a crash at most what was
sent and not yet written to the manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from web3 import Web3

from offchain.artifacts import load
from offchain.chains import LOCAL_CHAIN_IDS
from offchain.deployment.code import check_code
from offchain.deployment.manifest import DeploymentError, Manifest
from offchain.sender import Sender, unsigned


@dataclass(frozen=True)
class Step:
    """What a deployment did for one contract."""

    name: str
    contract: str
    address: str
    deployed: bool


@dataclass
class Deployment:
    """Deploys with one sender, and keeps the addresses in a manifest."""

    sender: Sender
    manifest: Manifest

    @property
    def web3(self) -> Web3:
        """The sender's chain."""
        return self.sender.web3

    def _ensure(self, name: str, contract: str, deploy: Callable[[], str]) -> Step:
        return self._found(name, contract) or self._recorded(name, contract, deploy())

    def _ensure_all(
        self, contracts: Mapping[str, str], creation: Callable[[str], dict[str, Any]] | None = None
    ) -> list[Step]:
        """As `_ensure`: those that are missing are sent together. `creation` gives the transaction that creates the
        one of a name; without it, the contract has no arguments."""
        found = {name: self._found(name, contract) for name, contract in contracts.items()}
        missing = [name for name, step in found.items() if step is None]
        receipts = self.sender.send_all(
            creation(name) if creation else self._creation(contracts[name]) for name in missing
        )
        addresses = {name: str(receipt["contractAddress"]) for name, receipt in zip(missing, receipts, strict=True)}
        return [found[name] or self._recorded(name, contract, addresses[name]) for name, contract in contracts.items()]

    def _creation(self, contract: str, *arguments: Any) -> dict[str, Any]:
        return unsigned(load(contract).factory(self.web3).constructor(*arguments))

    def _recorded(self, name: str, contract: str, address: str) -> Step:
        self.manifest.record(name, contract, address)
        return Step(name, contract, address, deployed=True)

    def _found(self, name: str, contract: str) -> Step | None:
        """What is deployed already. Raises DeploymentError if it is something else."""
        known = self.manifest.contracts.get(name)
        if known and self.web3.eth.get_code(Web3.to_checksum_address(known["address"])):
            problem = check_code(self.web3, name, known["contract"], known["address"])
            if problem:
                raise DeploymentError(f"{problem}; keep it with the version that deployed it, or pass --redeploy")
            return Step(name, contract, known["address"], deployed=False)
        if known and self.manifest.chain_id not in LOCAL_CHAIN_IDS:
            raise DeploymentError(
                f"{self.manifest.path.name} has {name} at {known['address']}, where there is no code: is this the "
                "right chain? If so, pass --redeploy"
            )
        return None

    def _deploy(self, contract: str, *arguments: Any) -> str:
        return str(self.sender.send(self._creation(contract, *arguments))["contractAddress"])
