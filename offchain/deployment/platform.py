"""Deploys the whole platform: the market, the registry of meters and the shielded pool, wired to each other.

Energy is minted and burned by the pool alone. Where the exchanges are founded by this deployment (on the local chains),
the deployer first mints that energy, as if it had been fed in before, and then loses the right to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, field
from functools import partial

from offchain.artifacts import load
from offchain.deployment.deployment import Step
from offchain.deployment.market import MarketDeployment
from offchain.deployment.parts import (
    MONEY_CIRCUITS,
    POOL_PARTS,
    POSEIDONS,
    REGISTRY_PARTS,
    ROLES,
    VERIFIERS,
)
from offchain.sender import Call
from offchain.zk.circuits import CIRCUITS
from offchain.zk.keys import require_keys


@dataclass(frozen=True)
class Rules:
    """How a microgrid is run: times in seconds, the deviation in ten-thousandths of the average price."""

    epoch_length: int = 900
    correction_window: int = 3_600
    price_window: int = 1_800
    max_deviation: int = 1_000


LOCAL_RULES = Rules(correction_window=60, price_window=60, max_deviation=5_000)
"""Short windows and a wide bound, so that a chain just started can be traded on within a minute."""


@dataclass
class PlatformDeployment(MarketDeployment):
    """Deploys the platform with one sender; `operator` runs both microgrids under `rules`."""

    rules: Rules = LOCAL_RULES
    verifiers: Mapping[str, str] = field(default_factory=lambda: VERIFIERS)

    def run(self) -> Iterator[Step]:
        """Brings the chain to the state of a whole platform, a step at a time. Raises KeyCheckError,
        DeploymentError or TransactionError; what was done until then stays and is found again."""
        self._check_keys()
        yield from self._factory()
        yield from self._pool()
        yield from self._microgrids()
        self._send(self.microgrids, self._founded)

    def _check_keys(self) -> None:
        """Raises KeyCheckError for keys that must not be used on this chain."""
        for name in MONEY_CIRCUITS:
            require_keys(CIRCUITS[name], load(VERIFIERS[f"{name}_verifier"]).runtime, self.manifest.chain_id)

    def _pool(self) -> Iterator[Step]:
        yield from self._ensure_all(POSEIDONS | dict(self.verifiers))
        registry_parts = (self.sender.address, *map(self.manifest.address, REGISTRY_PARTS))
        yield self._ensure("registry", "MeterRegistry", partial(self._deploy, "MeterRegistry", *registry_parts))
        pool_parts = map(self.manifest.address, POOL_PARTS)
        yield self._ensure("pool", "ZkERC20", partial(self._deploy, "ZkERC20", *pool_parts))
        self.sender.transact_all(self._registration())

    def _registration(self) -> Iterator[Call]:
        registry = self.manifest.contract(self.web3, "registry").functions
        if int(registry.pool().call(), 16) == 0:
            yield registry.setPool(self.manifest.address("pool"))
        if self.liquidity_eth and not registry.isListed(self.sender.address).call():
            yield registry.setListed(self.sender.address, True)

    def _rights(self, microgrid: str) -> Iterator[Call]:
        """The pool's rights, the registry as policy, and the microgrid's rules."""
        yield from self._grants(microgrid, ROLES, self.manifest.address("pool"))
        token = self.manifest.contract(self.web3, microgrid)
        registry = self.manifest.contract(self.web3, "registry")
        if registry.functions.microgridOf(token.address).call() == 0:
            yield registry.functions.addMicrogrid(token.address, (self.operator, *astuple(self.rules)))
        if token.functions.transferPolicy().call() != registry.address:
            yield token.functions.setTransferPolicy(registry.address)

    def _founded(self, microgrid: str) -> Iterator[Call]:
        """The founder's right to mint ends; the exchange takes its first snapshot."""
        token = self.manifest.contract(self.web3, microgrid).functions
        minter = token.MINTER_ROLE().call()
        if token.hasRole(minter, self.sender.address).call():
            yield token.renounceRole(minter, self.sender.address)
        exchange = self.manifest.contract(self.web3, f"{microgrid}_exchange").functions
        if self._is_founded(microgrid) and exchange.observationCount().call() == 0:
            yield exchange.observe()
