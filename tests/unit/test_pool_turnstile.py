"""The turnstile: with verifiers that take every proof, what leaves is still bounded by what came in."""

from __future__ import annotations

from typing import Any

import pytest

from offchain.wallet.note import ETH
from offchain.zk.field import MODULUS
from tests.conftest import Refused
from tests.unit.formulas import ETHER
from tests.unit.shielded import KWH, WATT_HOUR, Shielded, number

EXCEEDED = "TurnstileExceeded(address,uint256,uint256)"


@pytest.fixture(scope="module")
def plain(deployer: Any, project: Any) -> Any:
    """An ERC-20 that is no energy."""
    return deployer.deploy(project.Token, 10**30)


@pytest.fixture(autouse=True, scope="module")
def _filled(shielded: Shielded, plain: Any, deployer: Any, prosumer: Any) -> None:
    """An ETH, 3 kWh of the north, 5 of the south and 700 units of the plain token are in the pool."""
    plain.approve(shielded.pool, 2**256 - 1, sender=deployer)
    shielded.pool.shield(ETH, ETHER - 1, number(), b"", sender=deployer, value=ETHER - 1)
    shielded.pool.shield(shielded.north, 3 * KWH, number(), b"", sender=prosumer)
    shielded.pool.shield(shielded.south, 5 * KWH, number(), b"", sender=prosumer)
    shielded.pool.shield(plain, 700, number(), b"", sender=deployer)


def assets(shielded: Shielded, plain: Any) -> dict[Any, int]:
    """What is inside, by asset."""
    return {ETH: ETHER, shielded.north: 3 * KWH, shielded.south: 5 * KWH, plain: 700}


def test_exactly_all_leaves(shielded: Shielded, plain: Any, consumer: Any, denied: Refused) -> None:
    """P1 S8 of each asset exactly what came in can leave, in one piece; then nothing."""
    for asset, amount in assets(shielded, plain).items():
        address = getattr(asset, "address", asset)
        for more in (amount + 1, 2 * amount, 2**128 - 1, 2**128, MODULUS - 1, 2**256 - 1):
            denied(shielded.unshield(asset, more, consumer), error=(EXCEEDED, address, more, amount))
        shielded.send(shielded.unshield(asset, amount, consumer), consumer)
        assert shielded.pool.inside(asset) == 0
        denied(shielded.unshield(asset, 1, consumer), error=(EXCEEDED, address, 1, 0))
    assert shielded.pool.balance == plain.balanceOf(shielded.pool) == 0


def test_in_pieces(shielded: Shielded, consumer: Any, denied: Refused) -> None:
    """P1 S8 pieces add up, and what comes in between counts."""
    pool = shielded.pool
    shielded.send(shielded.unshield(ETH, ETHER // 4, consumer), consumer)
    shielded.send(shielded.unshield(ETH, ETHER // 2, consumer), consumer)
    denied(shielded.unshield(ETH, ETHER // 4 + 1, consumer), error=(EXCEEDED, ETH, ETHER // 4 + 1, ETHER // 4))
    pool.shield(ETH, 1, number(), b"", sender=consumer, value=1)
    shielded.send(shielded.unshield(ETH, ETHER // 4 + 1, consumer), consumer)
    assert pool.balance == pool.inside(ETH) == 0


def test_gifts_do_not_open_it(shielded: Shielded, plain: Any, deployer: Any, consumer: Any, denied: Refused) -> None:
    """P1 S8 tokens that the pool was given don't count, though it holds them."""
    plain.transfer(shielded.pool, 100, sender=deployer)
    denied(shielded.unshield(plain, 701, consumer), error=(EXCEEDED, plain, 701, 700))


def test_assets_are_apart(
    shielded: Shielded, plain: Any, project: Any, deployer: Any, consumer: Any, denied: Refused
) -> None:
    """P1 S8 what came in of one asset lets nothing out of another, even one that nobody knows."""
    unknown = deployer.deploy(project.Token, 10**30)
    unknown.transfer(shielded.pool, 10**20, sender=deployer)
    denied(shielded.unshield(unknown, 1, consumer), error=(EXCEEDED, unknown, 1, 0))
    nothing = "0x" + "00" * 20
    denied(shielded.unshield(nothing, 1, consumer), error=(EXCEEDED, nothing, 1, 0))


def test_published_exports_open_it_once(shielded: Shielded, consumer: Any, operator: Any, denied: Refused) -> None:
    """P1 S8 an epoch's exports are let out more from its first issue on, once, for its own microgrid."""
    pool, north, south = shielded.pool, shielded.north, shielded.south
    root = shielded.publish(2, shielded.epoch, exported=1234, imported=9999)
    denied(shielded.unshield(south, 5 * KWH + 1, consumer), error=(EXCEEDED, south, 5 * KWH + 1, 5 * KWH))
    for _ in range(3):
        shielded.send(shielded.issue(2, shielded.epoch, root), consumer)
        assert pool.inside(south) == 5 * KWH + 1234 * WATT_HOUR
    other = shielded.publish(2, shielded.epoch + 1, exported=1, imported=0)
    shielded.send(shielded.issue(2, shielded.epoch + 1, other), consumer)
    total = 5 * KWH + 1235 * WATT_HOUR
    denied(shielded.unshield(south, total + 1, consumer), error=(EXCEEDED, south, total + 1, total))
    shielded.send(shielded.unshield(south, total, consumer), consumer)
    assert (pool.inside(south), pool.inside(north)) == (0, 3 * KWH)


def test_nothing_exported_opens_nothing(shielded: Shielded, consumer: Any) -> None:
    """P1 S8 an epoch without exports lets nothing out, and settling neither opens nor closes it."""
    root = shielded.publish(1, shielded.epoch, exported=0, imported=5000)
    shielded.send(shielded.issue(1, shielded.epoch, root), consumer)
    shielded.send(shielded.settle(1, shielded.epoch, root), consumer)
    assert shielded.pool.inside(shielded.north) == 3 * KWH


def test_notes_into_notes_do_not_pass_it(shielded: Shielded, plain: Any, consumer: Any) -> None:
    """P1 S8 transfers and consolidations change nothing of it."""
    before = [shielded.pool.inside(asset) for asset in assets(shielded, plain)]
    shielded.send(shielded.transfer(), consumer)
    shielded.send(shielded.consolidate_notes(), consumer)
    assert (
        [shielded.pool.inside(asset) for asset in assets(shielded, plain)]
        == before
        == [
            ETHER,
            3 * KWH,
            5 * KWH,
            700,
        ]
    )
