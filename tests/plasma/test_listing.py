"""Which tokens may be deposited, and how much may leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from offchain.plasma.messages import Message, MessageKind
from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.stage import CHANGE_PERIOD, ETH, ETH_CAP, Plasma, sent_message

AtTime = Callable[[int], None]
ZERO = "0x" + "00" * 20
NOT_PERMITTED = "NotPermitted(address)"
INVALID = "InvalidToken(address)"


def test_listing(plasma: Plasma, deployer: Any, project: Any, refused: Refused) -> None:
    """A listed token has a cap from the start; the plasma chain learns its name, symbol and decimals. It is listed
    once."""
    token = deployer.deploy(project.NamedToken, "Stromschein ⚡", "kWh")
    receipt = plasma.vault.listToken(token, 5, sender=plasma.owner)
    message = sent_message(receipt)
    owner = plasma.owner.address
    assert message == Message(MessageKind.LIST_TOKEN, owner, ZERO, token.address, 0, plasma.now, message.data)
    assert message.listing() == ("Stromschein ⚡", "kWh", 18)
    assert receipt.decode_logs(plasma.vault.CapAnnounced) == [plasma.vault.CapAnnounced(token, 5, plasma.now)]
    assert plasma.vault.capOf(token) == plasma.vault.roomOf(token) == 5
    plasma.vault.requireMessage(0, message.abi())
    refused(plasma.vault.listToken, token, 6, error=(INVALID, token), sender=plasma.owner)


def test_listing_is_the_owners(plasma: Plasma, deployer: Any, project: Any, stranger: Any, refused: Refused) -> None:
    """Only the owner of PlasmaRoot lists tokens and sets caps; the vault has no other."""
    token = deployer.deploy(project.Token, 1)
    error = (NOT_PERMITTED, stranger)
    refused(plasma.vault.listToken, token, 1, error=error, sender=stranger)
    refused(plasma.vault.setCap, ETH, 1, error=error, sender=stranger)


def test_no_tokens(plasma: Plasma, deployer: Any, stranger: Any, refused: Refused) -> None:
    """Neither an account, nor ETH, nor a contract without a name is a token."""
    for account in (stranger, ETH, ZERO):
        refused(plasma.vault.listToken, account, 1, error=(INVALID, account), sender=plasma.owner)
    for contract in (plasma.root, plasma.vault, plasma.challenges):
        refused(plasma.vault.listToken, contract, 1, error=b"", sender=plasma.owner)


@pytest.mark.parametrize(("name", "symbol"), [("N" * 65, "S"), ("N", "S" * 65), ("é" * 33, "S")])
def test_long_names(plasma: Plasma, deployer: Any, project: Any, refused: Refused, name: str, symbol: str) -> None:
    """Names of more than 64 bytes are too long."""
    token = deployer.deploy(project.NamedToken, name, symbol)
    refused(plasma.vault.listToken, token, 1, error=(INVALID, token), sender=plasma.owner)


def test_longest_names(plasma: Plasma, deployer: Any, project: Any) -> None:
    """64 bytes are not too long, and none at all will do."""
    for name in ("N" * 64, ""):
        token = deployer.deploy(project.NamedToken, name, name)
        message = sent_message(plasma.vault.listToken(token, 1, sender=plasma.owner))
        assert message.listing() == (name, name, 18)


def test_caps_that_are_none(plasma: Plasma, deployer: Any, project: Any, refused: Refused) -> None:
    """A cap of zero would keep everything in for ever; one of 96 bits is the most."""
    token = deployer.deploy(project.Token, 1)
    too_large = ("SafeCastOverflowedUintDowncast(uint8,uint256)", 96, 2**96)
    for method, asset in ((plasma.vault.listToken, token), (plasma.vault.setCap, ETH)):
        refused(method, asset, 0, error=("InvalidAmount(uint256)", 0), sender=plasma.owner)
        refused(method, asset, 2**96, error=too_large, sender=plasma.owner)
    plasma.vault.listToken(token, 2**96 - 1, sender=plasma.owner)
    assert plasma.vault.capOf(token) == 2**96 - 1


def test_cap_of_an_unlisted_token(plasma: Plasma, deployer: Any, project: Any, refused: Refused) -> None:
    """A cap lists nothing."""
    token = deployer.deploy(project.Token, 1)
    refused(plasma.vault.setCap, token, 1, error=("NotListed(address)", token), sender=plasma.owner)
    assert plasma.vault.capOf(token) == plasma.vault.roomOf(token) == 0


def cap_at(plasma: Plasma, at_time: AtTime, time: int) -> int:
    """The cap of ETH at a time."""
    at_time(time)
    plasma.provider.mine()
    return int(plasma.vault.capOf(ETH))


@pytest.mark.parametrize("cap", [1, ETH_CAP - 1, ETH_CAP + 1, 2**96 - 1])
def test_cap_is_announced(plasma: Plasma, at_time: AtTime, cap: int) -> None:
    """Another cap, lower or higher, holds only when it was announced for long enough, to the second."""
    receipt = plasma.vault.setCap(ETH, cap, sender=plasma.owner)
    start = plasma.now + CHANGE_PERIOD
    assert receipt.events == [plasma.vault.CapAnnounced(ETH, cap, start)]
    assert plasma.vault.capOf(ETH) == ETH_CAP
    assert cap_at(plasma, at_time, start - 1) == ETH_CAP
    assert cap_at(plasma, at_time, start) == cap == plasma.vault.roomOf(ETH)


def test_cap_announced_again(plasma: Plasma, at_time: AtTime) -> None:
    """Another announcement waits for its whole time, whatever was announced before; what holds goes on to hold."""
    plasma.vault.setCap(ETH, 2 * ETH_CAP, sender=plasma.owner)
    plasma.wait(CHANGE_PERIOD - 10)
    plasma.vault.setCap(ETH, 3 * ETH_CAP, sender=plasma.owner)
    start = plasma.now + CHANGE_PERIOD
    assert cap_at(plasma, at_time, start - 1) == ETH_CAP
    assert cap_at(plasma, at_time, start) == 3 * ETH_CAP
    plasma.vault.setCap(ETH, 4 * ETH_CAP, sender=plasma.owner)
    start = plasma.now + CHANGE_PERIOD
    assert cap_at(plasma, at_time, start - 1) == 3 * ETH_CAP
    assert cap_at(plasma, at_time, start) == 4 * ETH_CAP


def test_cap_of_one_asset(plasma: Plasma, deployer: Any, project: Any) -> None:
    """Each asset has its own cap."""
    token = deployer.deploy(project.Token, 1)
    plasma.vault.listToken(token, 7, sender=plasma.owner)
    plasma.vault.setCap(token, ETHER, sender=plasma.owner)
    plasma.wait(CHANGE_PERIOD)
    assert (plasma.vault.capOf(token), plasma.vault.capOf(ETH)) == (ETHER, ETH_CAP)
