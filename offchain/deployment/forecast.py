"""Deploys what a common forecast needs on the plasma chain: the registry of rounds and models, and its challenges."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import partial

from offchain.deployment.deployment import Deployment, Step
from offchain.ppdl.inference.integer_model import lanes_of
from offchain.ppdl.model_chain.header import genesis
from offchain.ppdl.model_chain.task import Task
from offchain.ppdl.network.outcome import initial_state
from offchain.ppdl.network.registry import Rules
from offchain.units import ETHER

MINUTE = 60
HOUR = 60 * MINUTE

RULES = Rules(
    keys_window=HOUR,
    seeds_window=HOUR,
    upload_window=6 * HOUR,
    close_window=HOUR,
    post_window=2 * HOUR,
    challenge_window=24 * HOUR,
    answer_window=6 * HOUR,
    header_window=6 * HOUR,
    tolerance=20,
    bond=ETHER,
    demand_fee=ETHER // 1_000,
)
"""A round in a day and a half."""

LOCAL_RULES = Rules(
    keys_window=5,
    seeds_window=10,
    upload_window=60,
    close_window=60,
    post_window=60,
    challenge_window=10,
    answer_window=10,
    header_window=60,
    tolerance=20,
    bond=ETHER // 10,
    demand_fee=ETHER // 1_000,
)
"""A round in half a minute: too short for anybody to check anything, so not for anything of value."""


@dataclass
class ForecastDeployment(Deployment):
    """Deploys for one task, whose first model is the genesis; `born` is its time in Unix seconds (None: now)."""

    task: Task
    rules: Rules = LOCAL_RULES
    born: int | None = None

    def run(self) -> Iterator[Step]:
        """Deploys and connects, a step at a time. Raises DeploymentError or TransactionError."""
        yield from self._ensure_all({"poseidon_t5": "PoseidonT5"})
        yield self._ensure("ppdl_registry", "PPDLRegistry", self._deploy_registry)
        parts = (
            self.manifest.address("ppdl_registry"),
            lanes_of(self.task.layers),
            self.manifest.address("poseidon_t5"),
        )
        yield self._ensure("ppdl_challenges", "PPDLChallenges", partial(self._deploy, "PPDLChallenges", *parts))
        registry = self.manifest.contract(self.web3, "ppdl_registry").functions
        if int(registry.challenges().call(), 16) == 0:
            self.sender.transact(registry.connect(self.manifest.address("ppdl_challenges")))

    def _deploy_registry(self) -> str:
        first = genesis(initial_state(self.task), self.task.hash, self.born or int(time.time()))
        return self._deploy("PPDLRegistry", tuple(self.rules), astuple(first))
