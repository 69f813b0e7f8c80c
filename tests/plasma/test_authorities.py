"""Who may sign for the plasma chain, what is at stake, and who decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.faults import slash
from tests.plasma.stage import (
    BOND,
    CHANGE_PERIOD,
    FREEZE_PERIOD,
    RULES,
    Plasma,
    authority_keys,
)

AtTime = Callable[[int], None]
ZERO = "0x" + "00" * 20


def addresses(keys: Sequence[LocalAccount]) -> list[str]:
    """The keys' addresses."""
    return [key.address for key in keys]


@pytest.mark.parametrize("count", [4, 5, 6, 64])
def test_proposal(young: Plasma, count: int) -> None:
    """A set has 4 to 64 members; what is announced can be read, and the first can be active at once."""
    members = addresses(authority_keys(count))
    receipt = young.root.proposeAuthorities(members, sender=young.owner)
    announced, active_from = young.root.proposed()
    assert (list(announced), active_from) == (members, young.now)
    assert receipt.events == [young.root.AuthoritiesProposed(members, young.now)]
    assert young.root.setId() == 0


@pytest.mark.parametrize("count", [0, 1, 3, 65])
def test_size_of_a_set(plasma: Plasma, refused: Refused, count: int) -> None:
    """Fewer than 4 bear no fault at all; more than 64 are too many."""
    members = addresses(authority_keys(count))
    refused(plasma.root.proposeAuthorities, members, error="InvalidSet()", sender=plasma.owner)


def test_order_of_a_set(plasma: Plasma, refused: Refused) -> None:
    """Members are in strictly ascending order, so that nobody is in it twice, nor the zero address."""
    members = addresses(plasma.keys)
    swapped = [*members[:2], members[3], members[2], *members[4:]]
    doubled = [*members[:3], members[2], *members[3:]]
    last_twice = [*members, members[-1]]
    for wrong in (swapped, doubled, last_twice, [ZERO, *members], members[::-1]):
        refused(plasma.root.proposeAuthorities, wrong, error="InvalidSet()", sender=plasma.owner)


def test_owner_announces(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """Only the owner says who signs next, no authority and nobody else."""
    error = ("OwnableUnauthorizedAccount(address)", stranger)
    refused(plasma.root.proposeAuthorities, addresses(plasma.keys), error=error, sender=stranger)


def test_first_set(young: Plasma, stranger: Any) -> None:
    """The first set needn't wait; anyone makes it active, and silence counts from then on."""
    keys = authority_keys(4)
    young.bond(keys)
    young.root.proposeAuthorities(addresses(keys), sender=young.owner)
    young.wait(5)
    receipt = young.root.activateAuthorities(sender=stranger)
    assert receipt.events == [young.root.AuthoritiesActivated(1, addresses(keys))]
    assert young.root.setId() == 1
    assert list(young.root.authoritiesOf(1)) == addresses(keys)
    assert [young.root.authorityAt(1, seat) for seat in range(4)] == addresses(keys)
    assert young.root.head() == [0, 0, young.now, 0]
    assert young.root.proposed()[0] == []
    for seat, key in enumerate(keys):
        assert young.root.seatOf(key.address) == [1, seat, BOND]


def test_no_seats_beyond_the_set(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """There is no authority where there is no seat."""
    panic = ("Panic(uint256)", 0x32)
    refused(plasma.root.authorityAt, 1, len(plasma.keys), error=panic, sender=stranger)
    refused(plasma.root.authorityAt, 2, 0, error=panic, sender=stranger)
    assert plasma.root.authoritiesOf(2) == []


def test_change_is_announced(plasma: Plasma, stranger: Any, refused: Refused, at_time: AtTime) -> None:
    """A change is known for a while before it holds, to the second; it holds once."""
    plasma.root.proposeAuthorities(addresses(plasma.keys[1:]), sender=plasma.owner)
    active_from = plasma.now + CHANGE_PERIOD
    assert plasma.root.proposed()[1] == active_from
    early = ("TooEarly(uint256)", active_from)
    refused(plasma.root.activateAuthorities, error=early, sender=plasma.owner, time=active_from - 1)
    at_time(active_from)
    plasma.root.activateAuthorities(sender=stranger)
    assert plasma.root.setId() == 2
    assert list(plasma.root.authoritiesOf(1)) == addresses(plasma.keys)
    assert [plasma.root.seatOf(key.address).index for key in plasma.keys[1:]] == list(range(6))
    assert plasma.root.seatOf(plasma.keys[0].address) == [1, 0, BOND]
    refused(plasma.root.activateAuthorities, error="NothingProposed()", sender=plasma.owner)


def test_change_does_not_restart_the_clock(plasma: Plasma) -> None:
    """Silence counts from the last checkpoint on, whoever is to sign the next."""
    before = plasma.root.head()
    plasma.change_authorities(plasma.keys[:4])
    assert plasma.root.head() == before


def test_announced_again(plasma: Plasma, refused: Refused) -> None:
    """Another announcement takes the place of the first, and waits for its whole time."""
    plasma.root.proposeAuthorities(addresses(plasma.keys[1:]), sender=plasma.owner)
    plasma.wait(CHANGE_PERIOD)
    plasma.root.proposeAuthorities(addresses(plasma.keys[2:]), sender=plasma.owner)
    error = ("TooEarly(uint256)", plasma.now + CHANGE_PERIOD)
    refused(plasma.root.activateAuthorities, error=error, sender=plasma.owner)
    plasma.wait(CHANGE_PERIOD)
    plasma.root.activateAuthorities(sender=plasma.owner)
    assert list(plasma.root.authoritiesOf(2)) == addresses(plasma.keys[2:])


def test_nothing_announced(young: Plasma, stranger: Any, refused: Refused) -> None:
    """No set becomes active that nobody announced."""
    refused(young.root.activateAuthorities, error="NothingProposed()", sender=stranger)


@pytest.mark.parametrize("short", [0, 3])
def test_bond_of_each(young: Plasma, stranger: Any, refused: Refused, short: int) -> None:
    """A set becomes active only when each member has its whole bond at stake."""
    keys = authority_keys(4)
    young.root.proposeAuthorities(addresses(keys), sender=young.owner)
    young.bond([key for seat, key in enumerate(keys) if seat != short])
    error: Any = ("BondTooSmall(address,uint256)", keys[short].address, 0)
    refused(young.root.activateAuthorities, error=error, sender=stranger)
    young.bond([keys[short]], BOND - 1)
    error = ("BondTooSmall(address,uint256)", keys[short].address, BOND - 1)
    refused(young.root.activateAuthorities, error=error, sender=stranger)
    young.bond([keys[short]], 1)
    young.root.activateAuthorities(sender=stranger)
    assert young.root.setId() == 1


def test_slashed_bonds_again(plasma: Plasma, stranger: Any) -> None:
    """Who was slashed has no seat whatever it bonds again, until the owner's next set has it."""
    key = plasma.keys[2]
    slash(plasma, 2, stranger)
    assert plasma.root.seatOf(key.address).bond == plasma.root.seatOf(key.address).setId == 0
    plasma.bond([key])
    assert plasma.root.seatOf(key.address).setId == 0
    plasma.wait(FREEZE_PERIOD)
    plasma.change_authorities(plasma.keys)
    assert plasma.root.seatOf(key.address) == [2, 2, BOND]


SIZES = (*range(4, 14), 21, 22, 23, 32, 33, 34)


def test_quorums(young: Plasma) -> None:
    """Of n >= 3f+1 authorities n - f sign: any two quorums share f+1, so an honest one, and f that are silent don't
    hinder the others."""
    keys = authority_keys(SIZES[-1])
    young.bond(keys)
    assert (young.root.faultTolerance(), young.root.quorum()) == (0, 0)
    for size in SIZES:
        young.change_authorities(keys[:size])
        faulty, quorum = young.root.faultTolerance(), young.root.quorum()
        assert 3 * faulty + 1 <= size < 3 * (faulty + 1) + 1
        assert quorum == size - faulty
        assert 2 * quorum - size >= faulty + 1


def test_ownership_in_two_steps(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """The owner stays until another accepts, who is then the vault's owner too."""
    error: Any = ("OwnableUnauthorizedAccount(address)", stranger)
    refused(plasma.root.transferOwnership, stranger, error=error, sender=stranger)
    plasma.root.transferOwnership(stranger, sender=plasma.owner)
    refused(plasma.root.proposeAuthorities, addresses(plasma.keys), error=error, sender=stranger)
    refused(plasma.vault.setCap, plasma.vault.ETH(), 1, error=("NotPermitted(address)", stranger), sender=stranger)
    assert plasma.root.owner() == plasma.owner
    plasma.root.acceptOwnership(sender=stranger)
    assert plasma.root.owner() == stranger
    plasma.vault.setCap(plasma.vault.ETH(), ETHER, sender=stranger)
    plasma.root.proposeAuthorities(addresses(plasma.keys), sender=stranger)
    error = ("OwnableUnauthorizedAccount(address)", plasma.owner)
    refused(plasma.root.proposeAuthorities, addresses(plasma.keys), error=error, sender=plasma.owner)
    refused(
        plasma.vault.setCap, plasma.vault.ETH(), 1, error=("NotPermitted(address)", plasma.owner), sender=plasma.owner
    )


RULE_NAMES = ("challenge", "rollback", "silence", "inbox", "freeze", "change", "bond")


def with_rule(name: str, value: int) -> list[int]:
    """The rules with one of another value."""
    return [value if name == rule else usual for rule, usual in zip(RULE_NAMES, RULES, strict=True)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("challenge", 0),
        ("silence", 0),
        ("inbox", 0),
        ("freeze", 0),
        ("rollback", RULES[4] - 1),
        ("change", 0),
        ("change", RULES[0] - 1),
        ("bond", 0),
    ],
)
def test_invalid_rules(deployer: Any, project: Any, name: str, value: int) -> None:
    """No period is zero, nor the bond, and a change is announced for as long as a challenge may take."""
    root = project.PlasmaRoot
    data = root.contract_type.deployment_bytecode.bytecode
    arguments = root.constructor.encode_input(with_rule(name, value), deployer)
    call = {"from": deployer.address, "data": data + bytes(arguments).hex()}
    answer = deployer.provider.web3.provider.make_request("eth_call", [call, "latest"])
    assert answer["error"]["data"] == "0x" + keccak(text="InvalidRules()")[:4].hex()


@pytest.mark.parametrize(("name", "value"), [("rollback", RULES[4]), ("change", RULES[0]), ("bond", 1)])
def test_rules(deployer: Any, project: Any, name: str, value: int) -> None:
    """The rules can be read; these are the least."""
    rules = with_rule(name, value)
    root = deployer.deploy(project.PlasmaRoot, rules, deployer)
    assert list(root.rules()) == rules
    assert (root.owner(), root.halted(), root.faultProven(), root.frozenUntil()) == (deployer, False, False, 0)


def test_connect_once(young: Plasma, deployer: Any, project: Any, stranger: Any, refused: Refused) -> None:
    """The owner tells once, and only contracts, which the others are."""
    error = ("OwnableUnauthorizedAccount(address)", stranger)
    pair = (young.vault, young.challenges)
    refused(young.root.connect, *pair, error=error, sender=stranger)
    refused(young.root.connect, *pair, error="AlreadyConnected()", sender=young.owner)
    root = deployer.deploy(project.PlasmaRoot, RULES, young.owner)
    error = ("NotPermitted(address)", stranger)
    refused(root.connect, stranger, young.challenges, error=error, sender=young.owner)
    refused(root.connect, young.vault, stranger, error=error, sender=young.owner)
    root.connect(*pair, sender=young.owner)
    assert (root.vault(), root.challenges()) == pair


def test_only_challenges(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """Nobody but the contract of challenges condemns or slashes: not the owner, and no authority."""
    submission = plasma.seal_and_submit()
    for sender in (stranger, plasma.owner):
        error = ("NotPermitted(address)", sender)
        refused(plasma.root.condemn, submission.abi(), sender, error=error, sender=sender)
        refused(plasma.root.slashEquivocator, 1, 0, sender, error=error, sender=sender)
