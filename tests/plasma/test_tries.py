"""Proofs of tries that no block of the chain may have, and of those whose nodes stand within others: PlasmaInclusion
takes what Python takes, and refuses the rest. The root of this chain accepts every checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from offchain.plasma.blocks import BlockLeaf
from offchain.plasma.checkpoint import Checkpoint, Submission
from offchain.plasma.merkle import Tree, empty_root, node, root_of
from offchain.plasma.proofs import AccountProof, BlockProof, ReceiptProof, SlotProof
from offchain.plasma.records import to_address
from offchain.plasma.tries import ItemTrie
from tests.plasma.made_up import CHILD_CHAIN_ID, NO_CODE, Log, Trie, receipt, word
from tests.plasma.twin import (
    REFUSED,
    Twins,
    account_claim,
    block_claim,
    log_claim,
    receipt_claim,
    slot_claim,
    transaction_claim,
)

ZERO = bytes(32)
HOLDER = to_address("0x" + "4a" * 20)
EMPTY_TRIE = keccak(b"\x80")
BRANCHES = 16
SHORT = 32

fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def twins(deployer: Any, project: Any, contracts: Any) -> Twins:
    root = deployer.deploy(project.YesRoot)
    return Twins(deployer.deploy(project.PlasmaInclusion, root, CHILD_CHAIN_ID))


def leaf(number: int = 1, **roots: Any) -> BlockLeaf:
    return replace(BlockLeaf(number, 1, ZERO, ZERO, ZERO, ZERO, ZERO), **roots)


def checkpoint(root: bytes, start: int = 1, end: int = 1) -> Submission:
    return Submission(Checkpoint(1, ZERO, start, end, root, ZERO, 0, 0, ZERO, ZERO, 1), 1, 1)


def alone(**roots: Any) -> BlockProof:
    """The only block of a checkpoint, with any roots."""
    only = leaf(**roots)
    return BlockProof(checkpoint(only.hash(CHILD_CHAIN_ID)), only, ())


def item(root: bytes, nodes: Sequence[bytes], index: int = 0) -> ReceiptProof:
    """An item of a trie that is the block's of transactions and of receipts."""
    return ReceiptProof(alone(transactions_root=root, receipts_root=root), index, tuple(nodes))


def trie_of(items: dict[bytes, bytes]) -> Any:
    trie: Any = HexaryTrie({})
    for key, value in items.items():
        trie[key] = value
    return trie


def way(trie: Any, key: bytes) -> list[bytes]:
    return [bytes(rlp.encode(one)) for one in trie.get_proof(key)]


def path(nibbles: str, is_leaf: bool) -> bytes:
    """A path as a node has it."""
    flag = 2 * is_leaf + len(nibbles) % 2
    return bytes.fromhex(f"{flag:x}" + ("" if len(nibbles) % 2 else "0") + nibbles)


def test_place_in_the_tree(twins: Twins) -> None:
    """P5 a tree of blocks has the depth of its checkpoint's range, and no place beyond it."""
    leaves = [leaf(number) for number in range(1, 9)]
    hashes = [one.hash(CHILD_CHAIN_ID) for one in leaves]
    full, path3 = Tree(hashes[:4]), Tree(hashes[:3])
    for number in range(1, 4):
        proof = BlockProof(checkpoint(path3.root, 1, 3), leaves[number - 1], path3.path(number - 1))
        assert twins.shown(block_claim(proof)) == ()
    beyond = BlockProof(checkpoint(full.root, 1, 3), leaves[3], full.path(3))
    before = BlockProof(checkpoint(full.root, 2, 5), leaves[0], full.path(0))
    deeper = BlockProof(checkpoint(node(full.root, empty_root(2)), 1, 3), leaves[0], (*full.path(0), empty_root(2)))
    shallower = BlockProof(checkpoint(Tree(hashes[:2]).root, 1, 3), leaves[0], Tree(hashes[:2]).path(0))
    single = BlockProof(checkpoint(hashes[0], 1, 2), leaves[0], ())
    shifted = BlockProof(checkpoint(full.root, 1, 4), leaves[4], full.path(0))
    other_chain = BlockProof(checkpoint(leaves[0].hash(CHILD_CHAIN_ID + 1)), leaves[0], ())
    no_tree = BlockProof(checkpoint(ZERO), leaves[0], ())
    wrong = [beyond, before, deeper, shallower, single, shifted, other_chain, no_tree]
    assert twins.refused([block_claim(proof) for proof in wrong]) == 8


def test_node_is_no_leaf(twins: Twins) -> None:
    """P5 what hashes to a leaf without the leaf's mark, or with the node's, is none."""
    only = leaf()
    content = only.hash(CHILD_CHAIN_ID)
    for forged in (node(content, content), keccak(content), keccak(only.encoded()), keccak(b"\1" + only.encoded())):
        assert twins.refused([block_claim(BlockProof(checkpoint(forged), only, ()))]) == 1
    inner = node(content, Tree([content]).root)
    deep = BlockProof(checkpoint(node(inner, inner), 1, 2), only, (content, inner))
    assert twins.refused([block_claim(deep), block_claim(replace(deep, siblings=(inner,)))]) == 2
    assert root_of(content, 0, deep.siblings) == deep.submission.checkpoint.blocks_root


@fuzz
@given(st.data(), st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=24))
def test_short_nodes(twins: Twins, data: Any, items: list[bytes]) -> None:
    """P5 a node below 32 bytes may stand in its parent alone or beside it: the item is the same."""
    index = data.draw(st.integers(0, len(items) - 1))
    trie = ItemTrie(items)
    nodes = trie.proof(index)
    left = [data.draw(st.booleans()) and len(one) < SHORT and at > 0 for at, one in enumerate(nodes)]
    kept = [one for one, out in zip(nodes, left, strict=True) if not out]
    assert twins.shown(transaction_claim(item(trie.root, kept, index))) == (items[index],)
    at = data.draw(st.integers(0, len(kept) - 1))
    wrong = [*kept[:at], *[kept[at]] * 2, *kept[at + 1 :]]
    assert twins.refused([transaction_claim(item(trie.root, wrong, index))]) == 1
    other = data.draw(st.integers(0, 300))
    (answer,) = twins.answers([transaction_claim(item(trie.root, kept, other))])
    assert answer is REFUSED or answer == (items[other],)


def test_all_nodes_short(twins: Twins) -> None:
    """P5 branches, extensions and leaves within one another are followed, with none or all of them beside."""
    trie = trie_of({rlp.encode(index): bytes([index + 1]) for index in range(3)})
    for index in range(3):
        nodes = way(trie, rlp.encode(index))
        assert len(nodes) > 1
        assert all(len(one) < SHORT for one in nodes[1:])
        for kept in (nodes, nodes[:1], nodes[:2]):
            assert twins.shown(transaction_claim(item(trie.root_hash, kept, index))) == (bytes([index + 1]),)
        claims = [nodes[:1] + nodes[:1], nodes[1:], nodes[::-1], [*nodes, nodes[-1]], nodes[:1] + nodes[2:] + [b""]]
        assert twins.refused([transaction_claim(item(trie.root_hash, one, index)) for one in claims]) == 5


def test_value_of_a_branch(twins: Twins) -> None:
    """P5 a key that ends at a branch has the branch's value."""
    trie = trie_of({b"\x80": b"here" * 9, b"\x80\x11": b"below" * 9, b"\x80\x21": b"beside" * 9})
    nodes = way(trie, b"\x80")
    assert twins.shown(transaction_claim(item(trie.root_hash, nodes))) == (b"here" * 9,)
    del trie[b"\x80"]
    nodes = way(trie, b"\x80")
    assert twins.refused([transaction_claim(item(trie.root_hash, nodes))]) == 1


nodes_of = st.recursive(
    st.binary(max_size=34) | st.sampled_from([b"", b"\x80", ZERO, path("80", True), path("8", True), path("0", False)]),
    lambda below: (
        st.lists(below, min_size=2, max_size=2)
        | st.lists(below, min_size=1, max_size=3).map(lambda some: (some * 17)[:17])
        | st.lists(below, max_size=4)
    ),
    max_leaves=12,
)


@fuzz
@given(nodes_of, st.sampled_from([0, 1, 0x22, 0x80]), st.booleans())
@example([path("80", True), b"item"], 0, False)
@example([path("8", False), [path("0", True), b"item"]], 0, True)
@example([path("8", False), [path("0", True), b"an item, in all more than 32 bytes"]], 0, True)
def test_any_node(twins: Twins, content: Any, index: int, beside: bool) -> None:
    """P5 whatever a root is the hash of, the contract sees in it what Python sees."""
    nodes = [bytes(rlp.encode(content))]
    if beside and isinstance(content, list) and content:
        nodes.append(bytes(rlp.encode(content[-1])))
    twins.answers([transaction_claim(item(keccak(nodes[0]), nodes, index))])


@pytest.mark.parametrize(
    ("content", "shows"),
    [
        ([path("80", True), b"item"], True),
        ([path("80", True), b""], False),
        ([path("80", True), [b"item"]], False),
        ([path("80", False), b"item"], False),
        ([path("8", True), b"item"], False),
        ([path("801", True), b"item"], False),
        ([path("81", True), b"item"], False),
        ([b"", b"item"], False),
        ([b"\x40\x80", b"item"], False),
        ([b"\xf0\x80", b"item"], False),
        ([path("", False), [path("80", True), b"item"]], False),
        ([path("8", False), [path("0", True), b"item"]], True),
        ([path("80", False), [path("", True), b"item"]], True),
        ([path("80", False), [b""] * 16 + [b"item"]], True),
        ([path("80", False), [b""] * 17], False),
        ([[path("80", True), b"item"]] * 17, False),
        ([b""] * 8 + [[path("0", True), b"item"]] + [b""] * 8, True),
        ([b""] * 17, False),
        ([b""] * 16, False),
        ([path("80", True), b"item", b""], False),
        ([path("80", True)], False),
        ([], False),
        (b"", False),
        (b"item", False),
    ],
)
def test_node(twins: Twins, content: Any, shows: bool) -> None:
    """P5 leaves, extensions and branches each show what they are of, and nothing else is a node."""
    root = bytes(rlp.encode(content))
    (answer,) = twins.answers([transaction_claim(item(keccak(root), [root]))])
    assert answer == ((b"item",) if shows else REFUSED)


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
