"""The tree of registered meters: what stands in it, who changes it, which of its roots are valid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offchain.zk.field import MODULUS
from offchain.zk.tree import path_root, zero_hash
from tests.conftest import Refused
from tests.unit.meters import (
    CORRECTION_WINDOW,
    DEPTH,
    EPOCH_LENGTH,
    MAX_DEVIATION,
    PRICE_WINDOW,
    ROOT_LIFETIME,
    Registry,
    answer_at,
    meter,
)

MOST = 2**32 - 1
PLACES = 1 << DEPTH
NewRegistry = Callable[[], Registry]


@pytest.fixture(scope="module")
def new_registry(
    deployer: Any, project: Any, poseidons: tuple[str, str], yes: Any, factory: Any, energies: Any, operator: Any
) -> NewRegistry:
    """Makes registries with one microgrid."""

    def make() -> Registry:
        contract = deployer.deploy(project.MeterRegistry, deployer, *poseidons, yes, yes, factory)
        rules = (operator, EPOCH_LENGTH, CORRECTION_WINDOW, PRICE_WINDOW, MAX_DEVIATION)
        contract.addMicrogrid(energies[0], rules, sender=deployer)
        return Registry(contract, {1: energies[0]}, {1: operator})

    return make


def test_empty(registry: Registry) -> None:
    """M1 M3 an empty tree has a root, which is not valid."""
    contract = registry.contract
    assert contract.meterCount() == 0
    assert contract.registrationRoot() == registry.tree.root == zero_hash(DEPTH)
    assert contract.ROOT_LIFETIME() == ROOT_LIFETIME
    assert not contract.isRegistrationRoot(zero_hash(DEPTH))
    assert not contract.isRegistrationRoot(0)


def test_register(registry: Registry) -> None:
    """M1 M2 meters of all microgrids stand in one tree in the order in which they came; capacities add up."""
    contract = registry.contract
    one, two, three, other = meter(1), meter(2, capacity=1), meter(3, capacity=MOST), meter(4, microgrid=2)
    receipts = [registry.register(one), registry.register(other), registry.register(two, three)]
    events = [event for receipt in receipts for event in receipt.events]
    roots = [event.root for event in events if event.event_name == "RegistrationRootChanged"]
    assert roots[-1] == contract.registrationRoot() == registry.tree.root
    assert events == [
        contract.MeterRegistered(microgrid=1, commitment=one.commitment, index=0, capacity=1000),
        contract.RegistrationRootChanged(root=roots[0]),
        contract.MeterRegistered(microgrid=2, commitment=other.commitment, index=1, capacity=1000),
        contract.RegistrationRootChanged(root=roots[1]),
        contract.MeterRegistered(microgrid=1, commitment=two.commitment, index=2, capacity=1),
        contract.MeterRegistered(microgrid=1, commitment=three.commitment, index=3, capacity=MOST),
        contract.RegistrationRootChanged(root=roots[2]),
    ]
    assert contract.meterCount() == 4
    assert [contract.capacityOf(microgrid) for microgrid in (0, 1, 2, 3)] == [0, 1001 + MOST, 1000, 0]


def test_register_refused(registry: Registry, deployer: Any, operator: Any, neighbour: Any, refused: Refused) -> None:
    """M2 P9 only the operator registers, lists that fit, and meters that are none yet."""
    known = meter(1)
    registry.register(known, meter(2))
    register = registry.contract.registerMeters
    new = meter(3).commitment
    error: tuple[Any, ...]
    for sender in (deployer, neighbour):
        error = ("NotOperator(uint256,address)", 1, sender)
        refused(register, 1, [new], [1], error=error, sender=sender)
    for microgrid in (0, 3, 2**256 - 1):
        error = ("UnknownMicrogrid(uint256)", microgrid)
        refused(register, microgrid, [new], [1], error=error, sender=operator)
    for commitments, capacities in (([], []), ([new], []), ([], [1]), ([new], [1, 1]), ([new, 5], [1])):
        refused(register, 1, commitments, capacities, error="LengthMismatch()", sender=operator)
    for wrong in (0, MODULUS, 2**256 - 1, known.commitment):
        error = ("InvalidMeter(uint256)", wrong)
        refused(register, 1, [wrong], [1], error=error, sender=operator)
        refused(register, 1, [new, wrong], [1, 1], error=error, sender=operator)
    error = ("InvalidMeter(uint256)", known.commitment)
    refused(register, 2, [known.commitment], [1], error=error, sender=neighbour)
    error = ("InvalidMeter(uint256)", new)
    refused(register, 1, [new, new], [1, 1], error=error, sender=operator)
    refused(register, 1, [new], [0], error=error, sender=operator)
    assert registry.contract.registrationRoot() == registry.tree.root
    assert registry.contract.capacityOf(1) == 2000
    registry.contract.registerMeters(1, [MODULUS - 1, 1], [1, 1], sender=operator)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8])
def test_remove_any(new_registry: NewRegistry, count: int) -> None:
    """M1 M2 whichever meter leaves, also one whose node waits for its right sibling, the tree goes on as it should."""
    registry = new_registry()
    registry.register(*(meter(number, capacity=number) for number in range(1, count + 1)))
    for index in (count - 1, *range(count - 1)):
        gone = registry.meters[index]
        receipt = registry.remove(index)
        root = registry.contract.registrationRoot()
        assert root == registry.tree.root
        assert receipt.events == [
            registry.contract.MeterRemoved(
                microgrid=1, commitment=gone.commitment, index=index, capacity=gone.capacity
            ),
            registry.contract.RegistrationRootChanged(root=root),
        ]
        registry.register(
            meter(100 + index, capacity=1), meter(200 + index, capacity=1), meter(300 + index, capacity=1)
        )
        assert registry.contract.registrationRoot() == registry.tree.root
        assert registry.contract.capacityOf(1) == sum(one.capacity for one in registry.meters.values())
    assert registry.contract.meterCount() == 4 * count


def test_remove_refused(registry: Registry, operator: Any, neighbour: Any, refused: Refused) -> None:
    """M2 P9 a removal names a meter of the operator's own microgrid with its place, capacity and path."""
    registry.register(meter(1), meter(2), meter(3))
    registry.register(meter(4, microgrid=2))
    remove = registry.contract.removeMeter
    microgrid, commitment, capacity, index, path = registry.removal(2)
    error: Any = ("NotOperator(uint256,address)", 1, neighbour)
    refused(remove, microgrid, commitment, capacity, index, path, error=error, sender=neighbour)
    error = ("UnknownMicrogrid(uint256)", 3)
    refused(remove, 3, commitment, capacity, index, path, error=error, sender=operator)
    for wrong in (path[:-1], [*path, 0], []):
        refused(remove, 1, commitment, capacity, index, wrong, error="LengthMismatch()", sender=operator)
    error = ("MeterNotFound(uint256)", commitment)
    refused(remove, 2, commitment, capacity, index, path, error=error, sender=neighbour)
    refused(remove, 1, commitment, capacity + 1, index, path, error=error, sender=operator)
    refused(remove, 1, commitment, capacity, index, [path[0] + 1, *path[1:]], error=error, sender=operator)
    for place in (0, 1, 3, 4, index + PLACES, index + 2**255):
        refused(remove, 1, commitment, capacity, place, path, error=error, sender=operator)
    error = ("MeterNotFound(uint256)", meter(9).commitment)
    refused(remove, 1, meter(9).commitment, capacity, index, path, error=error, sender=operator)
    error = ("MeterNotFound(uint256)", commitment + MODULUS)  # the same hash, another number
    refused(remove, 1, commitment + MODULUS, capacity, index, path, error=error, sender=operator)
    registry.remove(2)
    error = ("MeterNotFound(uint256)", commitment)
    refused(remove, 1, commitment, capacity, index, registry.tree.path(2), error=error, sender=operator)
    assert registry.contract.registrationRoot() == registry.tree.root
    assert registry.contract.capacityOf(1) == 2000


def test_removed_meter_comes_back(registry: Registry, operator: Any, neighbour: Any, refused: Refused) -> None:
    """M2 a removed meter can be registered again, at a new place, with another capacity, by another microgrid."""
    registry.register(meter(1), meter(2))
    registry.remove(0)
    registry.register(meter(1, microgrid=2, capacity=5))
    assert registry.contract.registrationRoot() == registry.tree.root
    assert [registry.contract.capacityOf(microgrid) for microgrid in (1, 2)] == [1000, 5]
    error = ("InvalidMeter(uint256)", meter(1).commitment)
    refused(registry.contract.registerMeters, 1, [meter(1).commitment], [1], error=error, sender=operator)
    registry.remove(2)
    assert registry.contract.capacityOf(2) == 0


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(st.integers(1, 5), st.floats(0, 1, exclude_max=True)), min_size=1, max_size=12))
def test_any_sequence(new_registry: NewRegistry, steps: list[int | float]) -> None:
    """M1 after batches registered (a number of meters) and meters removed (a place among those there are), in any
    order, the tree is the reference tree and the capacity that of its meters."""
    registry = new_registry()
    named = 0
    for step in steps:
        if isinstance(step, int):
            registry.register(*(meter(named + number, capacity=1 + named) for number in range(step)))
            named += step
        elif registry.meters:
            registry.remove(list(registry.meters)[int(step * len(registry.meters))])
        assert registry.contract.registrationRoot() == registry.tree.root
    assert registry.contract.meterCount() == len(registry.tree) == named
    assert registry.contract.capacityOf(1) == sum(one.capacity for one in registry.meters.values())


def test_batch_is_as_single_ones(new_registry: NewRegistry) -> None:
    """M1 one large batch gives the tree that single registrations give."""
    batch, single = new_registry(), new_registry()
    meters = [meter(number, capacity=number) for number in range(1, 17)]
    batch.register(*meters)
    for one in meters:
        single.register(one)
    assert batch.contract.registrationRoot() == single.contract.registrationRoot() == batch.tree.root


def test_full(new_registry: NewRegistry, chain: Any, operator: Any, refused: Refused) -> None:
    """M1 the tree takes its last leaf, can lose it, and takes no more. The count is written into the contract: a
    million registrations would take too long."""
    contract = new_registry().contract
    place = next(slot for slot in range(32) if written(chain, contract, slot, PLACES - 1) == PLACES - 1)
    commitments = [meter(1).commitment, meter(2).commitment]
    refused(contract.registerMeters, 1, commitments, [1, 1], error="RegistrationTreeFull()", sender=operator)
    contract.registerMeters(1, commitments[:1], [1], sender=operator)
    absent = [0] * DEPTH  # nothing ever waited here
    assert contract.registrationRoot() == path_root(meter(1, capacity=1).leaf, PLACES - 1, absent)
    assert contract.meterCount() == PLACES == int(chain.provider.get_storage(contract.address, place).hex(), 16)
    refused(contract.registerMeters, 1, commitments[1:], [1], error="RegistrationTreeFull()", sender=operator)
    contract.removeMeter(1, commitments[0], 1, PLACES - 1, absent, sender=operator)
    assert contract.registrationRoot() == path_root(0, PLACES - 1, absent)
    refused(contract.registerMeters, 1, commitments[1:], [1], error="RegistrationTreeFull()", sender=operator)


def written(chain: Any, contract: Any, slot: int, value: int) -> int:
    """The count of meters after a slot was overwritten; undone if the slot isn't the count's."""
    before = chain.provider.get_storage(contract.address, slot)
    chain.provider.set_storage(contract.address, slot, value.to_bytes(32, "big"))
    count = int(contract.meterCount())
    if count != value:
        chain.provider.set_storage(contract.address, slot, bytes(before))
    return count


def test_root_lifetime(registry: Registry) -> None:
    """M3 the current root is valid however old it is, an earlier one for an hour after the next, to the second."""
    valid = registry.contract.isRegistrationRoot
    first_time = registry.register(meter(1)).timestamp
    first = registry.tree.root
    assert answer_at(valid, first, time=first_time + 10 * ROOT_LIFETIME) == 1
    replaced = registry.register(meter(2)).timestamp
    assert answer_at(valid, first, time=replaced) == 1
    assert answer_at(valid, first, time=replaced + ROOT_LIFETIME - 1) == 1
    assert answer_at(valid, first, time=replaced + ROOT_LIFETIME) == 0
    assert answer_at(valid, registry.tree.root, time=replaced + ROOT_LIFETIME) == 1
    assert answer_at(valid, registry.tree.root + 1, time=replaced) == 0
    assert answer_at(valid, zero_hash(DEPTH), time=replaced) == 0


def test_removed_meter_is_provable_for_an_hour(registry: Registry) -> None:
    """M3 every root with a removed meter ends within an hour of its removal; the root without it, which was there
    before, is valid again."""
    valid = registry.contract.isRegistrationRoot
    registry.register(meter(1))
    without = registry.tree.root
    registry.register(meter(2))
    within = registry.tree.root
    removed = registry.remove(1).timestamp
    assert registry.tree.root == without
    assert answer_at(valid, within, time=removed + ROOT_LIFETIME - 1) == 1
    assert answer_at(valid, within, time=removed + ROOT_LIFETIME) == 0
    assert answer_at(valid, without, time=removed + 10 * ROOT_LIFETIME) == 1
    later = registry.register(meter(3)).timestamp
    assert answer_at(valid, without, time=later + ROOT_LIFETIME - 1) == 1
    assert answer_at(valid, without, time=later + ROOT_LIFETIME) == 0


def test_root_of_no_meters_is_never_valid(registry: Registry) -> None:
    """M3 a tree that was emptied has the root of an empty one again, which stays invalid when the next one comes."""
    valid = registry.contract.isRegistrationRoot
    registry.register(meter(1))
    last = registry.tree.root
    removed = registry.remove(0).timestamp
    assert registry.contract.registrationRoot() == zero_hash(DEPTH)
    assert answer_at(valid, zero_hash(DEPTH), time=removed) == 0
    assert answer_at(valid, last, time=removed + ROOT_LIFETIME - 1) == 1
    registered = registry.register(meter(2)).timestamp
    assert answer_at(valid, zero_hash(DEPTH), time=registered) == 0


def test_gas(new_registry: NewRegistry) -> None:
    """M1 what registering and removing may cost, on a tree in use."""
    registry = new_registry()
    registry.register(*(meter(number) for number in range(1, 6)))
    one = registry.register(meter(6))
    sixteen = registry.register(*(meter(number) for number in range(7, 23)))
    removed = registry.remove(4)
    assert one.gas_used <= 545_000
    assert sixteen.gas_used <= 1_740_000
    assert removed.gas_used <= 870_000
