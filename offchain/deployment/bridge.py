"""Deploys the plasma chain's contracts on the root chain and, if asked to, bonds its first authorities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from offchain.deployment.deployment import Deployment, Step
from offchain.deployment.manifest import DeploymentError
from offchain.deployment.parts import BRIDGE_PARTS
from offchain.units import ETHER

DAY = 24 * 3600


@dataclass(frozen=True)
class BridgeRules:
    """Periods in seconds, the bond and the cap of ETH that leaves in a window in wei; see IPlasmaRoot.Rules."""

    challenge_period: int = 7 * DAY
    rollback_period: int = 7 * DAY
    silence_period: int = DAY
    inbox_period: int = 2 * DAY
    freeze_period: int = 3 * DAY
    change_period: int = 14 * DAY
    bond: int = 32 * ETHER
    window: int = DAY
    eth_cap: int = 1_000 * ETHER
    cancel_period: int = 3 * DAY

    def root(self) -> tuple[int, ...]:
        """PlasmaRoot's rules."""
        periods = (self.challenge_period, self.rollback_period, self.silence_period, self.inbox_period)
        return (*periods, self.freeze_period, self.change_period, self.bond)


LOCAL_BRIDGE_RULES = BridgeRules(
    challenge_period=10,
    rollback_period=600,
    freeze_period=60,
    change_period=60,
    bond=ETHER,
    window=60,
    cancel_period=60,
)
"""Short periods, so that an exit can be seen through in a minute: not for anything of value."""


@dataclass
class BridgeDeployment(Deployment):
    """Deploys for a plasma chain of that id; the sender owns the contracts. `authorities` become the first set, if
    there is none; the sender pays their bonds."""

    child_chain_id: int
    authorities: Sequence[str] = ()
    rules: BridgeRules = LOCAL_BRIDGE_RULES

    def run(self) -> Iterator[Step]:
        """Deploys, connects and bonds, a step at a time. Raises DeploymentError or TransactionError."""
        rules, child = self.rules, self.child_chain_id
        more: dict[str, tuple[object, ...]] = {
            "plasma_root": (rules.root(), self.sender.address),
            "plasma_vault": (child, rules.window, rules.eth_cap),
            "plasma_challenges": (child,),
            "plasma_escape": (rules.cancel_period,),
            "plasma_inclusion": (child,),
        }
        for name, (contract, *others) in BRIDGE_PARTS.items():
            arguments = (*map(self.manifest.address, others), *more.get(name, ()))
            yield self._ensure(name, contract, partial(self._deploy, contract, *arguments))
        self._connect()
        self._bond()

    def name_platform(self, factory: str, pool: str) -> bool:
        """Names the plasma chain's factory and pool for escapes, once; returns whether that was done now."""
        escape = self.manifest.contract(self.web3, "plasma_escape").functions
        if int(escape.factory().call(), 16):
            return False
        self.sender.transact(escape.setPlatform(factory, pool))
        return True

    def _connect(self) -> None:
        root = self.manifest.contract(self.web3, "plasma_root").functions
        vault = self.manifest.contract(self.web3, "plasma_vault").functions
        if int(root.vault().call(), 16) == 0:
            address = self.manifest.address
            self.sender.transact(root.connect(address("plasma_vault"), address("plasma_challenges")))
        if int(vault.escape().call(), 16) == 0:
            self.sender.transact(vault.connect(self.manifest.address("plasma_escape")))

    def _bond(self) -> None:
        root = self.manifest.contract(self.web3, "plasma_root").functions
        if not self.authorities or root.setId().call():
            return
        if len(self.authorities) < 4:
            raise DeploymentError("a plasma chain has at least 4 authorities")
        members = sorted(self.authorities, key=lambda one: int(one, 16))
        for member in members:
            missing = self.rules.bond - root.seatOf(member).call()[2]
            if missing > 0:
                self.sender.transact(root.bond(member), missing)
        self.sender.transact(root.proposeAuthorities(members))
        self.sender.transact(root.activateAuthorities())
