"""Proofs of tries that no block of the chain may have, and of those whose nodes stand within others: PlasmaInclusion
takes what Python takes, and refuses the rest. The root of this chain accepts every checkpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak
from hypothesis import example, given
from hypothesis import strategies as st
from trie import HexaryTrie

from offchain.merkle import Tree, empty_root, node, root_of
from offchain.plasma.proofs import BlockProof
from offchain.plasma.tries import ItemTrie
from tests.plasma.made_up import CHILD_CHAIN_ID
from tests.plasma.twin import REFUSED, ZERO, Twins, block_claim, checkpoint, fuzz, item, leaf, transaction_claim

SHORT = 32


@pytest.fixture(scope="module")
def twins(deployer: Any, project: Any, contracts: Any) -> Twins:
    root = deployer.deploy(project.YesRoot)
    return Twins(deployer.deploy(project.PlasmaInclusion, root, CHILD_CHAIN_ID))


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
