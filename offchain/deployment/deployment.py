"""What deployments share: a sender, a manifest, and contracts that are there once.

Every step looks at the chain first, so running again, or going on after a crash, deploys nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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

    def _ensure_all(self, contracts: Mapping[str, str]) -> Iterator[Step]:
        """As `_ensure`, for contracts without arguments: those that are missing are sent all at once."""
        found = {name: self._found(name, contract) for name, contract in contracts.items()}
        sent = {}
        for name, contract in contracts.items():
            if found[name] is None:
                call = unsigned(load(contract).factory(self.web3).constructor())
                sent[name] = self.sender.broadcast(self.sender.signed(call))
        for name, contract in contracts.items():
            step = found[name]
            if step is None:
                step = self._recorded(name, contract, str(self.sender.wait(sent[name])["contractAddress"]))
            yield step

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
        return str(self.sender.deploy(load(contract), *arguments)["contractAddress"])
