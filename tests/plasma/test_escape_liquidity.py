"""P4 escapes of shares of liquidity from a made-up plasma chain, and proofs that were kept in a file."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from offchain.plasma.escape import EscapeError, Escapes, StateProofs, bridged_token, remote_account
from offchain.plasma.records import RecordError
from offchain.plasma.tries import ProofError
from tests.plasma.halted import (
    ENERGY,
    EXCHANGE,
    FACTORY,
    LOCKED,
    POOL,
    RESERVE_ETH,
    RESERVE_TOKENS,
    SHARES,
    SUPPLY,
    TRIE_ERROR,
    Halted,
    made_halted,
    proofs_of,
    reverts,
)
from tests.plasma.real import key_of
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


@pytest.mark.parametrize("side", ["ETH", "token"])
def test_liquidity(halted: Halted, recipient: Any, side: str) -> None:
    """P4 each share is its part of the reserves, rounded down; what is locked stays, and what rounding leaves."""
    token, asset = bridged_token(halted.asset), ETH if side == "ETH" else halted.asset
    reserve = RESERVE_ETH if side == "ETH" else RESERVE_TOKENS
    paid = 0
    for name, share in SHARES.items():
        key = key_of(name)
        call = halted.escapes.liquidity(asset, token, key.address, recipient.address)
        reverts(halted, halted.signed(call, asset, key.address, recipient, key), "WrongSigner(address,address)")
        call = halted.signed(call, asset, EXCHANGE, recipient, key)
        halted.call(call)
        paid += share * reserve // SUPPLY
        assert halted.claimable(recipient, asset) == paid
        assert call.amount == share * reserve // SUPPLY
        reverts(halted, call, "AlreadyEscaped(bytes32)")
    assert 0 < reserve - paid <= LOCKED * reserve // SUPPLY + len(SHARES)


def test_liquidity_of_another_token(halted: Halted, recipient: Any) -> None:
    """Only ETH escapes from an exchange whose token isn't bridged, and no other exchange's token."""
    account = remote_account(halted.remote.address)
    call = halted.escapes.liquidity(ETH, ENERGY, account, recipient.address)
    wrong_side = replace(call, arguments=(halted.asset, *call.arguments[1:]))
    reverts(halted, wrong_side, "InvalidAsset(uint256)", sender=halted.remote)
    bridged = bridged_token(halted.asset)
    _, holder, to, shown, signature = call.arguments
    wrong_exchange = replace(call, arguments=(ETH, holder, to, (bridged, *shown[1:]), signature))
    reverts(halted, wrong_exchange, TRIE_ERROR, sender=halted.remote)


def test_unproven_contracts(ending: Halted, recipient: Any) -> None:
    """Factory, exchange and token must be shown before a share of liquidity escapes."""
    ending.plasma.halt()
    ending.open()
    holder, bridged = ending.holder.address, bridged_token(ending.asset)
    call = ending.escapes.liquidity(ending.asset, bridged, holder, recipient.address)
    call = ending.signed(call, ending.asset, EXCHANGE, recipient)
    for contract in (FACTORY, bridged, EXCHANGE):
        reverts(ending, call, "NotProven(address)")
        ending.prove(contract)
    ending.call(call)


# Files of proofs


def test_file(halted: Halted, recipient: Any) -> None:
    """P9 who has kept the proofs needs no node; what isn't in the file, or isn't true, is told."""
    holder, state = halted.holder.address, proofs_of(halted.state)
    Escapes(state, FACTORY, POOL).token(halted.asset, holder, recipient.address)
    written = json.loads(json.dumps(state.to_json()))
    alone = Escapes(StateProofs.from_json(written), FACTORY, POOL)
    halted.call(halted.signed(alone.token(halted.asset, holder, recipient.address), halted.asset, holder, recipient))
    assert halted.claimable(recipient, halted.asset) == 700
    with pytest.raises(ProofError, match="the file has no proof of 0x"):
        alone.prove_contract(POOL)
    with pytest.raises(EscapeError, match="the file has no proof of slot 0x"):
        alone.token(halted.asset, key_of("other").address, recipient.address)
    damages: list[Any] = [{}, [], {**written, "accounts": {holder: {}}}, {**written, "stateRoot": "0x12"}]
    for damaged in damages:
        with pytest.raises(RecordError):
            StateProofs.from_json(damaged)
    other_state = StateProofs.from_json({**written, "stateRoot": "0x" + "12" * 32})
    with pytest.raises(ProofError, match="doesn't fit together"):
        other_state.account(bridged_token(halted.asset))
