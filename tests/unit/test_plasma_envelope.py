"""What a leader sees of a raw transaction: the gas limit at the place where its type has it, or that it is none."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from offchain.plasma.envelope import LARGEST, MOST_GAS, Envelope

KEY = Account.from_key(b"\1" * 32)
OTHER = f"0x{2:040x}"
FEES: list[dict[str, Any]] = [
    {"gasPrice": 10**9},
    {"gasPrice": 10**9, "type": 1, "accessList": [{"address": OTHER, "storageKeys": [f"0x{7:064x}"]}]},
    {"maxFeePerGas": 2**70, "maxPriorityFeePerGas": 0, "type": 2},
]


@given(
    st.sampled_from(FEES),
    st.integers(0, 2**64 - 2),
    st.integers(0, 2**64 - 1),
    st.sampled_from([1, 950327, 2**60]),
    st.binary(max_size=300),
)
def test_the_gas_limit_is_read(fees: dict[str, Any], nonce: int, gas: int, chain_id: int, data: bytes) -> None:
    """E7 whatever lengths the fields before it, and the whole, have."""
    fields = {"nonce": nonce, "gas": gas, "chainId": chain_id, "to": OTHER, "value": 2**90, "data": data}
    raw = bytes(KEY.sign_transaction(fields | fees).raw_transaction)
    assert Envelope.of(raw, most_gas=None) == Envelope(gas)
    limited = Envelope.of(raw)
    assert (limited.gas, limited.problem is None) == (gas, gas <= MOST_GAS)


def test_delegations_have_it_at_the_same_place() -> None:
    """E7 EIP-7702."""
    authorization = KEY.sign_authorization({"chainId": 5, "address": OTHER, "nonce": 0})
    fields = {"nonce": 1, "gas": 123_456, "chainId": 5, "to": OTHER, "value": 0, "type": 4}
    fields |= {"maxFeePerGas": 1, "maxPriorityFeePerGas": 0, "authorizationList": [authorization]}
    assert Envelope.of(bytes(KEY.sign_transaction(fields).raw_transaction)) == Envelope(123_456)


@given(st.binary(max_size=80))
def test_anything_else_is_a_problem_and_no_error(raw: bytes) -> None:
    """P9 whatever bytes come."""
    envelope = Envelope.of(raw)
    assert envelope.problem is not None or envelope.gas <= MOST_GAS


@pytest.mark.parametrize(
    "raw", [b"", b"\x80", b"\xc0", b"\x02", b"\x02\xc0", b"\x05\xc5\1\2\3\4\5", b"\xc3\1\2\xc0", b"\xc4\1\2\x82\1"]
)
def test_no_transactions(raw: bytes) -> None:
    """P9 no list, a type that isn't known, no gas limit, a list in its place, a gas limit cut short."""
    problem = Envelope.of(raw).problem
    assert problem is not None
    assert problem.message == "Failed to decode transaction"


def test_size() -> None:
    """E7 at most so many bytes are looked at."""
    problem = Envelope.of(bytes(LARGEST + 1)).problem
    assert problem is not None
    assert problem.message.startswith("oversized data")
