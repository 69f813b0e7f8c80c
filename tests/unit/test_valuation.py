"""What liquidity is worth, as a contract can read it while a pool pays it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.conftest import FUNDS, Pool
from tests.unit.formulas import DEADLINE, ETHER
from tests.unit.test_ether_receivers import MAX, calls


@pytest.mark.parametrize("way", ["refund", "removal"])
def test_nothing_moves_after_the_ether(
    pool: Pool, project: Any, deployer: Any, liquidity_provider: Any, way: str
) -> None:
    """X27 what a contract reads of the pool while it is paid ETH is what stands after the call."""
    valuer = deployer.deploy(project.Valuer)
    pool.token.transfer(valuer, FUNDS // 10, sender=liquidity_provider)
    approve = pool.token.approve.encode_input(pool.exchange, MAX)
    valuer.execute(pool.token, 0, approve, sender=deployer, value=20 * ETHER)
    join = pool.exchange.addLiquidity.encode_input(1, MAX, DEADLINE)
    valuer.execute(pool.exchange, ETHER, join, sender=deployer)
    valuer.watch(pool.exchange, pool.token, sender=deployer)
    method, arguments, value, _ = calls(pool, valuer)[way]
    valuer.execute(pool.exchange, value, method.encode_input(*arguments), sender=deployer)
    assert valuer.eth() == pool.eth
    assert valuer.tokens() == pool.tokens
    assert valuer.supply() == pool.exchange.totalSupply()
