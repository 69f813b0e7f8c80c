"""Deploys what a common forecast needs: the registry of rounds and models, its challenges, the market for answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import partial

from offchain.artifacts import load
from offchain.deployment.deployment import Deployment, Step
from offchain.ppdl.inference.market import Rules as MarketRules
from offchain.ppdl.model_chain.header import genesis
from offchain.ppdl.model_chain.task import Task
from offchain.ppdl.network.outcome import initial_state
from offchain.ppdl.network.registry import Rules
from offchain.units import ETHER
from offchain.zk.circuits import CIRCUITS
from offchain.zk.keys import require_keys

NOBODY = "0x" + 40 * "0"

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
    keys_window=15,
    seeds_window=15,
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


MARKET_RULES = MarketRules(24 * HOUR, 6 * HOUR, ETHER, ETHER // 10, ETHER // 100)
LOCAL_MARKET_RULES = MarketRules(20, 20, ETHER // 10, ETHER // 100, ETHER // 1_000)


PRODUCTION = (RULES, MARKET_RULES)
LOCAL = (LOCAL_RULES, LOCAL_MARKET_RULES)


@dataclass
class ForecastDeployment(Deployment):
    """Deploys for one task, whose first model is the genesis; `born` is its time in Unix seconds (None: the newest
    block's)."""

    task: Task
    rules: Rules = LOCAL_RULES
    market_rules: MarketRules = LOCAL_MARKET_RULES
    born: int | None = None

    def run(self) -> Iterator[Step]:
        """Deploys and connects, a step at a time. Raises KeyCheckError, DeploymentError or TransactionError."""
        require_keys(CIRCUITS["inference"], load("InferenceVerifier").runtime, self.manifest.chain_id)
        yield from self._ensure_all({"poseidon_t5": "PoseidonT5", "inference_verifier": "InferenceVerifier"})
        yield self._ensure("ppdl_registry", "PPDLRegistry", self._deploy_registry)
        address = self.manifest.address
        parts = (address("ppdl_registry"), self.task.model.weights, address("poseidon_t5"))
        yield self._ensure("ppdl_challenges", "PPDLChallenges", partial(self._deploy, "PPDLChallenges", *parts))
        registry = self.manifest.contract(self.web3, "ppdl_registry").functions
        if int(registry.challenges().call(), 16) == 0:
            self.sender.transact(registry.connect(address("ppdl_challenges")))
        verifier = address("inference_verifier") if self.task.provable else NOBODY
        sold = (tuple(self.market_rules), address("ppdl_registry"), verifier)
        yield self._ensure("inference_market", "InferenceMarket", partial(self._deploy, "InferenceMarket", *sold))

    def _deploy_registry(self) -> str:
        born = self.born if self.born is not None else int(self.web3.eth.get_block("latest")["timestamp"])
        first = genesis(initial_state(self.task), self.task.hash, born)
        return self._deploy("PPDLRegistry", tuple(self.rules), astuple(first))
