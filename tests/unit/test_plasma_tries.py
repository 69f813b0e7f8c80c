"""Tries: proofs of inclusion, accounts, receipts."""

from __future__ import annotations

from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from offchain.plasma.tries import (
    Account,
    ItemTrie,
    Log,
    ProofError,
    account_at,
    item_at,
    receipt_decoded,
    receipt_encoded,
    slot_at,
    value_at,
)
from tests.unit.plasma import HASH

QUICKLY = settings(max_examples=80, deadline=None)
KEYS = st.binary(min_size=3, max_size=3)
VALUES = st.binary(min_size=1, max_size=40)
"""Short ones too: then nodes stand in their parents."""
SOME = "0x00000000000000000000000000000000DeaDBeef"


def trie_of(contents: dict[bytes, bytes]) -> Any:
    trie = HexaryTrie({})
    for key, value in contents.items():
        trie[key] = value
    return trie


def proof_in(trie: Any, key: bytes) -> list[bytes]:
    """The proof with every node alone, those that stand in their parents too."""
    return [rlp.encode(node) for node in trie.get_proof(key)]


def shortest(nodes: list[bytes]) -> list[bytes]:
    """The proof without the nodes that stand in their parents."""
    return nodes[:1] + [node for node in nodes[1:] if len(node) >= 32]


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=30))
@QUICKLY
def test_what_a_trie_holds_is_proven(contents: dict[bytes, bytes]) -> None:
    trie = trie_of(contents)
    for key, value in contents.items():
        nodes = proof_in(trie, key)
        assert value_at(trie.root_hash, key, nodes) == value
        assert value_at(trie.root_hash, key, shortest(nodes)) == value


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=30), KEYS)
@QUICKLY
def test_what_it_doesnt_hold_isnt(contents: dict[bytes, bytes], absent: bytes) -> None:
    trie = trie_of(contents)
    if absent not in contents:
        with pytest.raises(ProofError):
            value_at(trie.root_hash, absent, proof_in(trie, absent))


@given(st.dictionaries(KEYS, VALUES, min_size=2, max_size=20), st.data())
@QUICKLY
def test_changed_proofs_are_refused(contents: dict[bytes, bytes], data: st.DataObject) -> None:
    """Another node, key or root, a node more or fewer: nothing passes."""
    trie = trie_of(contents)
    key = data.draw(st.sampled_from(sorted(contents)))
    nodes = shortest(proof_in(trie, key))
    place = data.draw(st.integers(0, len(nodes) - 1))
    at = data.draw(st.integers(0, len(nodes[place]) - 1))
    flipped = bytearray(nodes[place])
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    other = keccak(trie.root_hash)
    for root, changed in (
        (trie.root_hash, [*nodes[:place], bytes(flipped), *nodes[place + 1 :]]),
        (trie.root_hash, nodes[:place] + nodes[place + 1 :]),
        (trie.root_hash, [*nodes, nodes[-1]]),
        (trie.root_hash, [*nodes, b"\xc0"]),
        (other, nodes),
    ):
        with pytest.raises(ProofError):
            value_at(root, key, changed)


@pytest.mark.parametrize("node", [b"", b"\x80", b"\xc0", b"\xc1\x80", b"\xc2\x00\x05\x05", rlp.encode([b"\x40", b"x"])])
def test_a_root_that_is_no_node_is_refused(node: bytes) -> None:
    """P9: whatever it decodes to."""
    with pytest.raises(ProofError):
        value_at(keccak(node), b"key", [node])


@pytest.mark.parametrize("absent", [b"\x12", b"\x12\x78"])
def test_an_empty_place_of_a_branch_holds_nothing(absent: bytes) -> None:
    """Neither the branch's own value nor a child."""
    trie = trie_of({b"\x12\x34": bytes(40), b"\x12\x56": bytes(40)})
    with pytest.raises(ProofError, match="leads to nothing"):
        value_at(trie.root_hash, absent, proof_in(trie, absent))


def test_paths_of_other_kinds_are_refused() -> None:
    """A leaf's path begins with 2 or 3, an extension's with 0 or 1 and isn't empty."""
    key = b"\x12"
    leaf = rlp.encode([b"\x20\x12", b"value"])
    assert value_at(keccak(leaf), key, [leaf]) == b"value"
    for first in (0x00, 0x10, 0x40, 0x60, 0xF0):
        other = rlp.encode([bytes([first]) + b"\x12", b"value"])
        with pytest.raises(ProofError):
            value_at(keccak(other), key, [other])
    longer = rlp.encode([b"\x31", b"value"])
    with pytest.raises(ProofError, match="leads to another key"):
        value_at(keccak(longer), key, [longer])
    endless = rlp.encode([b"\x00", [b"\x20\x12", b"value"]])
    with pytest.raises(ProofError, match="extension of nothing"):
        value_at(keccak(endless), key, [endless])


@given(st.integers(1, 300))
@settings(max_examples=10, deadline=None)
def test_every_item_of_a_block_is_proven(count: int) -> None:
    items = [keccak(text=str(place)) * 2 for place in range(count)]
    trie = ItemTrie(items)
    assert trie.root == trie_of({rlp.encode(place): item for place, item in enumerate(items)}).root_hash
    for place in {0, count // 2, count - 1, min(127, count - 1), min(128, count - 1)}:
        assert item_at(trie.root, place, trie.proof(place)) == items[place]
        with pytest.raises(ProofError):
            item_at(trie.root, count, trie.proof(place))
    with pytest.raises(IndexError, match=f"no item {count} in a block with {count}"):
        trie.proof(count)


@given(st.integers(0, 1 << 63), st.integers(0, (1 << 256) - 1), HASH, HASH)
@QUICKLY
def test_accounts_and_slots_are_read(nonce: int, balance: int, storage: bytes, code: bytes) -> None:
    trie = trie_of({keccak(hexstr=SOME): rlp.encode([nonce, balance, storage, code])})
    nodes = proof_in(trie, keccak(hexstr=SOME))
    assert account_at(trie.root_hash, SOME, nodes) == Account(nonce, balance, storage, code)
    slot = bytes(32)
    trie = trie_of({keccak(slot): rlp.encode(balance + 1)}) if balance < (1 << 256) - 1 else None
    if trie:
        assert slot_at(trie.root_hash, slot, proof_in(trie, keccak(slot))) == balance + 1


@pytest.mark.parametrize(
    "fields", [[b"", b"", bytes(32)], [b"", b"", bytes(31), bytes(32)], [bytes(33), b"", bytes(32), bytes(32)], b"none"]
)
def test_what_is_no_account_is_refused(fields: Any) -> None:
    """P9."""
    trie = trie_of({keccak(hexstr=SOME): rlp.encode(fields)})
    with pytest.raises(ProofError, match="a proof has something that is no"):
        account_at(trie.root_hash, SOME, proof_in(trie, keccak(hexstr=SOME)))


@given(
    st.booleans(),
    st.integers(0, 4),
    st.lists(st.tuples(st.lists(HASH, max_size=4), st.binary(max_size=70)), max_size=3),
)
@QUICKLY
def test_receipts_are_encoded_as_the_trie_has_them(status: bool, kind: int, logs: list[Any]) -> None:
    told = {
        "status": hex(status),
        "type": hex(kind),
        "cumulativeGasUsed": "0x5208",
        "logsBloom": "0x" + "00" * 256,
        "logs": [
            {"address": SOME, "topics": ["0x" + topic.hex() for topic in topics], "data": "0x" + data.hex()}
            for topics, data in logs
        ],
    }
    encoded = receipt_encoded(told)
    assert (encoded[0] == kind) if kind else (encoded[0] >= 0xC0)
    assert receipt_decoded(encoded) == (status, tuple(Log(SOME, tuple(topics), data) for topics, data in logs))


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\x02",
        b"\x02\x80",
        b"\x80" + rlp.encode([1, 1, b"", []]),  # no type (EIP-2718 ends them at 0x7f)
        rlp.encode([1, 2, 3]),
        rlp.encode([2, 1, b"", []]),
        rlp.encode([bytes(32), 1, b"", []]),
        rlp.encode([1, 1, b"", b"logs"]),
        rlp.encode([1, 1, b"", [b"log"]]),
        rlp.encode([1, 1, b"", [[bytes(19), [], b""]]]),
        rlp.encode([1, 1, b"", [[bytes(20), [bytes(31)], b""]]]),
        rlp.encode([1, 1, b"", [[bytes(20), b"", b""]]]),
        rlp.encode([1, 1, b"", [[bytes(20), [], []]]]),
    ],
)
def test_what_is_no_receipt_is_refused(encoded: bytes) -> None:
    """P9: in one line."""
    with pytest.raises(ProofError) as refused:
        receipt_decoded(encoded)
    assert "\n" not in str(refused.value)
