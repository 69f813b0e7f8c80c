"""Checks a deployed platform against its manifest: code, how the contracts are wired, roles, policies and keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunctions

from offchain.deployment.bridge_verification import BridgeVerification
from offchain.deployment.code import check_code, is_constructed_of
from offchain.deployment.manifest import DeploymentError, Manifest
from offchain.deployment.parts import BRIDGE_PARTS, MICROGRIDS, PLATFORM, POOL_PARTS, REGISTRY_PARTS, ROLES
from offchain.node import Node
from offchain.zk.circuits import CIRCUITS
from offchain.zk.keys import check_keys

Problems = Iterator[str]


def verified(web3: Web3, manifest: Manifest) -> Iterator[tuple[str, str, str | None]]:
    """Checks all that a manifest has on a chain, a bridge, a platform or both: name, address and the first thing that
    is wrong, or None. Nothing is sent.

    Raises DeploymentError if nothing is deployed.
    """
    if not manifest.contracts:
        raise DeploymentError(f"nothing is deployed on chain {manifest.chain_id}: run `ape run deploy`")
    bridge = "plasma_root" in manifest.contracts
    if bridge:
        yield from BridgeVerification(web3, manifest).run()
    if not bridge or "factory" in manifest.contracts:
        yield from Verification(web3, manifest).run()


@dataclass(frozen=True)
class Verification:
    """A platform on a chain, to be checked. Nothing is sent."""

    web3: Web3
    manifest: Manifest

    def run(self) -> Iterator[tuple[str, str, str | None]]:
        """Checks one contract after the other: name, address and the first thing that is wrong, or None.

        Raises DeploymentError if the node doesn't answer as it should.
        """
        missing = [name for name in PLATFORM if name not in self.manifest.contracts]
        for name in missing:
            yield name, "-" * 42, "missing from the manifest"
        for name, entry in self.manifest.contracts.items():
            if name in BRIDGE_PARTS and name not in PLATFORM:
                continue
            problem = check_code(self.web3, name, entry["contract"], entry["address"])
            if problem is None and not missing:
                problem = next(self._problems(name), None)
            yield name, entry["address"], problem

    def _problems(self, name: str) -> Problems:
        checks: dict[str, Callable[[], Problems]] = {
            "factory": self._factory,
            "registry": self._registry,
            "pool": self._pool,
            "ppdl_registry": partial(self._reads, "ppdl_registry", challenges="ppdl_challenges"),
            "ppdl_challenges": self._ppdl_challenges,
            "inference_market": self._inference_market,
            **{f"{circuit}_verifier": partial(self._keys, circuit) for circuit in CIRCUITS},
            **{token: partial(self._energy, token) for token in MICROGRIDS},
            **{f"{token}_exchange": partial(self._exchange, token) for token in MICROGRIDS},
        }
        return checks[name]() if name in checks else iter(())

    def _factory(self) -> Problems:
        yield from self._reads("factory", exchangeTemplate="exchange_template", oracleTemplate="oracle_template")

    def _exchange(self, token: str) -> Problems:
        exchange = f"{token}_exchange"
        yield from self._reads(exchange, tokenAddress=token, factoryAddress="factory")
        listed = self._functions("factory").getExchange(self.manifest.address(token)).call()
        if listed != self.manifest.address(exchange):
            yield f"the factory lists {listed} for that token, not {exchange}"

    def _registry(self) -> Problems:
        owner = self._functions("registry").owner().call()
        yield from self._is_made_of("registry", "MeterRegistry", REGISTRY_PARTS, owner)
        yield from self._reads("registry", pool="pool")

    def _pool(self) -> Problems:
        yield from self._is_made_of("pool", "ZkERC20", POOL_PARTS)

    def _energy(self, token: str) -> Problems:
        contract = self._contract(token)
        yield from self._reads(token, transferPolicy="registry")
        if self._functions("registry").microgridOf(contract.address).call() == 0:
            yield f"the registry has no microgrid of {token}"
        for role in ROLES:
            holders = self._holders(contract, contract.functions[role]().call())
            pool = self.manifest.address("pool")
            if pool not in holders:
                yield f"the pool lacks the {role} of {token}"
            for other in sorted(holders - {pool}):
                yield f"{other} has the {role} of {token}, which is the pool's alone"

    def _ppdl_challenges(self) -> Problems:
        name, weights = "ppdl_challenges", self._functions("ppdl_challenges").weightCount().call()
        registry, poseidon = map(self.manifest.address, ("ppdl_registry", "poseidon_t5"))
        if not is_constructed_of(self.web3, "PPDLChallenges", self.manifest.address(name), registry, weights, poseidon):
            yield f"{name} was deployed with others than ppdl_registry, poseidon_t5 of this manifest"

    def _inference_market(self) -> Problems:
        yield from self._reads("inference_market", chain="ppdl_registry")
        if int(self._functions("inference_market").verifier().call(), 16):
            yield from self._reads("inference_market", verifier="inference_verifier")

    def _keys(self, circuit: str) -> Problems:
        code = self.web3.eth.get_code(Web3.to_checksum_address(self.manifest.address(f"{circuit}_verifier")))
        yield from check_keys(CIRCUITS[circuit], bytes(code), self.manifest.chain_id)

    def _contract(self, name: str) -> Contract:
        return self.manifest.contract(self.web3, name)

    def _functions(self, name: str) -> ContractFunctions:
        return self._contract(name).functions

    def _reads(self, name: str, **expected: str) -> Problems:
        """A contract's getters must give the addresses of these others."""
        for getter, other in expected.items():
            actual = self._functions(name)[getter]().call()
            if actual != self.manifest.address(other):
                yield f"{name}.{getter} is {actual}, not {other} at {self.manifest.address(other)}"

    def _is_made_of(self, name: str, contract: str, parts: tuple[str, ...], *first: str) -> Problems:
        """A contract's immutables must be the addresses of these others."""
        address, arguments = self.manifest.address(name), [self.manifest.address(part) for part in parts]
        if not is_constructed_of(self.web3, contract, address, *first, *arguments):
            yield f"{name} was deployed with others than {', '.join(parts)} of this manifest"

    def _holders(self, token: Contract, role: bytes) -> set[str]:
        """Who was ever granted a role and has it still."""
        first = Node(self.web3).first_block_with_code(token.address)
        granted = token.events.RoleGranted().get_logs(argument_filters={"role": role}, from_block=first)
        accounts = {log["args"]["account"] for log in granted}
        return {account for account in accounts if token.functions.hasRole(role, account).call()}
