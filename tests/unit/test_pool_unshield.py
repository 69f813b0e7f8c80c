"""What leaves the shielded pool, and who may take it."""

from __future__ import annotations

from typing import Any

import pytest

from offchain.wallet.note import ETH
from offchain.zk.field import MODULUS
from tests.conftest import Refused
from tests.unit.formulas import ETHER
from tests.unit.shielded import KWH, Shielded, number

ZERO = "0x" + "00" * 20


@pytest.fixture(scope="module")
def plain(deployer: Any, project: Any) -> Any:
    """An ERC-20 that is no energy."""
    return deployer.deploy(project.Token, 10**30)


@pytest.fixture(autouse=True, scope="module")
def _filled(shielded: Shielded, plain: Any, deployer: Any, prosumer: Any) -> None:
    """10 ETH, 10 kWh of the north and 1000 units of the plain token are in the pool."""
    plain.approve(shielded.pool, 2**256 - 1, sender=deployer)
    shielded.pool.shield(ETH, 10 * ETHER - 1, number(), b"", sender=deployer, value=10 * ETHER - 1)
    shielded.pool.shield(shielded.north, 10 * KWH, number(), b"", sender=prosumer)
    shielded.pool.shield(plain, 1000, number(), b"", sender=deployer)


def test_unshield_ether(shielded: Shielded, stranger: Any, recipient: Any) -> None:
    """S6 ETH is paid to the recipient; nullifiers, notes and the amount are told."""
    pool, request = shielded.pool, shielded.unshield(ETH, 3 * ETHER, recipient)
    held, inside, queued = recipient.balance, pool.inside(ETH), pool.queued()
    receipt = shielded.send(request, stranger)
    assert receipt.events == [
        pool.NullifiersSpent(nullifiers=list(request.nullifiers)),
        pool.NotesQueued(firstPosition=queued, commitments=list(request.commitments), ciphertexts=b"sealed"),
        pool.Unshielded(asset=ETH, recipient=recipient, amount=3 * ETHER),
    ]
    assert recipient.balance == held + 3 * ETHER
    assert pool.balance == pool.inside(ETH) == inside - 3 * ETHER


def test_unshield_energy(shielded: Shielded, stranger: Any, consumer: Any) -> None:
    """S6 energy is minted as it leaves."""
    pool, north = shielded.pool, shielded.north
    supply, held, inside = north.totalSupply(), north.balanceOf(consumer), pool.inside(north)
    receipt = shielded.send(shielded.unshield(north, 4 * KWH, consumer), stranger)
    assert receipt.events[2:] == [
        north.Transfer(**{"from": ZERO, "to": consumer, "value": 4 * KWH}),
        pool.Unshielded(asset=north, recipient=consumer, amount=4 * KWH),
    ]
    assert (north.balanceOf(consumer), north.totalSupply()) == (held + 4 * KWH, supply + 4 * KWH)
    assert (pool.inside(north), north.balanceOf(pool)) == (inside - 4 * KWH, 0)


def test_unshield_token(shielded: Shielded, plain: Any, stranger: Any, recipient: Any) -> None:
    """S6 another token is paid out of what the pool holds, to anybody."""
    receipt = shielded.send(shielded.unshield(plain, 400, recipient), stranger)
    assert receipt.events[-1] == shielded.pool.Unshielded(asset=plain, recipient=recipient, amount=400)
    assert plain.balanceOf(recipient) == 400
    assert plain.balanceOf(shielded.pool) == shielded.pool.inside(plain) == 600


def test_amount(shielded: Shielded, recipient: Any, denied: Refused) -> None:
    """S6 an unshield of nothing is a transfer, and refused as an unshield."""
    denied(shielded.unshield(ETH, 0, recipient), error=("InvalidAmount(uint256)", 0))


@pytest.mark.parametrize("above", [1, 2, 2**96 - 1])
def test_asset_has_160_bits(shielded: Shielded, recipient: Any, denied: Refused, above: int) -> None:
    """S6 an asset is one number only: the same address with further bits is refused."""
    asset = int(ETH, 16) + (above << 160)
    denied(shielded.unshield(asset, 1, recipient), error=("NotInField(uint256)", asset))
    denied(shielded.unshield(2**160, 1, recipient), error=("NotInField(uint256)", 2**160))
    denied(shielded.unshield(MODULUS - 1, 1, recipient), error=("NotInField(uint256)", MODULUS - 1))
    most = f"0x{2**160 - 1:040x}"
    error = ("TurnstileExceeded(address,uint256,uint256)", most, 1, 0)
    denied(shielded.unshield(2**160 - 1, 1, recipient), error=error)


@pytest.mark.parametrize("asset", ["ether", "energy", "token"])
def test_recipient_is_somebody(shielded: Shielded, plain: Any, denied: Refused, asset: str) -> None:
    """S6 nothing is paid to nobody, nor to the pool itself, where it would be nobody's."""
    unit = {"ether": ETH, "energy": shielded.north, "token": plain}[asset]
    for nobody in (ZERO, shielded.pool.address):
        denied(shielded.unshield(unit, 1, nobody), error=("InvalidRecipient(address)", nobody))


def test_recipient_refuses_ether(shielded: Shielded, project: Any, deployer: Any, denied: Refused) -> None:
    """S6 a recipient that refuses ETH, whatever it says, gets the pool's own error and the notes stay unspent."""
    inside = shielded.pool.inside(ETH)
    for name in ("EtherRefuser", "Token"):
        refuser = deployer.deploy(*([project.EtherRefuser] if name == "EtherRefuser" else [project.Token, 1]))
        request = shielded.unshield(ETH, 1, refuser)
        denied(request, error=("InvalidRecipient(address)", refuser))
        assert not shielded.pool.isSpent(request.nullifiers[0])
        assert shielded.pool.inside(ETH) == inside


def test_recipient_may_need_gas(shielded: Shielded, wallet: Any, stranger: Any) -> None:
    """S6 a contract that does something when it receives ETH is paid."""
    deposits, held = wallet.deposits(), wallet.balance
    shielded.send(shielded.unshield(ETH, ETHER, wallet), stranger)
    assert (wallet.deposits(), wallet.balance) == (deposits + 1, held + ETHER)


def test_energy_leaves_only_to_whom_the_policy_allows(
    shielded: Shielded, stranger: Any, prosumer: Any, operator: Any, denied: Refused, wallet: Any
) -> None:
    """S7 the pool mints, and minting asks no policy: so the pool asks it. An account loses its right as it got it."""
    pool, north, registry = shielded.pool, shielded.north, shielded.registry
    inside = pool.inside(north)
    for nobody in (stranger, operator, wallet):
        denied(shielded.unshield(north, 1, nobody), error=("InvalidRecipient(address)", nobody))
    shielded.send(shielded.unshield(north, 1, prosumer), stranger)
    registry.setAccount(1, prosumer, False, sender=operator)
    denied(shielded.unshield(north, 1, prosumer), error=("InvalidRecipient(address)", prosumer))
    registry.setListed(wallet, True, sender=operator)
    shielded.send(shielded.unshield(north, 1, wallet), stranger)
    assert (north.balanceOf(wallet), pool.inside(north)) == (1, inside - 2)


def test_right_to_energy_is_the_microgrids(
    shielded: Shielded, stranger: Any, operator: Any, prosumer: Any, denied: Refused
) -> None:
    """S7 who may hold the north's energy may not therefore hold the south's."""
    pool, south = shielded.pool, shielded.south
    pool.shield(south, KWH, number(), b"", sender=prosumer)
    shielded.registry.setAccount(1, stranger, True, sender=operator)
    denied(shielded.unshield(south, KWH, stranger), error=("InvalidRecipient(address)", stranger))
    shielded.send(shielded.unshield(shielded.north, KWH, stranger), stranger)
    assert shielded.north.balanceOf(stranger) == KWH


def test_other_assets_ask_no_policy(shielded: Shielded, plain: Any, stranger: Any) -> None:
    """S7 the policy is one of energy: any account takes ETH and other tokens."""
    held = stranger.balance
    shielded.send(shielded.unshield(ETH, 5 * ETHER, stranger), shielded.operator)
    shielded.send(shielded.unshield(plain, 5, stranger), shielded.operator)
    assert (stranger.balance - held, plain.balanceOf(stranger)) == (5 * ETHER, 5)


def test_paused_energy_stays_in(
    shielded: Shielded, stranger: Any, consumer: Any, operator: Any, guardian: Any, denied: Refused
) -> None:
    """S7 while energy is paused none leaves; its notes can still change hands."""
    north = shielded.north
    north.grantRole(north.PAUSER_ROLE(), guardian, sender=operator)
    north.pause(sender=guardian)
    denied(shielded.unshield(north, 1, consumer), error="EnforcedPause()")
    assert not shielded.send(shielded.transfer(), stranger).failed
    north.unpause(sender=guardian)
    assert not shielded.send(shielded.unshield(north, 1, consumer), stranger).failed
