"""The plasma contracts, fresh for each test."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import ENOUGH_GAS
from tests.plasma.made_up import Chain
from tests.plasma.stage import Plasma, authority_keys, connected, deployed


@pytest.fixture(scope="session", autouse=True)
def _gas(chain: Any) -> None:
    """No estimates: each transaction gets more gas than any needs."""
    chain.provider.network.__dict__["gas_limit"] = ENOUGH_GAS  # where Ape keeps the configured limit


@pytest.fixture(scope="session")
def yes(_gas: None, deployer: Any, project: Any) -> Any:
    """A verifier that takes every proof."""
    return deployer.deploy(project.YesVerifier)


@pytest.fixture(scope="session")
def contracts(yes: Any, deployer: Any, operator: Any, project: Any) -> Plasma:
    """The contracts with seven authorities; the operator owns them. Verifiers say yes."""
    return deployed(deployer, operator, project, yes, authority_keys())


@pytest.fixture
def plasma(contracts: Plasma) -> Plasma:
    """The contracts as deployed, and a plasma chain of its own."""
    contracts.chain, contracts.submissions, contracts.keys = Chain(contracts.now), [], authority_keys()
    return contracts


@pytest.fixture(scope="session")
def young_contracts(yes: Any, deployer: Any, operator: Any, project: Any) -> Plasma:
    """The contracts before anybody signs."""
    return connected(deployer, operator, project, yes)


@pytest.fixture
def young(young_contracts: Plasma) -> Plasma:
    """The contracts before anybody signs, and a plasma chain of its own."""
    young_contracts.chain, young_contracts.submissions, young_contracts.keys = Chain(young_contracts.now), [], []
    return young_contracts


@pytest.fixture(scope="session", autouse=True)
def _before_any_module(contracts: Plasma, young_contracts: Plasma) -> None:
    """Makes what all tests share, before a module's snapshot: with that, what was made after it is taken back."""
