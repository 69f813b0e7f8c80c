"""Publishing an epoch's readings and correcting them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from offchain.metering.readings_tree import Reading, ReadingsTree, packed
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon
from tests.conftest import Refused
from tests.unit.meters import CORRECTION_WINDOW, EPOCH_LENGTH, Registry, meter, readings_root

DATA = bytes(range(32))
UNPUBLISHED = (0, 0, 0, 0, False)
AtTime = Callable[[int], None]


@pytest.fixture
def meters(registry: Registry) -> Registry:
    """A registry with 3000 Wh of capacity in one microgrid and 1000 in the other."""
    registry.register(meter(1), meter(2), meter(3))
    registry.register(meter(4, microgrid=2))
    return registry


@pytest.fixture
def epoch(registry: Registry, chain: Any) -> int:
    """The epoch that runs now, the fourth of both microgrids."""
    epoch = int(registry.contract.firstEpochOf(2)) + 3
    chain.mine(timestamp=epoch * EPOCH_LENGTH)
    return epoch


def published(registry: Registry, epoch: int, microgrid: int = 1) -> tuple[int, int, int, int, bool]:
    """What the registry keeps of an epoch."""
    found = registry.contract.readingsOf(microgrid, epoch)
    return found.readingsRoot, found.exported, found.imported, found.openFrom, found.credited


def test_publish(meters: Registry, epoch: int, operator: Any, at_time: AtTime) -> None:
    """M4 the chain keeps the root that homes prove against, the totals, and when issue and settle open."""
    readings = [Reading(meters.meters[index].commitment, 300 * index, 70 + index) for index in range(3)]
    tree = ReadingsTree(epoch, readings)
    at_time(now := (epoch + 1) * EPOCH_LENGTH)
    root_node = tree_hash(tree)
    receipt = meters.contract.publishReadings(1, epoch, root_node, tree.exported, tree.imported, DATA, sender=operator)
    assert receipt.timestamp == now
    assert published(meters, epoch) == (tree.root, 900, 213, now + CORRECTION_WINDOW, False)
    assert receipt.events == [
        meters.contract.ReadingsPublished(
            microgrid=1, epoch=epoch, readingsRoot=tree.root, exported=900, imported=213, dataHash=DATA
        )
    ]
    assert published(meters, epoch, microgrid=2) == published(meters, epoch + 1) == UNPUBLISHED


def tree_hash(tree: ReadingsTree) -> int:
    """Hash of a readings tree's root node, found from a path."""
    reading, path = tree.readings[0], tree.path(0)
    total = packed(reading.exported, reading.imported)
    node = poseidon([reading.commitment, tree.epoch, total])
    for hashed, exported, imported in zip(path.hashes, path.exported, path.imported, strict=True):
        sibling = packed(exported, imported)
        node = poseidon([node, total, hashed, sibling])
        total += sibling
    return node


def test_not_before_the_epoch_has_ended(meters: Registry, epoch: int, operator: Any, refused: Refused) -> None:
    """M4 P9 an epoch is published from the second after its last one on; one far away never."""
    publish = meters.contract.publishReadings
    end = (epoch + 1) * EPOCH_LENGTH
    error: Any = ("EpochNotOver(uint256)", epoch)
    refused(publish, 1, epoch, 1, 0, 0, DATA, error=error, sender=operator, time=end - 1)
    for later in (epoch + 1, 2**63, 2**64 - 1, 2**64, 2**256 - 1):
        error = ("EpochNotOver(uint256)", later)
        refused(publish, 1, later, 1, 0, 0, DATA, error=error, sender=operator, time=end)
    with pytest.raises(AssertionError, match="succeeded"):
        refused(publish, 1, epoch, 1, 0, 0, DATA, error=b"", sender=operator, time=end)


def test_not_before_the_microgrid_was_added(
    meters: Registry, epoch: int, deployer: Any, operator: Any, refused: Refused
) -> None:
    """M4 P9 the first epoch is the one in which the microgrid was added: nobody can meter the time before, whatever
    rules come later."""
    rules = list(meters.contract.rulesOf(1))
    meters.contract.changeMicrogrid(1, [*rules[:2], 0, *rules[3:]], sender=deployer)
    first = meters.contract.firstEpochOf(1)
    for early in (0, first - 1):
        error = ("EpochTooEarly(uint256,uint256)", early, first)
        refused(meters.contract.publishReadings, 1, early, 1, 0, 0, DATA, error=error, sender=operator)
    meters.publish(first, 1, 0, 0)
    assert meters.contract.firstEpochOf(1) == first
    assert meters.contract.firstEpochOf(3) == 0


def test_published_once(meters: Registry, epoch: int, operator: Any, neighbour: Any, refused: Refused) -> None:
    """M4 an epoch is published once for each microgrid, also if nothing was metered, also after its window."""
    meters.publish(epoch - 1, 5, 0, 0)
    publish, kept = meters.contract.publishReadings, published(meters, epoch - 1)
    error = ("AlreadyPublished(uint256)", epoch - 1)
    for time in (None, kept[3], kept[3] + 10**6):
        refused(publish, 1, epoch - 1, 5, 0, 0, DATA, error=error, sender=operator, time=time)
        refused(publish, 1, epoch - 1, 6, 1, 1, DATA, error=error, sender=operator, time=time)
    assert kept == published(meters, epoch - 1)
    meters.publish(epoch - 1, 6, 1, 1, microgrid=2)
    meters.publish(epoch - 2, 6, 1, 1)


def test_only_the_operator(
    meters: Registry, epoch: int, deployer: Any, operator: Any, neighbour: Any, refused: Refused
) -> None:
    """M4 P9 only a microgrid's own operator publishes and corrects."""
    meters.publish(epoch - 1, 5, 0, 0)
    for method, named in ((meters.contract.publishReadings, epoch - 2), (meters.contract.correctReadings, epoch - 1)):
        for sender in (deployer, neighbour):
            error: Any = ("NotOperator(uint256,address)", 1, sender)
            refused(method, 1, named, 1, 0, 0, DATA, error=error, sender=sender)
        for microgrid in (0, 3):
            error = ("UnknownMicrogrid(uint256)", microgrid)
            refused(method, microgrid, named, 1, 0, 0, DATA, error=error, sender=operator)


def test_totals_within_capacity(meters: Registry, epoch: int, operator: Any, neighbour: Any, refused: Refused) -> None:
    """M4 each total may be the capacity of the microgrid's own meters and not one Wh more, when it is published."""
    publish = meters.contract.publishReadings
    most = 2**64 - 1
    for over in (3001, most):
        error = ("OverCapacity(uint256,uint256)", over, 3000)
        refused(publish, 1, epoch - 1, 1, over, 0, DATA, error=error, sender=operator)
        refused(publish, 1, epoch - 1, 1, 0, over, DATA, error=error, sender=operator)
    error = ("OverCapacity(uint256,uint256)", 1001, 1000)
    refused(publish, 2, epoch - 1, 1, 1001, 0, DATA, error=error, sender=neighbour)
    meters.publish(epoch - 1, 1, 3000, 3000)
    assert published(meters, epoch - 1)[:3] == (readings_root(1, 3000, 3000), 3000, 3000)
    correct = meters.contract.correctReadings
    error = ("OverCapacity(uint256,uint256)", 3001, 3000)
    refused(correct, 1, epoch - 1, 1, 3001, 0, DATA, error=error, sender=operator)
    meters.remove(1)
    error = ("OverCapacity(uint256,uint256)", 3000, 2000)
    refused(publish, 1, epoch - 2, 1, 0, 3000, DATA, error=error, sender=operator)
    refused(correct, 1, epoch - 1, 1, 0, 3000, DATA, error=error, sender=operator)
    assert published(meters, epoch - 1)[1:3] == (3000, 3000)


def test_a_microgrid_without_meters_publishes_zeros(
    registry: Registry, epoch: int, operator: Any, refused: Refused
) -> None:
    """M4 without capacity nothing but zero is published."""
    error = ("OverCapacity(uint256,uint256)", 1, 0)
    refused(registry.contract.publishReadings, 1, epoch - 1, 1, 0, 1, DATA, error=error, sender=operator)
    registry.publish(epoch - 1, 0, 0, 0)
    assert published(registry, epoch - 1)[0] == readings_root(0, 0, 0)


def test_root_is_a_field_element(meters: Registry, epoch: int, operator: Any, refused: Refused) -> None:
    """M4 P9 a tree root that isn't below the modulus is refused: it would have the hash of another."""
    for wrong in (MODULUS, 2**256 - 1):
        error = ("NotInField(uint256)", wrong)
        refused(meters.contract.publishReadings, 1, epoch - 1, wrong, 0, 0, DATA, error=error, sender=operator)
    meters.publish(epoch - 1, MODULUS - 1, 0, 0)
    assert published(meters, epoch - 1)[0] == readings_root(MODULUS - 1, 0, 0)
    error = ("NotInField(uint256)", MODULUS)
    refused(meters.contract.correctReadings, 1, epoch - 1, MODULUS, 0, 0, DATA, error=error, sender=operator)


def test_correct(meters: Registry, epoch: int, operator: Any, refused: Refused, at_time: AtTime) -> None:
    """M4 until the last second of the window, which runs from the first publication, readings can be replaced."""
    correct = meters.contract.correctReadings
    error = ("NotPublished(uint256)", epoch - 1)
    refused(correct, 1, epoch - 1, 1, 0, 0, DATA, error=error, sender=operator)
    opens = meters.publish(epoch - 1, 5, 10, 20).timestamp + CORRECTION_WINDOW
    correct(1, epoch - 1, 6, 11, 21, DATA, sender=operator)
    assert published(meters, epoch - 1) == (readings_root(6, 11, 21), 11, 21, opens, False)
    at_time(opens - 1)
    receipt = correct(1, epoch - 1, 7, 12, 22, DATA, sender=operator)
    assert receipt.events == [
        meters.contract.ReadingsPublished(
            microgrid=1,
            epoch=epoch - 1,
            readingsRoot=readings_root(7, 12, 22),
            exported=12,
            imported=22,
            dataHash=DATA,
        )
    ]
    assert published(meters, epoch - 1) == (readings_root(7, 12, 22), 12, 22, opens, False)
    error = ("CorrectionClosed(uint256)", epoch - 1)
    for time in (opens, opens + 10**6):
        refused(correct, 1, epoch - 1, 8, 0, 0, DATA, error=error, sender=operator, time=time)


def test_a_new_window_is_for_later_publications(
    meters: Registry, epoch: int, deployer: Any, operator: Any, refused: Refused
) -> None:
    """M4 other rules move no window that runs; without a window an epoch is open at once."""
    opens = meters.publish(epoch - 1, 5, 10, 20).timestamp + CORRECTION_WINDOW
    rules = meters.contract.rulesOf(1)
    for window in (0, 2**32 - 1):
        changed = (rules.operator, rules.epochLength, window, rules.priceWindow, rules.maxDeviation)
        meters.contract.changeMicrogrid(1, changed, sender=deployer)
        assert published(meters, epoch - 1)[3] == opens
        number = epoch - 2 if window else epoch - 3
        now = meters.publish(number, 5, 10, 20).timestamp
        assert published(meters, number)[3] == now + window
    error = ("CorrectionClosed(uint256)", epoch - 3)
    refused(meters.contract.correctReadings, 1, epoch - 3, 8, 0, 0, DATA, error=error, sender=operator)


def test_gas(meters: Registry, epoch: int, operator: Any) -> None:
    """M4 what publishing and correcting may cost."""
    one = meters.contract.publishReadings(1, epoch - 1, MODULUS - 1, 3000, 3000, DATA, sender=operator)
    other = meters.contract.correctReadings(1, epoch - 1, MODULUS - 2, 2999, 2999, DATA, sender=operator)
    assert one.gas_used <= 98_500
    assert other.gas_used <= 63_500
