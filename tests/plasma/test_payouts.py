"""What leaves the vault: within the cap of a window, to whom it belongs, and only what is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain.artifacts import load
from offchain.plasma.messages import Exit
from offchain.plasma.records import to_hex
from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.made_up import CHILD_CHAIN_ID
from tests.plasma.payouts import CAP, Burned, burning, listed_token, next_window, release
from tests.plasma.stage import CHANGE_PERIOD, ETH, ETH_CAP, WINDOW, Plasma

CAP_REACHED = "CapReached(address,uint256)"
NOT_BACKED = "NotBacked(address,uint256,uint256)"
PAID = "AlreadyPaid(bytes32)"
AtTime = Callable[[int], None]


@pytest.fixture
def burned(plasma: Plasma, prosumer: Any, recipient: Any) -> Burned:
    return burning(plasma, prosumer, recipient)


@pytest.fixture
def token(plasma: Plasma, project: Any, deployer: Any, prosumer: Any) -> Any:
    return listed_token(plasma, project, deployer, prosumer)


def released(plasma: Plasma, exit_: Exit) -> int:
    return int(plasma.vault.exitOf(exit_.key(CHILD_CHAIN_ID))[1])


def test_exit_above_the_cap(plasma: Plasma, burned: Burned, recipient: Any, refused: Refused, at_time: AtTime) -> None:
    """P5 an exit above the cap is paid in parts, one a window, to the last unit and no further."""
    (exit_,) = burned(2 * ETH_CAP + 1)
    key = exit_.key(CHILD_CHAIN_ID)
    for left in (ETH_CAP + 1, 1):
        receipt = release(plasma, exit_)
        paid = {"key": key, "recipient": recipient, "asset": ETH, "amount": ETH_CAP, "left": left}
        assert receipt.events == [plasma.vault.ExitReleased(**paid)]
        assert plasma.vault.roomOf(ETH) == 0
        until = next_window(plasma)
        error = (CAP_REACHED, ETH, until)
        refused(plasma.vault.releaseExit, exit_.abi(), error=error, sender=plasma.owner, time=until - 1)
        at_time(until)
    receipt = release(plasma, exit_)
    assert receipt.events == [plasma.vault.ExitReleased(key=key, recipient=recipient, asset=ETH, amount=1, left=0)]
    assert plasma.vault.roomOf(ETH) == ETH_CAP - 1
    refused(plasma.vault.releaseExit, exit_.abi(), error=(PAID, key), sender=plasma.owner)
    assert (plasma.vault.claimable(ETH, recipient), plasma.vault.held(ETH)) == (exit_.amount, 0)


def test_exits_share_a_window(plasma: Plasma, burned: Burned, refused: Refused, at_time: AtTime) -> None:
    """P5 what leaves in a window is capped, however many exits it is; who waits is paid in a later one."""
    first, second, third = burned(60 * ETHER, 60 * ETHER, 90 * ETHER)
    release(plasma, first)
    assert plasma.vault.roomOf(ETH) == 40 * ETHER
    release(plasma, second)
    assert (released(plasma, first), released(plasma, second)) == (60 * ETHER, 40 * ETHER)
    until = next_window(plasma)
    for exit_ in (second, third):
        error = (CAP_REACHED, ETH, until)
        refused(plasma.vault.releaseExit, exit_.abi(), error=error, sender=plasma.owner)
    at_time(until)
    release(plasma, third)
    release(plasma, second)
    assert (released(plasma, second), released(plasma, third)) == (50 * ETHER, 90 * ETHER)
    at_time(next_window(plasma))
    release(plasma, second)
    assert (released(plasma, second), plasma.vault.roomOf(ETH)) == (60 * ETHER, 90 * ETHER)


def test_unused_cap_is_lost(plasma: Plasma, burned: Burned) -> None:
    """P5 windows in which nothing left don't add up."""
    (exit_,) = burned(3 * ETH_CAP)
    plasma.wait(5 * WINDOW)
    release(plasma, exit_)
    assert released(plasma, exit_) == ETH_CAP


@pytest.mark.parametrize("cap", [30 * ETHER, 250 * ETHER])
def test_cap_changes(plasma: Plasma, burned: Burned, refused: Refused, at_time: AtTime, cap: int) -> None:
    """P5 another cap is announced and holds from its second on, within the window that it falls in."""
    (exit_,) = burned(1000 * ETHER)
    plasma.wait(WINDOW // 2)
    receipt = plasma.vault.setCap(ETH, cap, sender=plasma.owner)
    start = receipt.timestamp + CHANGE_PERIOD
    assert receipt.events == [plasma.vault.CapAnnounced(asset=ETH, cap=cap, **{"from": start})]
    at_time(start - 1)
    release(plasma, exit_)
    assert released(plasma, exit_) == plasma.vault.capOf(ETH) == ETH_CAP
    plasma.wait(1)
    assert plasma.vault.capOf(ETH) == cap
    if cap < ETH_CAP:
        until = next_window(plasma)
        assert plasma.vault.roomOf(ETH) == 0
        error = (CAP_REACHED, ETH, until)
        refused(plasma.vault.releaseExit, exit_.abi(), error=error, sender=plasma.owner)
        at_time(until)
    release(plasma, exit_)
    assert released(plasma, exit_) == (ETH_CAP + cap if cap < ETH_CAP else cap)


def test_cap_is_the_owners(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """P5 only the owner announces a cap, of a listed asset and above zero; a newer one takes an older one's place."""
    vault = plasma.vault
    refused(vault.setCap, ETH, 1, error=("NotPermitted(address)", stranger), sender=stranger)
    refused(vault.setCap, vault, 1, error=("NotListed(address)", vault), sender=plasma.owner)
    refused(vault.setCap, ETH, 0, error=("InvalidAmount(uint256)", 0), sender=plasma.owner)
    error = ("SafeCastOverflowedUintDowncast(uint8,uint256)", 96, 2**96)
    refused(vault.setCap, ETH, 2**96, error=error, sender=plasma.owner)
    vault.setCap(ETH, 1, sender=plasma.owner)
    plasma.wait(CHANGE_PERIOD - 10)
    vault.setCap(ETH, 2, sender=plasma.owner)
    plasma.wait(CHANGE_PERIOD - 10)
    assert vault.capOf(ETH) == ETH_CAP
    plasma.wait(20)
    assert vault.capOf(ETH) == 2
    vault.setCap(ETH, 3, sender=plasma.owner)
    assert vault.capOf(ETH) == 2


def test_what_the_other_contracts_do(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """P5 escapes, slashed bonds and the halt come from the contracts for them, which are named once."""
    vault, owner = plasma.vault, plasma.owner
    plasma.deposit(owner, ETHER)
    for other in (stranger, owner, plasma.root, plasma.challenges):
        refused(vault.payEscape, ETH, other, 1, error=("NotPermitted(address)", other), sender=other)
    refused(vault.payEscape, ETH, stranger, 1, error="NotHalted()", sender=plasma.escape)
    for other in (stranger, owner, plasma.escape):
        refused(vault.close, error=("NotPermitted(address)", other), sender=other)
        refused(vault.cover, error=("NotPermitted(address)", other), sender=other)
    refused(vault.connect, stranger, error=("NotPermitted(address)", stranger), sender=stranger)
    refused(vault.connect, plasma.root, error="AlreadyConnected()", sender=owner)
    assert vault.escape() == plasma.escape


def test_window_has_a_length(plasma: Plasma) -> None:
    """P9 a vault without windows, in which nothing could leave, can't be deployed."""
    arguments = encode(["address", *3 * ["uint256"]], [plasma.root.address, CHILD_CHAIN_ID, 0, ETH_CAP])
    call = {"from": plasma.owner.address, "data": to_hex(load("PlasmaVault").creation + arguments)}
    answer = plasma.provider.web3.provider.make_request("eth_call", [call, "latest"])
    assert answer["error"]["data"] == to_hex(keccak(text="InvalidWindow()")[:4])


def test_no_cap_after_the_halt(plasma: Plasma, burned: Burned, recipient: Any, refused: Refused) -> None:
    """P5 after the halt, once nothing can be taken back, all that is left of an exit is paid at once."""
    partly, whole = burned(3 * ETH_CAP, 2 * ETH_CAP)
    release(plasma, partly)
    plasma.root.haltSilent(sender=plasma.owner)
    error = (CAP_REACHED, ETH, next_window(plasma))
    refused(plasma.vault.releaseExit, partly.abi(), error=error, sender=plasma.owner)
    plasma.settle()
    release(plasma, partly)
    release(plasma, whole)
    assert (released(plasma, partly), released(plasma, whole)) == (3 * ETH_CAP, 2 * ETH_CAP)
    assert (plasma.vault.claimable(ETH, recipient), plasma.vault.held(ETH)) == (5 * ETH_CAP, 0)


def test_not_backed(plasma: Plasma, burned: Burned, recipient: Any, refused: Refused) -> None:
    """P5 a burn of more than was ever deposited takes nothing; after the halt it takes what is there."""
    (exit_,) = burned(50 * ETHER, backing=10 * ETHER)
    error = (NOT_BACKED, ETH, 50 * ETHER, 10 * ETHER)
    refused(plasma.vault.releaseExit, exit_.abi(), error=error, sender=plasma.owner)
    plasma.root.haltSilent(sender=plasma.owner)
    plasma.settle()
    release(plasma, exit_)
    assert plasma.vault.claimable(ETH, recipient) == 10 * ETHER
    error = (NOT_BACKED, ETH, 40 * ETHER, 0)
    refused(plasma.vault.releaseExit, exit_.abi(), error=error, sender=plasma.owner)


def test_given_ether_backs_nothing(
    plasma: Plasma, burned: Burned, project: Any, deployer: Any, refused: Refused
) -> None:
    """P5 only deposits back exits: neither what waits for its owner nor ETH that was forced in."""
    first, second = burned(ETHER, ETHER, backing=ETHER)
    release(plasma, first)
    deployer.deploy(project.ForcedEther).give(plasma.vault, value=ETHER, sender=deployer)
    assert plasma.vault.balance == 2 * ETHER
    refused(plasma.vault.releaseExit, second.abi(), error=(NOT_BACKED, ETH, ETHER, 0), sender=plasma.owner)


def test_assets_do_not_mix(plasma: Plasma, burned: Burned, token: Any, recipient: Any, refused: Refused) -> None:
    """P5 each asset has its own backing, cap and owners; one that isn't listed pays nothing."""
    vault = plasma.vault
    (ether,) = burned(5000, backing=5000)
    (tokens,) = burned(3000, backing=700, asset=token)
    release(plasma, ether)
    assert (vault.roomOf(ETH), vault.roomOf(token)) == (ETH_CAP - 5000, CAP)
    refused(vault.releaseExit, tokens.abi(), error=(NOT_BACKED, token, CAP, 700), sender=plasma.owner)
    refused(vault.claim, token, recipient, error="NothingThere()", sender=recipient)
    plasma.deposit(plasma.owner, ETHER)
    (unlisted,) = burned(1, backing=0, asset=vault)
    error = (CAP_REACHED, vault, next_window(plasma))
    refused(vault.releaseExit, unlisted.abi(), error=error, sender=plasma.owner)
    plasma.root.haltSilent(sender=plasma.owner)
    plasma.settle()
    release(plasma, tokens)
    assert (vault.claimable(token, recipient), vault.claimable(ETH, recipient)) == (700, 5000)
    refused(vault.releaseExit, unlisted.abi(), error=(NOT_BACKED, vault, 1, 0), sender=plasma.owner)
    assert (vault.held(ETH), vault.held(token)) == (ETHER, 0)
