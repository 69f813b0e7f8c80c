"""The market's contracts, fresh for each test."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import ENOUGH_GAS
from tests.inference.stage import RULES, Market, weight_hash

MODELS = 3


@pytest.fixture(scope="session")
def _gas(chain: Any) -> None:
    """No estimates: each transaction gets more gas than any needs."""
    chain.provider.network.__dict__["gas_limit"] = ENOUGH_GAS  # where Ape keeps the configured limit


@pytest.fixture(scope="session")
def market(_gas: None, chain: Any, deployer: Any, operator: Any, consumer: Any, project: Any) -> Market:
    """A market on a chain of three models, with the real verifier. The operator is a node, the consumer asks."""
    models = deployer.deploy(project.ModelList)
    for seed in range(MODELS):
        models.append(weight_hash(seed).to_bytes(32, "big"), sender=deployer)
    verifier = deployer.deploy(project.InferenceVerifier)
    contract = deployer.deploy(project.InferenceMarket, RULES, models, verifier)
    stage = Market(chain.provider, contract, models, operator, consumer)
    stage.join(operator)
    return stage


@pytest.fixture(scope="session", autouse=True)
def _before_any_module(market: Market) -> None:
    """Makes what all tests share, before a module's snapshot: with that, what was made after it is taken back."""
