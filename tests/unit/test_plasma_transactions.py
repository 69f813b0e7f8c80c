"""Raw transactions made again from what a node tells of them."""

from __future__ import annotations

from typing import Any

import pytest
import rlp
from eth_account import Account
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.plasma.blocks import BlockError
from offchain.plasma.records import to_hex
from offchain.plasma.transactions import block_transactions, raw_transaction
from offchain.plasma.tries import ItemTrie

QUICKLY = settings(max_examples=80, deadline=None)
KEY = b"\x07" * 32
TO = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
AMOUNT = st.integers(0, 1 << 100)
WORD = st.binary(min_size=32, max_size=32).map(to_hex)
ADDRESS = st.binary(min_size=20, max_size=20).map(to_hex)
ACCESS = st.lists(st.fixed_dictionaries({"address": ADDRESS, "storageKeys": st.lists(WORD, max_size=2)}), max_size=2)
BLOB_HASH = st.binary(min_size=31, max_size=31).map(lambda rest: "0x01" + rest.hex())
NAMES = {"data": "input"}


@st.composite
def transactions(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    """A transaction as a node tells it, and its bytes as eth_account signed them."""
    kind = draw(st.integers(0, 4))
    fields: dict[str, Any] = {"nonce": draw(st.integers(0, 1 << 40)), "gas": draw(st.integers(21_000, 1 << 40))}
    fields |= {"value": draw(AMOUNT), "data": to_hex(draw(st.binary(max_size=80)))}
    if kind > 2 or draw(st.booleans()):
        fields["to"] = TO
    if kind < 2:
        fields["gasPrice"] = draw(AMOUNT)
    else:
        fields |= {"maxFeePerGas": draw(AMOUNT), "maxPriorityFeePerGas": draw(AMOUNT)}
    if kind > 0:
        fields |= {"type": kind, "accessList": draw(ACCESS)}
    if kind > 0 or draw(st.booleans()):
        fields["chainId"] = draw(st.integers(1, 1 << 30))
    if kind == 3:
        fields |= {"maxFeePerBlobGas": draw(AMOUNT)}
        fields |= {"blobVersionedHashes": draw(st.lists(BLOB_HASH, min_size=1, max_size=3))}
    if kind == 4:
        allowed = Account.sign_authorization({"chainId": draw(st.integers(0, 9)), "address": TO, "nonce": 5}, KEY)
        fields["authorizationList"] = [allowed]
    signed = Account.sign_transaction(fields, KEY)
    raw = bytes(signed.raw_transaction)
    told = {NAMES.get(name, name): hex(one) if isinstance(one, int) else one for name, one in fields.items()}
    told |= {"type": hex(kind), "hash": to_hex(keccak(raw)), "r": hex(signed.r), "s": hex(signed.s)}
    told |= {"to": fields.get("to"), "v" if kind == 0 or draw(st.booleans()) else "yParity": hex(signed.v)}
    if kind == 4:
        (one,) = fields["authorizationList"]
        given_ = {"chainId": hex(one.chain_id), "address": to_hex(bytes(one.address)), "nonce": hex(one.nonce)}
        told["authorizationList"] = [given_ | {"yParity": hex(one.y_parity), "r": hex(one.r), "s": hex(one.s)}]
    return told, raw


@given(transactions())
@QUICKLY
def test_every_type_is_made_again(made: tuple[dict[str, Any], bytes]) -> None:
    """Byte for byte what was signed: Frontier with and without a chain id, EIP-2930, 1559, 4844, 7702."""
    told, raw = made
    assert raw_transaction(told) == raw


@given(transactions(), st.data())
@QUICKLY
def test_a_changed_transaction_is_refused(made: tuple[dict[str, Any], bytes], data: st.DataObject) -> None:
    """P9 in one line, whichever field it is."""
    told, _ = made
    name = data.draw(st.sampled_from(["nonce", "gas", "value", "input", "r", "s", "to", "hash"]))
    other = {"to": "0x" + "33" * 20, "input": "0xffff01ffff", "hash": "0x" + "44" * 32}.get(name, hex(12345678901))
    with pytest.raises(BlockError, match="is not what its hash says"):
        raw_transaction({**told, name: other})


@given(transactions(), st.data())
@QUICKLY
def test_a_field_that_is_none_is_named(made: tuple[dict[str, Any], bytes], data: st.DataObject) -> None:
    """P9 a missing or odd field."""
    told, _ = made
    names = sorted(
        set(told) - {"to", "type", "chainId", "v", "yParity"} | ({"chainId"} if told["type"] != "0x0" else set())
    )
    name = data.draw(st.sampled_from(names))
    bad = data.draw(st.sampled_from([None, 7, "zz", [7], {"address": 1}]))
    with pytest.raises(BlockError, match="no usable") as refused:
        raw_transaction({**told, name: bad})
    assert "\n" not in str(refused.value)


def test_unknown_types_are_refused() -> None:
    """P9 a type of a later fork."""
    with pytest.raises(BlockError, match="of type 5, which isn't known here"):
        raw_transaction({"type": "0x5", "hash": "0x" + "11" * 32})


@given(st.lists(transactions(), max_size=4))
@settings(max_examples=20, deadline=None)
def test_a_blocks_transactions_are_those_of_its_header(made: list[tuple[dict[str, Any], bytes]]) -> None:
    """P9 one left out, or in another order, is refused."""
    raws = [raw for _, raw in made]
    block = {"number": "0x5", "transactionsRoot": to_hex(ItemTrie(raws).root), "transactions": [one for one, _ in made]}
    assert block_transactions(block) == raws
    for other in (made[1:], made[::-1]):
        if [raw for _, raw in other] != raws:
            with pytest.raises(BlockError, match="transactions of block 5 are not those that its header has"):
                block_transactions({**block, "transactions": [one for one, _ in other]})
    for bad in (None, ["0x" + "11" * 32], 7):
        with pytest.raises(BlockError, match="no usable transactions"):
            block_transactions({**block, "transactions": bad})


def test_a_transaction_of_mainnet_is_made_again() -> None:
    """The first transaction of Ethereum's mainnet, in block 46147."""
    told = {
        "hash": "0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060",
        "nonce": "0x0",
        "gasPrice": "0x2d79883d2000",
        "gas": "0x5208",
        "to": "0x5df9b87991262f6ba471f09758cde1c0fc1de734",
        "value": "0x7a69",
        "input": "0x",
        "v": "0x1c",
        "r": "0x88ff6cf0fefd94db46111149ae4bfc179e9b94721fffd821d38d16464b3f71d0",
        "s": "0x45e0aff800961cfce805daef7016b9b675c137a6a41a548f7b60a3484c06a33a",
    }
    assert rlp.decode(raw_transaction(told))[4] == bytes.fromhex("7a69")
