"""P5 escapes from a made-up plasma chain: everybody gets what was theirs, once, and nothing of anybody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.plasma.escape import EscapeError, bridged_token, remote_account, sign_escape
from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.halted import (
    ENERGY,
    ENERGY_ETH,
    ENERGY_EXCHANGE,
    EXCHANGE,
    FACTORY,
    HELD_ETH,
    HELD_TOKENS,
    LOCKED,
    POOL,
    RLP_ERROR,
    TRIE_ERROR,
    Halted,
    made_halted,
    reverts,
)
from tests.plasma.made_up import Account, entry
from tests.plasma.real import NOBODY, key_of
from tests.plasma.stage import ETH, Plasma


@pytest.fixture
def ending(plasma: Plasma, trader: Any, project: Any) -> Halted:
    """A chain that is about to be halted."""
    return made_halted(plasma, trader.deploy(project.Token, 10**13), trader)


@pytest.fixture
def halted(ending: Halted) -> Halted:
    """A halted chain, its last final state named, its contracts shown."""
    ending.end()
    return ending


# When


def test_before_the_halt(ending: Halted, refused: Refused, recipient: Any, prosumer: Any) -> None:
    """Nothing escapes from a chain that goes on."""
    owner, last = ending.plasma.owner, ending.plasma.submissions[-1]
    holder = ending.holder.address
    refused(ending.escape.open, last.abi(), error="NotHalted()", sender=owner)
    refused(ending.plasma.vault.payEscape, ETH, prosumer, 1, error=("NotPermitted(address)", prosumer), sender=prosumer)
    for ended in (False, True):  # nor before its state is named
        if ended:
            ending.plasma.halt()
        call = ending.signed(ending.escapes.eth(holder, recipient.address), ETH, holder, recipient)
        reverts(ending, call, "NotOpen()")
        reverts(ending, ending.escapes.prove_contract(POOL), "NotOpen()")
        reverts(ending, ending.escapes.token(ending.asset, holder, recipient.address), "NotProven(address)")
        reverts(ending, ending.escapes.prove_inside(ETH), "NotProven(address)")
        arguments = ending.note(recipient, 1)
        refused(ending.escape.escapeNote, *arguments, error=("NotProven(address)", POOL), sender=owner)


def test_vault_pays_only_after_the_halt(ending: Halted, refused: Refused) -> None:
    """Even the escape can't take anything of a chain that goes on."""
    address = ending.escape.address
    provider = ending.plasma.provider
    provider.set_balance(address, ETHER)
    provider.unlock_account(address)
    impersonated = provider.account_manager.test_accounts.impersonate_account(address)
    refused(ending.plasma.vault.payEscape, ETH, address, 1, error="NotHalted()", sender=impersonated)


def test_open(ending: Halted, refused: Refused) -> None:
    """Only the last final checkpoint counts: neither an earlier one, nor one that never got final."""
    plasma = ending.plasma
    first = plasma.submissions[-1]
    plasma.chain.put(ending.holder.address, Account(6 * ETHER))
    second = plasma.seal_and_submit()
    plasma.finalise()
    plasma.chain.put(ending.holder.address, Account(7 * ETHER))
    third = plasma.seal_and_submit()
    plasma.halt()
    for wrong in (first, third):
        refused(ending.escape.open, wrong.abi(), error=("NotLastFinal(uint256)", 2), sender=plasma.owner)
    bent = replace(second, checkpoint=replace(second.checkpoint, last_state_root=third.checkpoint.last_state_root))
    refused(ending.escape.open, bent.abi(), error=("UnknownSubmission(uint256)", 2), sender=plasma.owner)
    ending.escape.open(second.abi(), sender=plasma.owner)
    assert ending.escape.stateRoot() == second.checkpoint.last_state_root
    refused(ending.escape.open, second.abi(), error="AlreadySet()", sender=plasma.owner)


def test_nothing_final(plasma: Plasma, refused: Refused) -> None:
    """Without a final state nothing escapes; all deposits go back."""
    submission = plasma.seal_and_submit()
    plasma.halt()
    refused(plasma.escape.open, submission.abi(), error=("NotLastFinal(uint256)", 0), sender=plasma.owner)
    none = replace(submission, checkpoint=replace(submission.checkpoint, epoch=0))
    refused(plasma.escape.open, none.abi(), error=("UnknownSubmission(uint256)", 0), sender=plasma.owner)


def test_platform(plasma: Plasma, refused: Refused, stranger: Any) -> None:
    """Factory and pool are named once, by the owner."""
    set_platform = plasma.escape.setPlatform
    refused(set_platform, FACTORY, POOL, error=("NotPermitted(address)", stranger), sender=stranger)
    set_platform(FACTORY, POOL, sender=plasma.owner)
    assert (plasma.escape.factory(), plasma.escape.pool()) == (FACTORY, POOL)
    refused(set_platform, POOL, FACTORY, error="AlreadySet()", sender=plasma.owner)


def test_platform_after_the_halt(plasma: Plasma, refused: Refused) -> None:
    plasma.halt()
    refused(plasma.escape.setPlatform, FACTORY, POOL, error="AlreadySet()", sender=plasma.owner)


# Accounts


def test_eth(halted: Halted, recipient: Any, stranger: Any, refused: Refused) -> None:
    """Anybody hands in what the holder signed; it is paid once, whoever is to get it."""
    holder = halted.holder.address
    call = halted.signed(halted.escapes.eth(holder, recipient.address), ETH, holder, recipient)
    receipt = halted.call(call, stranger)
    (log,) = receipt.decode_logs(halted.escape.AccountEscaped)
    assert log.event_arguments == {
        "holder": holder,
        "source": holder,
        "asset": ETH,
        "amount": 5 * ETHER,
    }
    assert halted.claimable(recipient) == call.amount == 5 * ETHER
    assert halted.plasma.vault.held(ETH) == HELD_ETH - 5 * ETHER
    before = recipient.balance
    halted.plasma.vault.claim(ETH, recipient, sender=stranger)
    assert recipient.balance == before + 5 * ETHER
    for to in (recipient, stranger):
        again = halted.signed(halted.escapes.eth(holder, to.address), ETH, holder, to)
        reverts(halted, again, "AlreadyEscaped(bytes32)")


def test_token(halted: Halted, recipient: Any) -> None:
    holder = halted.holder.address
    call = halted.escapes.token(halted.asset, holder, recipient.address)
    call = halted.signed(call, halted.asset, holder, recipient)
    halted.call(call)
    assert halted.claimable(recipient, halted.asset) == call.amount == 700
    assert halted.plasma.vault.held(halted.asset) == HELD_TOKENS - 700
    reverts(halted, call, "AlreadyEscaped(bytes32)")
    halted.call(halted.signed(halted.escapes.eth(holder, recipient.address), ETH, holder, recipient))


def test_signatures(halted: Halted, recipient: Any, stranger: Any) -> None:
    """A signature is for one asset, source, recipient and contract, and only the holder's counts."""
    holder, key = halted.holder.address, halted.holder
    eth = halted.escapes.eth(holder, recipient.address)
    wrong = [
        halted.signed(eth, ETH, holder, recipient, key_of("other")),
        halted.signed(eth, halted.asset, holder, recipient),
        halted.signed(eth, ETH, EXCHANGE, recipient),
        halted.signed(eth, ETH, holder, stranger),
        replace(eth, arguments=(holder, stranger.address, *halted.signed(eth, ETH, holder, recipient).arguments[2:])),
        eth,  # none at all: the account of a sender of forced messages
    ]
    for call in wrong:
        reverts(halted, call, "WrongSigner(address,address)", sender=stranger)
    reverts(halted, eth.signed(bytes(65)), "ECDSAInvalidSignature()")
    reverts(halted, eth.signed(bytes(64)), "ECDSAInvalidSignatureLength(uint256)")
    token = halted.escapes.token(halted.asset, holder, recipient.address)
    reverts(halted, halted.signed(token, ETH, holder, recipient), "WrongSigner(address,address)")
    for chain_id, contract in (
        (1, halted.escape.address),
        (halted.plasma.provider.chain_id, halted.plasma.vault.address),
    ):
        elsewhere = eth.signed(sign_escape(key, chain_id, contract, ETH, holder, recipient.address))
        reverts(halted, elsewhere, "WrongSigner(address,address)")


def test_contracts_hold_for_nobody(ending: Halted, deployer: Any, project: Any, refused: Refused) -> None:
    """P1 whoever stands at a contract's address on the root chain gets nothing of what that had."""
    wallet = deployer.deploy(project.Wallet)
    plasma = ending.plasma
    plasma.chain.put(wallet, Account(4 * ETHER, nonce=1, code_hash=keccak(b"code")))
    plasma.seal_and_submit()
    plasma.finalise()
    ending.state = plasma.chain.head.state
    plasma.halt()
    ending.open()
    call = ending.escapes.eth(wallet.address, deployer.address)
    data = getattr(ending.escape, call.function).encode_input(*call.arguments)
    error = ("WrongSigner(address,address)", wallet, remote_account(wallet.address))
    refused(wallet.execute, ending.escape, 0, data, error=error, sender=deployer)


@pytest.mark.parametrize("source", [EXCHANGE, POOL, ENERGY_EXCHANGE])
def test_contracts_own_eth(halted: Halted, recipient: Any, source: str) -> None:
    """What an exchange or the pool has is only its owners' by shares and notes."""
    call = halted.escapes.eth(source, recipient.address)
    reverts(halted, call, "WrongSigner(address,address)")
    reverts(halted, halted.signed(call, ETH, source, recipient), "WrongSigner(address,address)")


@pytest.mark.parametrize("source", [EXCHANGE, POOL])
def test_contracts_own_tokens(halted: Halted, recipient: Any, source: str) -> None:
    call = halted.escapes.token(halted.asset, source, recipient.address)
    reverts(halted, call, "WrongSigner(address,address)")
    reverts(halted, halted.signed(call, halted.asset, source, recipient), "WrongSigner(address,address)")


def test_remote_accounts(halted: Halted, recipient: Any, stranger: Any) -> None:
    """What a sender of forced messages had in its account there is the sender's, who needs no signature."""
    account = remote_account(halted.remote.address)
    assert halted.escape.remoteAccount(halted.remote) == account
    calls = [
        halted.escapes.eth(account, recipient.address),
        halted.escapes.token(halted.asset, account, recipient.address),
        halted.escapes.liquidity(ETH, ENERGY, account, recipient.address),
    ]
    for call in calls:
        reverts(halted, call, "WrongSigner(address,address)", sender=stranger)
        halted.call(call, halted.remote)
        reverts(halted, call, "AlreadyEscaped(bytes32)", sender=halted.remote)
    assert halted.claimable(recipient) == 3 * ETHER + ENERGY_ETH - LOCKED
    assert halted.claimable(recipient, halted.asset) == 30


def test_false_proofs(halted: Halted, recipient: Any, prosumer: Any) -> None:
    """Only what is in the last final state counts, of the very account, slot and contract."""
    holder, other = halted.holder.address, key_of("other")
    eth = halted.signed(halted.escapes.eth(holder, recipient.address), ETH, holder, recipient)
    others = halted.state.account_proof(remote_account(halted.remote.address))
    reverts(halted, replace(eth, arguments=(*eth.arguments[:2], others, eth.arguments[3])), TRIE_ERROR)
    halted.plasma.chain.put(holder, Account(50 * ETHER))
    richer = halted.plasma.chain.seal().state.account_proof(holder)
    reverts(halted, replace(eth, arguments=(*eth.arguments[:2], richer, eth.arguments[3])), TRIE_ERROR)
    token = halted.signed(
        halted.escapes.token(halted.asset, holder, recipient.address), halted.asset, holder, recipient
    )
    asset, *rest = token.arguments
    pool_slot = halted.state.slot_proof(bridged_token(asset), entry(POOL, 0))
    reverts(halted, replace(token, arguments=(asset, *rest[:2], pool_slot, rest[3])), TRIE_ERROR)
    nothing = halted.state.slot_proof(bridged_token(asset), entry(other.address, 0))
    poor = halted.signed(token, asset, other.address, recipient, other)
    reverts(halted, replace(poor, arguments=(asset, other.address, rest[1], nothing, poor.arguments[4])), RLP_ERROR)
    unlisted = replace(token, arguments=(prosumer.address, *rest))
    reverts(halted, unlisted, "NotProven(address)")


def test_nothing_there(halted: Halted, recipient: Any, refused: Refused) -> None:
    other = key_of("other")
    nodes = halted.state.account_proof(other.address)
    arguments = (other.address, recipient.address, nodes)
    signature = halted.signed(
        halted.escapes.eth(halted.holder.address, recipient.address), ETH, other.address, recipient, other
    ).arguments[-1]
    refused(halted.escape.escapeEth, *arguments, signature, error="NothingThere()", sender=recipient)
    holder = halted.holder.address
    nobody = halted.signed(halted.escapes.eth(holder, NOBODY), ETH, holder, NOBODY)
    reverts(halted, nobody, "InvalidRecipient(address)")
    escapes, to = halted.escapes, recipient.address
    cases: list[tuple[Any, ...]] = [
        (escapes.eth, other.address, "has no ETH"),
        (escapes.eth, recipient.address, "not shown to be in the last final state"),
        (escapes.token, halted.asset, other.address, "has nothing of"),
        (escapes.liquidity, ETH, ENERGY, holder, "has nothing of liquidity"),
        (escapes.liquidity, ETH, FACTORY, holder, "the factory has nothing of"),
        (escapes.liquidity, halted.asset, ENERGY, holder, "doesn't stand for"),
    ]
    for build, *terms, error in cases:
        with pytest.raises(EscapeError, match=error):
            build(*terms, to)


def test_short_vault(ending: Halted, recipient: Any) -> None:
    """If a quorum signed for more than there is, the vault pays until it is empty; who comes later keeps the claim."""
    plasma, keys = ending.plasma, [ending.holder, key_of("other"), key_of("late")]
    for key, balance in zip(keys, (50 * ETHER, 20 * ETHER, ETHER), strict=True):
        plasma.chain.put(key.address, Account(balance))
    plasma.seal_and_submit()
    plasma.finalise()
    ending.state = plasma.chain.head.state
    plasma.halt()
    ending.open()
    calls = [
        ending.signed(ending.escapes.eth(key.address, recipient.address), ETH, key.address, recipient, key)
        for key in keys
    ]
    for call, paid in zip(calls, (50 * ETHER, HELD_ETH), strict=False):
        ending.call(call)
        assert ending.claimable(recipient) == paid
    for _ in range(2):
        reverts(ending, calls[2], "NotBacked(address,uint256,uint256)")
    assert plasma.vault.held(ETH) == 0
