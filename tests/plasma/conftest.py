"""The plasma contracts, fresh for each test."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import ENOUGH_GAS
from tests.plasma.made_up import Chain
from tests.plasma.stage import Plasma, authority_keys, deployed


@pytest.fixture(scope="session", autouse=True)
def _gas(chain: Any) -> None:
    """No estimates: each transaction gets more gas than any needs."""
    chain.provider.network.__dict__["gas_limit"] = ENOUGH_GAS  # where Ape keeps the configured limit


@pytest.fixture(scope="session")
def contracts(_gas: None, deployer: Any, operator: Any, project: Any) -> Plasma:
    """The contracts with seven authorities; the operator owns them. Verifiers say yes."""
    yes = deployer.deploy(project.YesVerifier)
    return deployed(deployer, operator, project, yes, authority_keys())


@pytest.fixture
def plasma(contracts: Plasma) -> Plasma:
    """The contracts as deployed, and a plasma chain of its own."""
    contracts.chain, contracts.submissions = Chain(contracts.now), []
    return contracts
