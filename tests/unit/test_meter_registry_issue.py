"""Issue and settle: what the registry checks before a note is made or burned, and what it hands to the pool."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from offchain.wallet.note import ETH
from offchain.wallet.request import ANYONE, Operation, Request, Terms, context_hash
from offchain.zk.circuits import CIRCUITS
from offchain.zk.tree import zero_hash
from tests.conftest import Refused
from tests.unit.formulas import DEADLINE
from tests.unit.meters import DEPTH, ROOT_LIFETIME, readings_root
from tests.unit.shielded import (
    CIRCUIT,
    EPOCH_SECONDS,
    MAX_DEVIATION,
    PRICE_WINDOW,
    TERMS,
    WATT_HOUR,
    Shielded,
    arguments,
    number,
)

WINDOW = 7200
BOTH = [Operation.ISSUE, Operation.SETTLE]
TREE_ROOT = 77


@dataclass(frozen=True)
class Metered:
    """A published epoch of the first microgrid; `opens` is when issue and settle open."""

    shielded: Shielded
    opens: int

    @property
    def epoch(self) -> int:
        return self.shielded.epoch

    def request(self, operation: Operation, terms: Terms = TERMS, /, **signals: int) -> Request:
        """What is accepted as it stands."""
        expected = {
            "microgrid": 1,
            "epoch": self.epoch,
            "readingsRoot": int(self.shielded.registry.readingsOf(1, self.epoch).readingsRoot),
            "asset": int(self.shielded.north.address, 16),
        }
        return self.shielded.request(operation, None, terms, **(expected | signals))


@pytest.fixture
def metered(shielded: Shielded, operator: Any) -> Metered:
    """An epoch with 2500 Wh exported and 1200 imported, just published, with a correction window."""
    rules = (operator, EPOCH_SECONDS, WINDOW, PRICE_WINDOW, MAX_DEVIATION)
    shielded.registry.changeMicrogrid(1, rules, sender=operator)
    receipt = shielded.registry.publishReadings(1, shielded.epoch, TREE_ROOT, 2500, 1200, bytes(32), sender=operator)
    return Metered(shielded, receipt.timestamp + WINDOW)


@pytest.fixture
def opened(metered: Metered, chain: Any) -> Metered:
    """The epoch in the first second after its correction window."""
    chain.mine(timestamp=metered.opens)
    return metered


def state(metered: Metered, request: Request) -> tuple[Any, ...]:
    """What an operation can change."""
    pool, registry = metered.shielded.pool, metered.shielded.registry
    nullifier = named(request, "meterNullifier")
    return (
        pool.queued(),
        pool.inside(metered.shielded.north),
        registry.isMeterNullifierUsed(nullifier),
        registry.readingsOf(1, metered.epoch).credited,
    )


def named(request: Request, name: str) -> int:
    """A public signal by its name."""
    return request.signals[CIRCUITS[CIRCUIT[request.operation]].public_names.index(name)]


def test_issue(opened: Metered, stranger: Any, consumer: Any) -> None:
    """M7 an issue queues the owner's and the relayer's note; the first one of an epoch lets its exports through the
    turnstile, the next ones nothing more. Anyone may send it."""
    pool, registry, north = opened.shielded.pool, opened.shielded.registry, opened.shielded.north
    before, queued = pool.inside(north), pool.queued()
    first = opened.request(Operation.ISSUE)
    assert state(opened, first) == (queued, before, False, False)
    receipt = opened.shielded.send(first, stranger)
    notes = [named(first, f"commitments[{place}]") for place in range(2)]
    assert receipt.events == [
        registry.Issued(microgrid=1, epoch=opened.epoch, meterNullifier=named(first, "meterNullifier")),
        pool.NotesQueued(firstPosition=queued, commitments=notes, ciphertexts=TERMS.ciphertexts),
    ]
    assert [pool.waiting(queued + place) for place in range(2)] == notes
    assert state(opened, first) == (queued + 2, before + 2500 * WATT_HOUR, True, True)
    second = opened.request(Operation.ISSUE, commitment1=0)
    opened.shielded.send(second, consumer)
    assert state(opened, second) == (queued + 3, before + 2500 * WATT_HOUR, True, True)
    kept = registry.readingsOf(1, opened.epoch)
    assert (kept.exported, kept.imported, kept.openFrom) == (2500, 1200, opened.opens)


def test_settle(opened: Metered, stranger: Any) -> None:
    """M8 a settlement spends two notes and queues the change and the relayer's; it changes no turnstile."""
    pool, registry, north = opened.shielded.pool, opened.shielded.registry, opened.shielded.north
    before, queued = pool.inside(north), pool.queued()
    request = opened.request(Operation.SETTLE)
    receipt = opened.shielded.send(request, stranger)
    spent = [named(request, f"nullifiers[{place}]") for place in range(2)]
    notes = [named(request, f"commitments[{place}]") for place in range(2)]
    assert receipt.events == [
        registry.Settled(
            microgrid=1,
            epoch=opened.epoch,
            meterNullifier=named(request, "meterNullifier"),
            receipt=named(request, "receipt"),
        ),
        pool.NullifiersSpent(nullifiers=spent),
        pool.NotesQueued(firstPosition=queued, commitments=notes, ciphertexts=TERMS.ciphertexts),
    ]
    assert all(pool.isSpent(nullifier) for nullifier in spent)
    assert state(opened, request) == (queued + 2, before, True, False)


@pytest.mark.parametrize("operation", BOTH)
def test_once_a_meter_and_epoch(opened: Metered, stranger: Any, denied: Refused, operation: Operation) -> None:
    """P2 M7 M8 a meter nullifier is used once, by whichever operation."""
    used = number()
    first = opened.request(operation, meterNullifier=used)
    opened.shielded.send(first, stranger)
    for other in BOTH:
        error = ("MeterNullifierUsed(uint256)", used)
        denied(opened.request(other, meterNullifier=used), error=error)
    denied(first, error=("MeterNullifierUsed(uint256)", used))


@pytest.mark.parametrize("operation", BOTH)
def test_terms(
    opened: Metered, deployer: Any, stranger: Any, recipient: Any, denied: Refused, operation: Operation
) -> None:
    """M7 M8 P9 the deadline is the last second, only a named relayer sends, and nothing that was bound can differ."""
    now = opened.opens + 100
    late = opened.request(operation, Terms(ANYONE, now - 1, b""))
    denied(late, error=("DeadlinePassed(uint256,uint256)", now - 1, now), time=now)
    named_relayer = opened.request(operation, Terms(recipient.address, DEADLINE, b""))
    denied(named_relayer, error=("NotRelayer(address,address)", recipient, stranger))
    request = opened.request(operation)
    contract, bound = opened.shielded.registry.address, named(request, "contextHash")
    for terms in (
        Terms(stranger.address, DEADLINE, TERMS.ciphertexts),
        Terms(ANYONE, DEADLINE - 1, TERMS.ciphertexts),
        Terms(ANYONE, DEADLINE, TERMS.ciphertexts + b"\0"),
    ):
        expected = context_hash(opened.shielded.chain_id, contract, operation, terms)
        denied(replace(request, terms=terms), error=("WrongContext(uint256,uint256)", expected, bound))
    for elsewhere in (
        context_hash(opened.shielded.chain_id + 1, contract, operation, TERMS),
        context_hash(opened.shielded.chain_id, opened.shielded.pool.address, operation, TERMS),
        *(context_hash(opened.shielded.chain_id, contract, other, TERMS) for other in Operation if other != operation),
    ):
        error = ("WrongContext(uint256,uint256)", bound, elsewhere)
        denied(opened.request(operation, contextHash=elsewhere), error=error)
    opened.shielded.send(named_relayer, recipient)


@pytest.mark.parametrize("operation", BOTH)
def test_only_when_open(metered: Metered, stranger: Any, operator: Any, denied: Refused, operation: Operation) -> None:
    """M7 M8 nothing before the end of the correction window, which a correction doesn't move; then what was corrected
    counts, and what was published first is refused."""
    request = metered.request(operation)
    for time in (None, metered.opens - 1):
        error: Any = ("NotOpenYet(uint256,uint256)", metered.epoch, metered.opens)
        denied(request, error=error, time=time)
    metered.shielded.registry.correctReadings(1, metered.epoch, 78, 100, 1200, bytes(32), sender=operator)
    error = ("WrongReadings(uint256,uint256)", readings_root(78, 100, 1200), readings_root(TREE_ROOT, 2500, 1200))
    denied(request, error=error, time=metered.opens)
    corrected = metered.request(operation)
    denied(corrected, error=("NotOpenYet(uint256,uint256)", metered.epoch, metered.opens), time=metered.opens - 1)
    inside = metered.shielded.pool.inside(metered.shielded.north)
    metered.shielded.operator.provider.set_timestamp(metered.opens)
    assert metered.shielded.send(corrected, stranger).timestamp == metered.opens
    credit = 100 * WATT_HOUR if operation is Operation.ISSUE else 0
    assert metered.shielded.pool.inside(metered.shielded.north) == inside + credit


@pytest.mark.parametrize("operation", BOTH)
def test_only_what_was_published(opened: Metered, denied: Refused, operation: Operation) -> None:
    """M7 M8 P9 microgrid, epoch, readings, registration tree and energy are those of the chain."""
    for microgrid in (0, 3, 2**253):
        error: Any = ("UnknownMicrogrid(uint256)", microgrid)
        denied(opened.request(operation, microgrid=microgrid), error=error)
    for epoch in (opened.epoch - 1, opened.epoch + 1, 2**64 + opened.epoch):
        denied(opened.request(operation, epoch=epoch), error=("NotPublished(uint256)", epoch))
    denied(opened.request(operation, microgrid=2), error=("NotPublished(uint256)", opened.epoch))
    right = readings_root(TREE_ROOT, 2500, 1200)
    for wrong in (0, right + 1, TREE_ROOT):
        error = ("WrongReadings(uint256,uint256)", right, wrong)
        denied(opened.request(operation, readingsRoot=wrong), error=error)
    for wrong in (0, 1, zero_hash(DEPTH)):
        error = ("UnknownRegistrationRoot(uint256)", wrong)
        denied(opened.request(operation, registrationRoot=wrong), error=error)
    north = opened.shielded.north
    for other in (0, int(ETH, 16), int(opened.shielded.south.address, 16), int(north.address, 16) + (1 << 160)):
        error = ("WrongAsset(address,uint256)", north, other)
        denied(opened.request(operation, asset=other), error=error)


@pytest.mark.parametrize("operation", BOTH)
def test_first_error_counts(
    metered: Metered, stranger: Any, recipient: Any, denied: Refused, operation: Operation
) -> None:
    """M7 M8 checks have an order: of a call that is wrong in everything, each is seen after the ones before it."""
    registry, used = metered.shielded.registry, number()
    now = metered.opens
    wrong: dict[str, int] = {
        "contextHash": 1,
        "microgrid": 9,
        "epoch": metered.epoch + 1,
        "readingsRoot": 2,
        "registrationRoot": 3,
        "asset": 4,
        "meterNullifier": used,
    }
    late, foreign = Terms(recipient.address, now - 1, b""), Terms(recipient.address, DEADLINE, b"")
    denied(metered.request(operation, late, **wrong), error=("DeadlinePassed(uint256,uint256)", now - 1, now), time=now)
    error: Any = ("NotRelayer(address,address)", recipient, stranger)
    denied(metered.request(operation, foreign, **wrong), error=error, time=now)
    expected = context_hash(metered.shielded.chain_id, registry.address, operation, TERMS)
    published = readings_root(TREE_ROOT, 2500, 1200)
    steps: list[tuple[str, Any]] = [
        ("contextHash", ("WrongContext(uint256,uint256)", expected, 1)),
        ("microgrid", ("UnknownMicrogrid(uint256)", 9)),
        ("epoch", ("NotPublished(uint256)", metered.epoch + 1)),
        ("readingsRoot", ("WrongReadings(uint256,uint256)", published, 2)),
        ("registrationRoot", ("UnknownRegistrationRoot(uint256)", 3)),
        ("asset", ("WrongAsset(address,uint256)", metered.shielded.north, 4)),
        ("meterNullifier", ("MeterNullifierUsed(uint256)", used)),
    ]
    registry.provider.set_timestamp(now)
    metered.shielded.send(metered.request(operation, meterNullifier=used), stranger)
    for name, error in steps:
        denied(metered.request(operation, **wrong), error=error)
        del wrong[name]
    metered.shielded.send(metered.request(operation), stranger)


@pytest.mark.parametrize("operation", BOTH)
def test_registration_root_of_the_last_hour(
    opened: Metered, stranger: Any, operator: Any, denied: Refused, operation: Operation
) -> None:
    """M3 a proof against the tree before a change is accepted for an hour: a removed meter has as long."""
    request = opened.request(operation)
    changed = opened.shielded.registry.registerMeters(1, [number()], [1], sender=operator).timestamp
    root = named(request, "registrationRoot")
    denied(request, error=("UnknownRegistrationRoot(uint256)", root), time=changed + ROOT_LIFETIME)
    opened.shielded.operator.provider.set_timestamp(changed + ROOT_LIFETIME - 1)
    opened.shielded.send(request, stranger)


def test_nothing_exported(shielded: Shielded, operator: Any, stranger: Any) -> None:
    """M7 an epoch without exports lets nothing through the turnstile."""
    root, inside = shielded.publish(1, shielded.epoch, 0, 0), shielded.pool.inside(shielded.north)
    shielded.send(shielded.issue(1, shielded.epoch, root), stranger)
    assert shielded.pool.inside(shielded.north) == inside
    assert shielded.registry.readingsOf(1, shielded.epoch).credited


def test_pool_refuses_the_settlement(opened: Metered, stranger: Any, denied: Refused) -> None:
    """M8 P2 a settlement of spent notes, or of notes under an unknown root, changes nothing."""
    spent = number()
    opened.shielded.send(opened.request(Operation.SETTLE, nullifier1=spent), stranger)
    for signals, error in (
        ({"nullifier0": spent}, ("NullifierUsed(uint256)", spent)),
        ({"nullifier0": 5, "nullifier1": 5}, ("NullifierUsed(uint256)", 5)),
        ({"root": 6}, ("UnknownRoot(uint256,uint256)", 6, 0)),
        ({"treeNumber": 1}, ("UnknownRoot(uint256,uint256)", opened.shielded.root, 1)),
    ):
        request = opened.request(Operation.SETTLE, **signals)
        denied(request, error=error)
        assert not opened.shielded.registry.isMeterNullifierUsed(named(request, "meterNullifier"))


@pytest.fixture(scope="module")
def bare(deployer: Any, operator: Any, project: Any, poseidons: Any, yes: Any, factory: Any, energies: Any) -> Any:
    """A registry without pool whose verifiers are the real ones of the other's circuits: every proof is wrong."""
    verifiers = [deployer.deploy(container) for container in (project.IssueVerifier, project.SettleVerifier)]
    registry = deployer.deploy(project.MeterRegistry, operator, *poseidons, *verifiers, factory)
    return published(registry, energies[0], operator)


@pytest.fixture(scope="module")
def willing(deployer: Any, operator: Any, project: Any, poseidons: Any, yes: Any, factory: Any, energies: Any) -> Any:
    """A registry without pool that takes every proof."""
    registry = deployer.deploy(project.MeterRegistry, operator, *poseidons, yes, yes, factory)
    return published(registry, energies[0], operator)


def published(registry: Any, token: Any, operator: Any) -> Any:
    """The registry, after it has a microgrid, a meter and an epoch."""
    registry.addMicrogrid(token, (operator, EPOCH_SECONDS, 0, PRICE_WINDOW, MAX_DEVIATION), sender=operator)
    registry.registerMeters(1, [1], [10_000], sender=operator)
    epoch = registry.firstEpochOf(1)
    operator.provider.set_timestamp((epoch + 1) * EPOCH_SECONDS)
    registry.publishReadings(1, epoch, TREE_ROOT, 2500, 1200, bytes(32), sender=operator)
    return registry


def elsewhere(shielded: Shielded, registry: Any, operation: Operation) -> tuple[Any, list[Any]]:
    """A call of another registry than the pool's, right in all but its proof."""
    other = replace(shielded, registry=registry)
    asset = int(registry.tokenOf(1), 16)
    make = other.issue if operation is Operation.ISSUE else other.settle
    request = make(1, registry.firstEpochOf(1), readings_root(TREE_ROOT, 2500, 1200), asset=asset)
    return other.method(request), arguments(request)


@pytest.mark.parametrize("operation", BOTH)
def test_wrong_proof(shielded: Shielded, bare: Any, stranger: Any, refused: Refused, operation: Operation) -> None:
    """M7 M8 P9 without a proof that the circuit's verifier takes, nothing happens."""
    method, given = elsewhere(shielded, bare, operation)
    refused(method, *given, error="InvalidProof()", sender=stranger)


@pytest.mark.parametrize("operation", BOTH)
def test_no_pool_yet(shielded: Shielded, willing: Any, stranger: Any, refused: Refused, operation: Operation) -> None:
    """M7 M8 P9 without a pool there is nobody to take the notes."""
    method, given = elsewhere(shielded, willing, operation)
    refused(method, *given, error="PoolNotSet()", sender=stranger)


@pytest.mark.parametrize("inner", BOTH)
@pytest.mark.parametrize("outer", BOTH)
def test_no_call_gets_in(
    shielded: Shielded,
    willing: Any,
    project: Any,
    deployer: Any,
    operator: Any,
    stranger: Any,
    refused: Refused,
    outer: Operation,
    inner: Operation,
) -> None:
    """M7 M8 while the pool takes notes, no other issue or settlement begins."""
    pool = deployer.deploy(project.ReenteringPool)
    willing.setPool(pool, sender=operator)
    method, given = elsewhere(shielded, willing, inner)
    pool.plan(method.encode_input(*given), sender=stranger)
    method, given = elsewhere(shielded, willing, outer)
    refused(method, *given, error="ReentrancyGuardReentrantCall()", sender=stranger)
    pool.plan(willing.registrationRoot.encode_input(), sender=stranger)
    method(*given, sender=stranger)
