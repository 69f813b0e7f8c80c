"""What stands in tries: accounts, slots and receipts are read as Python reads them, and refused if they are none. The
root of this chain accepts every checkpoint."""

from __future__ import annotations

from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak
from hypothesis import example, given
from hypothesis import strategies as st

from offchain.plasma.proofs import AccountProof, SlotProof
from offchain.plasma.records import to_address
from offchain.plasma.tries import ItemTrie
from tests.plasma.made_up import CHILD_CHAIN_ID, NO_CODE, Log, Trie, receipt, word
from tests.plasma.twin import (
    REFUSED,
    ZERO,
    Twins,
    account_claim,
    alone,
    fuzz,
    item,
    log_claim,
    receipt_claim,
    slot_claim,
    transaction_claim,
)

HOLDER = to_address("0x" + "4a" * 20)
EMPTY_TRIE = keccak(b"\x80")


@pytest.fixture(scope="module")
def twins(deployer: Any, project: Any, contracts: Any) -> Twins:
    root = deployer.deploy(project.YesRoot)
    return Twins(deployer.deploy(project.PlasmaInclusion, root, CHILD_CHAIN_ID))


@pytest.mark.parametrize("root", [ZERO, EMPTY_TRIE, keccak(b"")])
def test_empty_trie(twins: Twins, root: bytes) -> None:
    """P5 neither an empty trie nor a root of zeros shows anything."""
    proofs = [item(root, nodes, index) for index in (0, 1) for nodes in ([], [b"\x80"], [b""], [b"\xc0"], [ZERO])]
    claims = [make(proof) for proof in proofs for make in (transaction_claim, receipt_claim, log_claim)]
    for nodes in ((), (b"\x80",), (b"",)):
        claims.append(account_claim(AccountProof(alone(state_root=root), HOLDER, nodes)))
        claims.append(slot_claim(SlotProof(alone(state_root=root), HOLDER, ZERO, nodes, nodes)))
    assert twins.refused(claims) == 36


def slot_proof(encoded: bytes, account: Any = None) -> SlotProof:
    """A slot with that content; the account is encoded as usual or as is given."""
    storage = Trie({ZERO: encoded})
    content = rlp.encode([1, 2, storage.root, NO_CODE] if account is None else account(storage.root))
    state = Trie({bytes.fromhex(HOLDER[2:]): content})
    nodes = tuple(state.proof(bytes.fromhex(HOLDER[2:]))), tuple(storage.proof(ZERO))
    return SlotProof(alone(state_root=state.root), HOLDER, ZERO, *nodes)


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        (b"\x01", 1),
        (b"\x7f", 0x7F),
        (b"\x81\x80", 0x80),
        (b"\x82\x01\x00", 0x100),
        (b"\xa0" + b"\xff" * 32, 2**256 - 1),
        (b"\x82\x00\x05", 5),  # zeros before it: the same value
        (b"\x81\x05", None),
        (b"\x05\x06", None),  # bytes after it
        (b"\x82\x01\x00\x00", None),
        (b"\x82\x01", None),
        (b"\xa1" + b"\x01" * 33, None),
        (b"\xc1\x05", None),
        (b"\xb8\x01\x80", None),
        (b"\xb8\x38" + b"\x01" * 56, None),
    ],
)
def test_slot(twins: Twins, encoded: bytes, value: int | None) -> None:
    """P5 a slot's value is one integer of at most 32 bytes, and nothing after it."""
    (answer,) = twins.answers([slot_claim(slot_proof(encoded))])
    assert answer == (REFUSED if value is None else (value,))


@fuzz
@given(st.binary(min_size=1, max_size=36))
def test_any_slot(twins: Twins, encoded: bytes) -> None:
    """P5 whatever a slot holds, the contract reads what Python reads."""
    twins.answers([slot_claim(slot_proof(encoded))])


@pytest.mark.parametrize(
    "account",
    [
        lambda root: [1, 2, root],
        lambda root: [1, 2, root, NO_CODE, b""],
        lambda root: [1, 2, root[1:], NO_CODE],
        lambda root: [1, 2, b"\0" + root, NO_CODE],
        lambda root: [1, 2, root, NO_CODE[1:]],
        lambda root: [1, 2, [root], NO_CODE],
        lambda root: [b"\1" * 33, 2, root, NO_CODE],
        lambda root: [1, [2], root, NO_CODE],
        lambda root: root,
        lambda root: [1, 2, EMPTY_TRIE, NO_CODE],
    ],
)
def test_account(twins: Twins, account: Any) -> None:
    """P5 an account has four fields, its two hashes their full length."""
    proof = slot_proof(b"\x05", account)
    whole = AccountProof(proof.block_proof, HOLDER, proof.account_nodes)
    assert twins.refused([slot_claim(proof)]) == 1
    (answer,) = twins.answers([account_claim(whole)])
    assert (answer is REFUSED) == (account(ZERO) != [1, 2, EMPTY_TRIE, NO_CODE])


logs_of = st.builds(
    lambda emitter, topics, data: [emitter, topics, data],
    st.binary(min_size=20, max_size=20) | st.binary(max_size=21),
    st.lists(st.binary(min_size=32, max_size=32) | st.binary(max_size=33), max_size=5),
    st.binary(max_size=80),
)


@fuzz
@given(
    st.sampled_from([b"", b"\0", b"\1", b"\2", b"\x7f", b"\x80", b"\xb8", b"\2\2"]),
    st.sampled_from([b"", b"\1", b"\0", b"\2", b"\0\1"]),
    logs_of,
    st.sampled_from([4, 4, 4, 3, 5]),
)
@example(b"\2", b"\1", [b"\1" * 20, [ZERO], b""], 4)
@example(b"\2", b"\0", [b"\1" * 20, [ZERO], b""], 4)
def test_any_receipt(twins: Twins, type_: bytes, status: bytes, log: Any, fields: int) -> None:
    """P5 whatever a receipt holds, of a type or of none, the contract reads the log that Python reads."""
    content = type_ + bytes(rlp.encode([*[status, b"\x05", bytes(256), [log], b""][: fields - 1], [log]]))
    trie = ItemTrie([content])
    claims = [log_claim(item(trie.root, trie.proof(0)), log_index) for log_index in (0, 1)]
    assert twins.answers(claims)[1] is REFUSED


@pytest.mark.parametrize("type_", [0, 1, 2, 3, 4, 0x7F])
def test_types(twins: Twins, type_: int) -> None:
    """P5 receipts of all types are read, with and without the byte that tells it."""
    content = receipt(Log(HOLDER, [word(3)], b"data"), type_=type_)
    trie = ItemTrie([content])
    proof = item(trie.root, trie.proof(0))
    assert twins.shown(receipt_claim(proof)) == (True, content)
    assert twins.shown(log_claim(proof)) == ((HOLDER.lower(), (word(3),), b"data"),)
