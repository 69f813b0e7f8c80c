"""The registry with its participants, and rounds at rest before each test."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ppdl.rounds import Round, closed
from tests.ppdl.stage import Stage, deployed

WEIGHTS, CHUNKS = 150, 3
"""The lane of statistics is in the last chunk."""
PARTICIPANTS = 12


@pytest.fixture(scope="session")
def stage(chain: Any) -> Stage:
    """The contracts, twelve bonded participants, no round yet."""
    return deployed(chain.provider.web3, WEIGHTS, PARTICIPANTS)


@pytest.fixture(scope="session", autouse=True)
def _before_any_module(stage: Stage) -> None:
    """Makes what all tests share, before a module's snapshot: with that, what was made after it is taken back."""


@pytest.fixture
def newcomer(stage: Stage) -> str:
    """An account with ETH that takes no part."""
    address = stage.web3.to_checksum_address("0x" + "99" * 20)
    stage.fund(address)
    return address


@pytest.fixture(scope="module")
def closed_round(stage: Stage) -> Round:
    """Eleven committed keys, ten seeds, nine uploaded; it is closed."""
    return closed(stage, 11, without_seeds=[4], without_update=[7])


@pytest.fixture
def posted_round(closed_round: Round) -> Round:
    """The same, with the right aggregate posted."""
    return closed_round.post()
