"""Checks a deployed bridge against its manifest: code, how the contracts are wired, keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from web3 import Web3

from offchain.deployment.code import check_code, is_constructed_of
from offchain.deployment.manifest import Manifest
from offchain.deployment.parts import BRIDGE_PARTS
from offchain.zk.circuits import CIRCUITS
from offchain.zk.keys import check_keys

WIRING = {
    "plasma_root": {"vault": "plasma_vault", "challenges": "plasma_challenges"},
    "plasma_vault": {"escape": "plasma_escape"},
}
"""What each contract's getters must say."""


@dataclass(frozen=True)
class BridgeVerification:
    """A bridge on a chain, to be checked. Nothing is sent. The rules are the owner's choice and not checked."""

    web3: Web3
    manifest: Manifest

    def run(self) -> Iterator[tuple[str, str, str | None]]:
        """Checks one contract after the other: name, address and the first thing that is wrong, or None.

        Raises DeploymentError if the node doesn't answer as it should.
        """
        for name, (contract, *_) in BRIDGE_PARTS.items():
            entry = self.manifest.contracts.get(name)
            if entry is None:
                yield name, "-" * 42, "missing from the manifest"
            else:
                problem = check_code(self.web3, name, contract, entry["address"])
                yield name, entry["address"], problem or next(self._problems(name), None)

    def _problems(self, name: str) -> Iterator[str]:
        if name == "joinsplit_verifier":
            code = bytes(self.web3.eth.get_code(Web3.to_checksum_address(self.manifest.address(name))))
            yield from check_keys(CIRCUITS["joinsplit"], code, self.manifest.chain_id)
        functions = self.manifest.contract(self.web3, name).functions
        for getter, other in WIRING.get(name, {}).items():
            actual = functions[getter]().call()
            if actual != self.manifest.address(other):
                yield f"{name}.{getter} is {actual}, not {other} at {self.manifest.address(other)}"
        yield from self._built_in(name)

    def _built_in(self, name: str) -> Iterator[str]:
        """The other contracts and the plasma chain's id, where nothing else is built in."""
        if name not in ("plasma_challenges", "plasma_inclusion"):
            return
        contract, *others = BRIDGE_PARTS[name]
        child = self.manifest.contract(self.web3, "plasma_vault").functions.childChainId().call()
        arguments = (*map(self.manifest.address, others), child)
        if not is_constructed_of(self.web3, contract, self.manifest.address(name), *arguments):
            yield f"{name} was deployed with others than {', '.join(others)} of this manifest, or for another chain"
