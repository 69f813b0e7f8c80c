"""A microgrid's energy token: roles, permits, pause and transfer policy."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from tests.conftest import Refused
from tests.unit.formulas import DEADLINE, ETHER

ZERO = "0x" + "00" * 20
ADMIN = bytes(32)
MINTER, BURNER, PAUSER = (keccak(text=f"{name}_ROLE") for name in ("MINTER", "BURNER", "PAUSER"))
ROLES = {"admin": ADMIN, "minter": MINTER, "burner": BURNER, "pauser": PAUSER}
MISSING = "AccessControlUnauthorizedAccount(address,bytes32)"
MAX = 2**256 - 1
KWH = 10**18


@pytest.fixture(scope="module")
def energy(deployer: Any, project: Any, operator: Any, prosumer: Any, guardian: Any) -> Any:
    """A token with one account for each role; the prosumer holds 100 kWh. The deployer has no role."""
    token = deployer.deploy(project.EnergyToken, "Microgrid North", "kWhN", operator)
    token.grantRole(MINTER, operator, sender=operator)
    token.grantRole(BURNER, operator, sender=operator)
    token.grantRole(PAUSER, guardian, sender=operator)
    token.mint(prosumer, 100 * KWH, sender=operator)
    return token


@pytest.fixture(scope="module")
def policy(deployer: Any, project: Any) -> Any:
    """A policy that refuses what it is told to refuse."""
    return deployer.deploy(project.ListPolicy)


def test_metadata(energy: Any, deployer: Any, operator: Any) -> None:
    """T1 name, symbol and 18 decimals; the administrator is the one given, not the deployer."""
    assert (energy.name(), energy.symbol(), energy.decimals()) == ("Microgrid North", "kWhN", 18)
    assert (energy.MINTER_ROLE(), energy.BURNER_ROLE(), energy.PAUSER_ROLE()) == (MINTER, BURNER, PAUSER)
    assert energy.hasRole(ADMIN, operator)
    assert not any(energy.hasRole(role, deployer) for role in ROLES.values())
    assert energy.transferPolicy() == ZERO
    assert not energy.paused()
    assert all(energy.getRoleAdmin(role) == ADMIN for role in ROLES.values())


def test_mint(energy: Any, operator: Any, prosumer: Any, consumer: Any, guardian: Any, refused: Refused) -> None:
    """T2 only a minter mints."""
    for sender in (prosumer, guardian, consumer):
        refused(energy.mint, sender, 1, error=(MISSING, sender, MINTER), sender=sender)
    receipt = energy.mint(consumer, 5 * KWH, sender=operator)
    assert receipt.events == [energy.Transfer(**{"from": ZERO, "to": consumer, "value": 5 * KWH})]
    assert (energy.balanceOf(consumer), energy.totalSupply()) == (5 * KWH, 105 * KWH)
    refused(energy.mint, ZERO, 1, error=("ERC20InvalidReceiver(address)", ZERO), sender=operator)


def test_burn(energy: Any, operator: Any, prosumer: Any, refused: Refused) -> None:
    """T2 only a burner burns, and with `burn` only what it holds itself."""
    refused(energy.burn, 1, error=(MISSING, prosumer, BURNER), sender=prosumer)
    error = ("ERC20InsufficientBalance(address,uint256,uint256)", operator, 0, 1)
    refused(energy.burn, 1, error=error, sender=operator)
    energy.transfer(operator, 7 * KWH, sender=prosumer)
    receipt = energy.burn(4 * KWH, sender=operator)
    assert receipt.events == [energy.Transfer(**{"from": operator, "to": ZERO, "value": 4 * KWH})]
    assert (energy.balanceOf(operator), energy.totalSupply()) == (3 * KWH, 96 * KWH)
    assert energy.balanceOf(prosumer) == 93 * KWH


def test_burn_from(energy: Any, operator: Any, prosumer: Any, consumer: Any, refused: Refused) -> None:
    """T2 a burner burns another's energy only as far as that account allowed it."""
    error: Any = ("ERC20InsufficientAllowance(address,uint256,uint256)", operator, 0, 1)
    refused(energy.burnFrom, prosumer, 1, error=error, sender=operator)
    energy.approve(operator, 3 * KWH, sender=prosumer)
    energy.approve(consumer, 3 * KWH, sender=prosumer)
    refused(energy.burnFrom, prosumer, 1, error=(MISSING, consumer, BURNER), sender=consumer)
    error = ("ERC20InsufficientAllowance(address,uint256,uint256)", operator, 3 * KWH, 3 * KWH + 1)
    refused(energy.burnFrom, prosumer, 3 * KWH + 1, error=error, sender=operator)
    energy.burnFrom(prosumer, 2 * KWH, sender=operator)
    assert energy.allowance(prosumer, operator) == KWH
    assert (energy.balanceOf(prosumer), energy.totalSupply()) == (98 * KWH, 98 * KWH)
    energy.approve(operator, MAX, sender=prosumer)
    error = ("ERC20InsufficientBalance(address,uint256,uint256)", prosumer, 98 * KWH, 99 * KWH)
    refused(energy.burnFrom, prosumer, 99 * KWH, error=error, sender=operator)


def test_transfer(energy: Any, prosumer: Any, consumer: Any, stranger: Any, refused: Refused) -> None:
    """T3 without a policy energy moves as any ERC-20."""
    receipt = energy.transfer(consumer, 2 * KWH, sender=prosumer)
    assert receipt.events == [energy.Transfer(**{"from": prosumer, "to": consumer, "value": 2 * KWH})]
    energy.approve(stranger, KWH, sender=prosumer)
    energy.transferFrom(prosumer, stranger, KWH, sender=stranger)
    held = [energy.balanceOf(account) // KWH for account in (prosumer, consumer, stranger)]
    assert held == [97, 2, 1]
    refused(energy.transfer, ZERO, 1, error=("ERC20InvalidReceiver(address)", ZERO), sender=prosumer)
    error = ("ERC20InsufficientBalance(address,uint256,uint256)", stranger, KWH, KWH + 1)
    refused(energy.transfer, consumer, KWH + 1, error=error, sender=stranger)


def test_roles_are_the_administrators(
    energy: Any, operator: Any, prosumer: Any, guardian: Any, stranger: Any, refused: Refused
) -> None:
    """T4 only the administrator grants and revokes; a minter no longer mints once revoked."""
    for role in ROLES.values():
        for sender in (prosumer, guardian):
            error = (MISSING, sender, ADMIN)
            refused(energy.grantRole, role, stranger, error=error, sender=sender)
            refused(energy.revokeRole, role, operator, error=error, sender=sender)
    energy.revokeRole(MINTER, operator, sender=operator)
    refused(energy.mint, stranger, 1, error=(MISSING, operator, MINTER), sender=operator)
    refused(energy.renounceRole, ADMIN, operator, error="AccessControlBadConfirmation()", sender=stranger)


@pytest.mark.parametrize(("first", "second"), list(permutations(ROLES, 2)))
def test_pauser_holds_no_other_role(
    energy: Any, operator: Any, stranger: Any, refused: Refused, first: str, second: str
) -> None:
    """T5 whoever may pause holds no other role and gets none, in whatever order; the others combine freely."""
    energy.grantRole(ROLES[first], stranger, sender=operator)
    if "pauser" in (first, second):
        error = ("ConflictingRoles(address)", stranger)
        refused(energy.grantRole, ROLES[second], stranger, error=error, sender=operator)
        energy.revokeRole(ROLES[first], stranger, sender=operator)
    energy.grantRole(ROLES[second], stranger, sender=operator)
    assert energy.hasRole(ROLES[second], stranger)
    assert energy.hasRole(ROLES[first], stranger) is ("pauser" not in (first, second))


def test_pauser_is_granted_no_unknown_role(energy: Any, operator: Any, guardian: Any, refused: Refused) -> None:
    """T5 that holds for roles nobody has named yet, and the administrator can't make itself a pauser."""
    error = ("ConflictingRoles(address)", guardian)
    refused(energy.grantRole, keccak(text="OTHER"), guardian, error=error, sender=operator)
    error = ("ConflictingRoles(address)", operator)
    refused(energy.grantRole, PAUSER, operator, error=error, sender=operator)


def test_pause(energy: Any, operator: Any, prosumer: Any, consumer: Any, guardian: Any, refused: Refused) -> None:
    """T6 a pause stops transfers, minting and burning; only a pauser begins and ends it."""
    for sender in (operator, prosumer):
        refused(energy.pause, error=(MISSING, sender, PAUSER), sender=sender)
    energy.transfer(operator, KWH, sender=prosumer)
    energy.approve(operator, 5 * KWH, sender=prosumer)
    refused(energy.unpause, error="ExpectedPause()", sender=guardian)
    assert energy.pause(sender=guardian).events == [energy.Paused(account=guardian)]
    assert energy.paused()
    stopped = {"error": "EnforcedPause()"}
    refused(energy.transfer, consumer, 1, **stopped, sender=prosumer)
    refused(energy.transfer, consumer, 0, **stopped, sender=prosumer)
    refused(energy.transferFrom, prosumer, consumer, 1, **stopped, sender=operator)
    refused(energy.mint, prosumer, 1, **stopped, sender=operator)
    refused(energy.burn, 1, **stopped, sender=operator)
    refused(energy.burnFrom, prosumer, 1, **stopped, sender=operator)
    refused(energy.pause, **stopped, sender=guardian)
    refused(energy.unpause, error=(MISSING, operator, PAUSER), sender=operator)
    energy.unpause(sender=guardian)
    assert not energy.transfer(consumer, 1, sender=prosumer).failed
    assert not energy.burn(1, sender=operator).failed


def test_policy_is_the_administrators(
    energy: Any, policy: Any, operator: Any, guardian: Any, prosumer: Any, refused: Refused
) -> None:
    """T7 only the administrator sets the policy; it must be a contract or nothing, and an event says so."""
    for sender in (guardian, prosumer):
        refused(energy.setTransferPolicy, policy, error=(MISSING, sender, ADMIN), sender=sender)
    error = ("PolicyWithoutCode(address)", prosumer)
    refused(energy.setTransferPolicy, prosumer, error=error, sender=operator)
    receipt = energy.setTransferPolicy(policy, sender=operator)
    assert receipt.events == [energy.TransferPolicyChanged(policy=policy)]
    assert len(receipt.logs[0]["topics"]) == 2
    assert energy.transferPolicy() == policy.address
    assert energy.setTransferPolicy(ZERO, sender=operator).events == [energy.TransferPolicyChanged(policy=ZERO)]
    assert energy.transferPolicy() == ZERO


def test_policy_decides(
    energy: Any, policy: Any, operator: Any, prosumer: Any, consumer: Any, stranger: Any, refused: Refused
) -> None:
    """T8 each transfer is asked for with its own sender, receiver and amount; minting and burning aren't."""
    energy.setTransferPolicy(policy, sender=operator)
    energy.approve(stranger, 10 * KWH, sender=prosumer)
    policy.refuse(prosumer, consumer, KWH, True, sender=stranger)
    error = ("TransferRefused(address,address,address,uint256)", policy, prosumer, consumer, KWH)
    refused(energy.transfer, consumer, KWH, error=error, sender=prosumer)
    refused(energy.transferFrom, prosumer, consumer, KWH, error=error, sender=stranger)
    energy.transfer(consumer, KWH + 1, sender=prosumer)
    energy.transfer(stranger, KWH, sender=prosumer)
    energy.transferFrom(prosumer, consumer, KWH - 1, sender=stranger)
    energy.transfer(prosumer, KWH, sender=consumer)
    policy.refuse(ZERO, prosumer, KWH, True, sender=stranger)
    policy.refuse(prosumer, ZERO, KWH, True, sender=stranger)
    policy.refuse(operator, ZERO, KWH, True, sender=stranger)
    energy.mint(prosumer, KWH, sender=operator)
    energy.approve(operator, KWH, sender=prosumer)
    energy.burnFrom(prosumer, KWH, sender=operator)
    energy.mint(operator, KWH, sender=operator)
    energy.burn(KWH, sender=operator)
    energy.setTransferPolicy(ZERO, sender=operator)
    energy.transfer(consumer, KWH, sender=prosumer)
    assert energy.balanceOf(consumer) == 2 * KWH


def test_broken_policy_stops_transfers_only(
    energy: Any, policy: Any, operator: Any, prosumer: Any, consumer: Any, project: Any, deployer: Any, refused: Refused
) -> None:
    """T8 a contract that is no policy lets no transfer through, until the administrator replaces it."""
    energy.setTransferPolicy(deployer.deploy(project.Wallet), sender=operator)
    refused(energy.transfer, consumer, 1, error=b"", sender=prosumer)
    energy.mint(prosumer, 1, sender=operator)
    energy.setTransferPolicy(ZERO, sender=operator)
    assert not energy.transfer(consumer, 1, sender=prosumer).failed


def signed(
    energy: Any, signer: Any, owner: Any, spender: Any, value: int, nonce: int, deadline: int, chain_id: int
) -> Any:
    """An EIP-2612 permit, signed."""
    names = {"owner": "address", "spender": "address", "value": "uint256", "nonce": "uint256", "deadline": "uint256"}
    domain = {"name": energy.name(), "version": "1", "chainId": chain_id, "verifyingContract": energy.address}
    message = dict(zip(names, (owner.address, spender.address, value, nonce, deadline), strict=True))
    types = {"Permit": [{"name": name, "type": kind} for name, kind in names.items()]}
    signature = Account.sign_message(encode_typed_data(domain, types, message), signer.private_key)
    return signature.v, signature.r.to_bytes(32, "big"), signature.s.to_bytes(32, "big")


def test_permit(energy: Any, chain: Any, prosumer: Any, consumer: Any, stranger: Any, refused: Refused) -> None:
    """T9 a signed permit sets the allowance once, whoever sends it."""
    parts = signed(energy, prosumer, prosumer, consumer, 5 * KWH, 0, DEADLINE, chain.chain_id)
    receipt = energy.permit(prosumer, consumer, 5 * KWH, DEADLINE, *parts, sender=stranger)
    assert receipt.events == [energy.Approval(owner=prosumer, spender=consumer, value=5 * KWH)]
    assert energy.allowance(prosumer, consumer) == 5 * KWH
    assert energy.nonces(prosumer) == 1
    with pytest.raises(AssertionError, match="succeeded"):
        refused(energy.transferFrom, prosumer, consumer, 5 * KWH, error=b"", sender=consumer)
    again = energy.permit.encode_input(prosumer, consumer, 5 * KWH, DEADLINE, *parts)
    call = {"from": stranger.address, "to": energy.address, "data": "0x" + bytes(again).hex()}
    answer = chain.provider.web3.provider.make_request("eth_call", [call, "latest"])
    assert answer["error"]["data"][:10] == "0x" + keccak(text="ERC2612InvalidSigner(address,address)")[:4].hex()


def test_permit_refused(energy: Any, chain: Any, prosumer: Any, consumer: Any, stranger: Any, refused: Refused) -> None:
    """T9 an expired permit, or one signed by another, for another amount or on another chain, is refused."""
    now = chain.blocks.head.timestamp + 50
    late = signed(energy, prosumer, prosumer, consumer, KWH, 0, now - 1, chain.chain_id)
    error: Any = ("ERC2612ExpiredSignature(uint256)", now - 1)
    refused(energy.permit, prosumer, consumer, KWH, now - 1, *late, error=error, sender=stranger, time=now)
    error = ("ERC2612InvalidSigner(address,address)", stranger, prosumer)
    forged = signed(energy, stranger, prosumer, consumer, KWH, 0, DEADLINE, chain.chain_id)
    refused(energy.permit, prosumer, consumer, KWH, DEADLINE, *forged, error=error, sender=stranger)
    right = signed(energy, prosumer, prosumer, consumer, KWH, 0, DEADLINE, chain.chain_id)
    elsewhere = signed(energy, prosumer, prosumer, consumer, KWH, 0, DEADLINE, chain.chain_id + 1)
    selector = keccak(text="ERC2612InvalidSigner(address,address)")[:4]
    for value, parts in ((KWH, elsewhere), (KWH + 1, right)):
        data = bytes(energy.permit.encode_input(prosumer, consumer, value, DEADLINE, *parts))
        call = {"from": stranger.address, "to": energy.address, "data": "0x" + data.hex()}
        answer = chain.provider.web3.provider.make_request("eth_call", [call, "latest"])
        assert bytes.fromhex(answer["error"]["data"][2:])[:4] == selector
    assert energy.allowance(prosumer, consumer) == energy.nonces(prosumer) == 0


def test_policy_and_pause_share_a_slot(energy: Any, policy: Any, chain: Any, operator: Any, guardian: Any) -> None:
    """T10 the policy and the pause flag lie in one slot, so that a transfer reads both at once."""
    energy.setTransferPolicy(policy, sender=operator)
    energy.pause(sender=guardian)
    words = [int(chain.provider.get_storage(energy.address, slot).hex(), 16) for slot in range(12)]
    address = int(policy.address, 16)
    assert [word for word in words if word >> 8 == address or word == address] == [address << 8 | 1]


def test_no_ether(energy: Any, operator: Any, prosumer: Any, refused: Refused, refused_data: Refused) -> None:
    """P9 the token takes no ETH and knows no other function."""
    refused(energy.mint, prosumer, 1, error=b"", sender=operator, value=1)
    refused(energy.transfer, operator, 1, error=b"", sender=prosumer, value=1)
    refused_data(energy, b"", error=b"", sender=prosumer, value=ETHER)
    refused_data(energy, b"\xde\xad\xbe\xef", error=b"", sender=prosumer)
