"""What comes into the shielded pool: ETH, energy, other tokens."""

from __future__ import annotations

from typing import Any

import pytest

from offchain.wallet.note import ETH, commitment
from offchain.zk.field import MODULUS
from tests.conftest import Refused
from tests.unit.formulas import DEADLINE, ETHER
from tests.unit.shielded import KWH, Shielded, number
from tests.unit.test_energy_token import signed

ZERO = "0x" + "00" * 20
MOST = 2**128 - 1


@pytest.fixture(scope="module")
def plain(deployer: Any, project: Any, trader: Any, shielded: Shielded) -> Any:
    """An ERC-20 that is no energy; the trader holds much more than fits into a note, all approved to the pool."""
    token = deployer.deploy(project.Token, 2**200)
    token.transfer(trader, 2**199, sender=deployer)
    token.approve(shielded.pool, 2**256 - 1, sender=trader)
    return token


def test_shield_ether(shielded: Shielded, trader: Any) -> None:
    """S1 ETH is kept; the note that waits is the one the wallet computes from npk, asset and amount."""
    pool, npk = shielded.pool, number()
    receipt = pool.shield(ETH, 3 * ETHER, npk, b"sealed", sender=trader, value=3 * ETHER)
    expected = commitment(npk, ETH, 3 * ETHER)
    assert receipt.events == [
        pool.NotesQueued(firstPosition=1, commitments=[expected], ciphertexts=b"sealed"),
        pool.Shielded(asset=ETH, amount=3 * ETHER, npk=npk, position=1),
    ]
    assert pool.balance == pool.inside(ETH) == 3 * ETHER + 1
    assert (pool.queued(), pool.flushed(), pool.waiting(1)) == (2, 1, expected)


def test_shield_energy(shielded: Shielded, prosumer: Any) -> None:
    """S1 energy is burned as it comes in; the pool never holds any."""
    pool, north, npk = shielded.pool, shielded.north, number()
    supply = north.totalSupply()
    receipt = pool.shield(north, 5 * KWH, npk, b"", sender=prosumer)
    assert receipt.events == [
        north.Transfer(**{"from": prosumer, "to": ZERO, "value": 5 * KWH}),
        pool.NotesQueued(firstPosition=1, commitments=[commitment(npk, north.address, 5 * KWH)], ciphertexts=b""),
        pool.Shielded(asset=north, amount=5 * KWH, npk=npk, position=1),
    ]
    assert (north.balanceOf(prosumer), north.balanceOf(pool)) == (995 * KWH, 0)
    assert (north.totalSupply(), pool.inside(north), pool.inside(shielded.south)) == (supply - 5 * KWH, 5 * KWH, 0)


def test_shield_token(shielded: Shielded, plain: Any, trader: Any) -> None:
    """S1 another token is kept as it is; a second note has the next position."""
    pool, npk = shielded.pool, number()
    pool.shield(plain, 7, npk, b"", sender=trader)
    receipt = pool.shield(plain, MOST, npk, b"two", sender=trader)
    assert receipt.events[1:] == [
        pool.NotesQueued(firstPosition=2, commitments=[commitment(npk, plain.address, MOST)], ciphertexts=b"two"),
        pool.Shielded(asset=plain, amount=MOST, npk=npk, position=2),
    ]
    assert plain.balanceOf(pool) == pool.inside(plain) == MOST + 7


@pytest.mark.parametrize("amount", [0, 2**128, 2**255])
def test_amount_out_of_bounds(
    shielded: Shielded, plain: Any, trader: Any, prosumer: Any, refused: Refused, amount: int
) -> None:
    """S2 a note of nothing, or of more than 128 bits, is refused for every kind of asset."""
    error = ("InvalidAmount(uint256)", amount)
    refused(shielded.pool.shield, plain, amount, 1, b"", error=error, sender=trader)
    refused(shielded.pool.shield, ETH, amount, 1, b"", error=error, sender=trader, value=0)
    refused(shielded.pool.shield, shielded.north, amount, 1, b"", error=error, sender=prosumer)


def test_key_is_a_field_element(shielded: Shielded, trader: Any, refused: Refused) -> None:
    """S2 a note public key is below the field's modulus: two keys never make one note."""
    for npk in (MODULUS, MODULUS + 1, 2**256 - 1):
        error = ("NotInField(uint256)", npk)
        refused(shielded.pool.shield, ETH, 1, npk, b"", error=error, sender=trader, value=1)
    for npk in (0, MODULUS - 1):
        receipt = shielded.pool.shield(ETH, 1, npk, b"", sender=trader, value=1)
        assert receipt.events[0].commitments == [commitment(npk, ETH, 1)]


def test_value_is_the_amount(shielded: Shielded, plain: Any, trader: Any, prosumer: Any, refused: Refused) -> None:
    """S2 the ETH sent is the amount of ETH, and none comes with a token."""
    pool = shielded.pool
    for sent in (0, 4, 6):
        error = ("WrongValue(uint256,uint256)", 5, sent)
        refused(pool.shield, ETH, 5, 1, b"", error=error, sender=trader, value=sent)
    error = ("WrongValue(uint256,uint256)", 0, 1)
    refused(pool.shield, plain, 1, 1, b"", error=error, sender=trader, value=1)
    refused(pool.shield, shielded.north, 1, 1, b"", error=error, sender=prosumer, value=1)


def test_ether_comes_only_as_a_note(shielded: Shielded, trader: Any, refused_data: Refused) -> None:
    """S2 ETH sent without a call would be nobody's, so it is refused; so is a call of no function."""
    refused_data(shielded.pool, b"", error=("WrongValue(uint256,uint256)", 0, 1), sender=trader, value=1)
    refused_data(shielded.pool, b"", error=("WrongValue(uint256,uint256)", 0, 0), sender=trader)
    refused_data(shielded.pool, b"\xde\xad\xbe\xef", error=b"", sender=trader, value=1)


def test_asset_is_a_contract(shielded: Shielded, trader: Any, stranger: Any, refused: Refused) -> None:
    """S2 an account without code is no asset: its transfers would succeed and move nothing."""
    for asset in (ZERO, stranger.address):
        error = ("InvalidAsset(address)", asset)
        refused(shielded.pool.shield, asset, 1, 1, b"", error=error, sender=trader)
        permit = (DEADLINE, 27, bytes(32), bytes(32))
        refused(shielded.pool.shieldWithPermit, asset, 1, 1, b"", *permit, error=error, sender=trader)
    error = ("InvalidAsset(address)", ETH)
    refused(shielded.pool.shieldWithPermit, ETH, 1, 1, b"", *permit, error=error, sender=trader)


def test_no_more_than_is_allowed_and_held(
    shielded: Shielded, plain: Any, prosumer: Any, trader: Any, refused: Refused
) -> None:
    """S2 the caller's own tokens come in, as far as it allowed it; energy too, though the pool may burn it."""
    pool = shielded.pool
    plain.approve(pool, 5, sender=trader)
    error: Any = ("ERC20InsufficientAllowance(address,uint256,uint256)", pool, 5, 6)
    refused(pool.shield, plain, 6, 1, b"", error=error, sender=trader)
    shielded.north.approve(pool, 5, sender=prosumer)
    refused(pool.shield, shielded.north, 6, 1, b"", error=error, sender=prosumer)
    shielded.north.approve(pool, 2000 * KWH, sender=prosumer)
    error = ("ERC20InsufficientBalance(address,uint256,uint256)", prosumer, 1000 * KWH, 1000 * KWH + 1)
    refused(pool.shield, shielded.north, 1000 * KWH + 1, 1, b"", error=error, sender=prosumer)


def test_shield_with_permit(shielded: Shielded, prosumer: Any, chain: Any, refused: Refused) -> None:
    """S1 a signature stands for the approval, exactly of the amount."""
    pool, north, npk = shielded.pool, shielded.north, number()
    north.approve(pool, 0, sender=prosumer)
    permit = signed(north, prosumer, prosumer, pool, 5 * KWH, 0, DEADLINE, chain.chain_id)
    receipt = pool.shieldWithPermit(north, 5 * KWH, npk, b"", DEADLINE, *permit, sender=prosumer)
    assert receipt.events[-1] == pool.Shielded(asset=north, amount=5 * KWH, npk=npk, position=1)
    assert pool.inside(north) == 5 * KWH
    assert (north.allowance(prosumer, pool), north.nonces(prosumer)) == (0, 1)


def test_permit_used_by_another(shielded: Shielded, prosumer: Any, stranger: Any, chain: Any, refused: Refused) -> None:
    """S1 who sends the permit first does what it was signed for; who sends another's shields nothing of it."""
    pool, north = shielded.pool, shielded.north
    north.approve(pool, 0, sender=prosumer)
    permit = signed(north, prosumer, prosumer, pool, 5 * KWH, 0, DEADLINE, chain.chain_id)
    error = ("ERC20InsufficientAllowance(address,uint256,uint256)", pool, 0, 5 * KWH)
    refused(pool.shieldWithPermit, north, 5 * KWH, 1, b"", DEADLINE, *permit, error=error, sender=stranger)
    north.permit(prosumer, pool, 5 * KWH, DEADLINE, *permit, sender=stranger)
    pool.shieldWithPermit(north, 5 * KWH, number(), b"", DEADLINE, *permit, sender=prosumer)
    assert north.balanceOf(prosumer) == 995 * KWH
    error = ("ERC20InsufficientAllowance(address,uint256,uint256)", pool, 0, 5 * KWH)
    refused(pool.shieldWithPermit, north, 5 * KWH, 1, b"", DEADLINE, *permit, error=error, sender=prosumer)


def test_token_without_permit(shielded: Shielded, plain: Any, trader: Any) -> None:
    """S1 a token that knows no permits needs its approval, and then the permit doesn't matter."""
    shielded.pool.shieldWithPermit(plain, 5, number(), b"", DEADLINE, 27, bytes(32), bytes(32), sender=trader)
    assert plain.balanceOf(shielded.pool) == shielded.pool.inside(plain) == 5


def test_gift_is_no_note(shielded: Shielded, plain: Any, deployer: Any, prosumer: Any, project: Any) -> None:
    """S1 what is given to the pool without a shield can't leave: the turnstile doesn't count it."""
    pool = shielded.pool
    plain.transfer(pool, 100, sender=deployer)
    shielded.north.transfer(pool, KWH, sender=prosumer)
    deployer.deploy(project.ForcedEther).give(pool, sender=deployer, value=100)
    assert [pool.inside(asset) for asset in (plain, shielded.north, ETH)] == [0, 0, 1]


def test_paused_energy_stays_out(
    shielded: Shielded, prosumer: Any, operator: Any, guardian: Any, refused: Refused
) -> None:
    """S2 while energy is paused it neither comes in nor leaves."""
    pool, north = shielded.pool, shielded.north
    north.grantRole(north.PAUSER_ROLE(), guardian, sender=operator)
    north.pause(sender=guardian)
    refused(pool.shield, north, KWH, 1, b"", error="EnforcedPause()", sender=prosumer)
