"""What a wallet has read: kept, taken back after a fork, rebuilt when it is damaged, and nobody else's to read."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from offchain.wallet.events import Flushed, MeterChanged
from offchain.wallet.history import Entry, EntryKind, Receipt
from offchain.wallet.keys import Seed
from offchain.wallet.note import AMOUNT_LIMIT, ETH, Note
from offchain.wallet.store import BLOCKS_KEPT, Store, StoreError
from offchain.wallet.trees import WORTH_KEEPING, NoteTrees, RegistrationTree, TreeError
from offchain.zk.circuits import PARAMETERS
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon
from offchain.zk.tree import MerkleTree, verify_path

POOL = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
KEY = Seed(bytes(16)).keys().viewing
OWNER = KEY.public_key


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, OWNER, 950327, POOL)


def reopened(store: Store) -> Store:
    store.close()
    return Store(store.path.parent, OWNER, 950327, POOL)


def root_of(leaves: list[int]) -> int:
    tree = MerkleTree(PARAMETERS.note_tree_depth)
    tree.append(leaves)
    return tree.root


def test_everything_survives_and_is_its_owner_s_alone(store: Store) -> None:
    """P6: the largest numbers there are, after the file was closed; P3: mode 0600, no keys."""
    entry = Entry(EntryKind.SWAPPED, POOL, AMOUNT_LIMIT - 1, "0xt", 7, 9, 3, "openmg1", ETH, AMOUNT_LIMIT - 2, 1, 2**62)
    receipt = Receipt(1, 2, AMOUNT_LIMIT - 1, MODULUS - 1, MODULUS - 2)
    owned = KEY.own(Note(ETH, AMOUNT_LIMIT - 1, MODULUS - 1, OWNER), 5)
    meter = MeterChanged(1, MODULUS - 1, 0, 2**32 - 1, False)
    with store.changes():
        store.add_told(entry, 7)
        store.add_told(receipt, 7)
        store.add_note(owned, 7)
        store.add_meter(meter, 7)
        store.add_leaves([(0, MODULUS - 1)], 7)
        store.add_flush(Flushed(0, 1, MODULUS - 3), 7)
        store.add_blocks([(7, "0xb")])
    again = reopened(store)
    assert again.entries() == [entry]
    assert again.receipts() == [receipt]
    assert again.unspent(OWNER) == [owned]
    assert again.meters() == [meter]
    assert again.leaves(0, 0, 1) == [MODULUS - 1]
    assert again.flushes() == {0: Flushed(0, 1, MODULUS - 3)}
    assert again.next_block() == 8
    assert stat.S_IMODE(os.stat(again.path).st_mode) == 0o600
    content = again.path.read_bytes()
    for secret in (KEY.nullifier_key.to_bytes(32, "big"), KEY.decryption_key):
        assert secret not in content


def test_a_fork_is_taken_back_wholly(store: Store) -> None:
    """P5: notes, spending, history, meters and trees of later blocks are as if they had never been read."""
    first, second = (KEY.own(Note(ETH, amount, 1, OWNER), amount) for amount in (1, 2))
    with store.changes():
        store.add_note(first, 5)
        store.add_meter(MeterChanged(1, 11, 0, 500, False), 5)
        store.add_leaves([(0, 50)], 5)
        store.add_flush(Flushed(0, 1, 51), 5)
        store.add_blocks([(5, "0x5")])
    before = store.unspent(OWNER), store.meters(), store.flushes(), store.blocks(), store.entries(), store.leaf_count()
    with store.changes():
        store.add_note(second, 6)
        store.spend(first.position, 6)
        store.add_meter(MeterChanged(1, 11, 0, 500, True), 6)
        store.add_leaves([(1, 60)], 6)
        store.add_flush(Flushed(0, 2, 61), 6)
        store.add_told(Entry(EntryKind.SPENT, ETH, 1, "0xt", 6, 0), 6)
        store.add_blocks([(6, "0x6")])
    assert store.unspent(OWNER) == [second]
    with store.changes():
        store.forget_after(5)
    after = store.unspent(OWNER), store.meters(), store.flushes(), store.blocks(), store.entries(), store.leaf_count()
    assert after == before


def test_an_interrupted_change_leaves_nothing(store: Store) -> None:
    """P6: all of a step or nothing of it."""
    with suppress(KeyboardInterrupt), store.changes():
        store.add_leaves([(0, 1)], 1)
        raise KeyboardInterrupt
    assert reopened(store).leaf_count() == 0


def test_only_the_latest_blocks_are_kept(store: Store) -> None:
    with store.changes():
        store.add_blocks((number, hex(number)) for number in range(BLOCKS_KEPT + 100))
    assert len(store.blocks()) == BLOCKS_KEPT
    assert store.blocks()[0] == (BLOCKS_KEPT + 99, hex(BLOCKS_KEPT + 99))


def test_files_of_others_and_damaged_ones_are_named(store: Store, tmp_path: Path) -> None:
    """P9: never mixed up, never a traceback."""
    other = Store(tmp_path, OWNER + 1, 950327, POOL)
    assert other.path != store.path != Store(tmp_path, OWNER, 31337, POOL).path
    store.close()
    other.close()
    os.replace(other.path, store.path)
    with pytest.raises(StoreError, match="is of another wallet, network or version"):
        Store(tmp_path, OWNER, 950327, POOL)
    store.path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="can't be used"):
        Store(tmp_path, OWNER, 950327, POOL)
    with pytest.raises(StoreError, match="can't be used"):
        Store(store.path / "folder", OWNER, 950327, POOL)


def test_a_note_that_the_node_left_out_is_noticed(store: Store) -> None:
    """P9: a tree with a hole is never built."""
    with store.changes():
        store.add_leaves([(0, 1), (2, 3)], 1)
        store.add_flush(Flushed(0, 3, root_of([1, 2, 3])), 1)
    with pytest.raises(StoreError, match="the node left out notes"):
        NoteTrees(store).update()


def test_a_root_that_isn_t_the_pool_s_is_noticed(store: Store) -> None:
    """P9: notes that a node made up or changed."""
    with store.changes():
        store.add_leaves([(0, 1), (1, 2)], 1)
        store.add_flush(Flushed(0, 2, root_of([1, 3])), 1)
    with pytest.raises(TreeError, match="don't give the pool's root"):
        NoteTrees(store).update()


def test_large_trees_are_kept_and_damage_to_them_is_harmless(store: Store) -> None:
    """P6: the file beside the store saves hashing; wrong, cut or of a fork, it is made again."""
    leaves = list(range(1, WORTH_KEEPING + 3))
    with store.changes():
        store.add_leaves(enumerate(leaves), 1)
        store.add_flush(Flushed(0, len(leaves) - 1, root_of(leaves[:-1])), 1)
    trees = NoteTrees(store)
    trees.update()
    (kept,) = store.path.parent.glob("*.tree")
    whole = kept.read_bytes()
    with store.changes():
        store.add_flush(Flushed(0, len(leaves), root_of(leaves)), 2)
    for content in (whole, whole[:1000], b"", whole[:-1] + b"\1", bytes(len(whole))):
        kept.write_bytes(content)
        again = NoteTrees(store)
        again.update()
        path = again.path(3)
        assert path.root == root_of(leaves)
        assert verify_path(path.root, leaves[3], path.index, path.siblings)


def test_the_registration_tree_holds_who_is_registered(store: Store) -> None:
    """A removed meter's leaf is empty; the others keep their places."""
    changes = [MeterChanged(1, 10 + index, index, 500 + index, False) for index in range(3)]
    with store.changes():
        for change in [*changes, MeterChanged(1, 11, 1, 501, True)]:
            store.add_meter(change, 1)
    tree = RegistrationTree(store.meters())
    expected = MerkleTree(PARAMETERS.registration_tree_depth)
    expected.append([poseidon([10, 1, 500]), 0, poseidon([12, 1, 502])])
    path = tree.path(12)
    assert (path.index, path.root) == (2, expected.root)
    assert verify_path(path.root, poseidon([12, 1, 502]), path.index, path.siblings)
    with pytest.raises(TreeError, match="not registered"):
        tree.path(11)
    assert RegistrationTree([]).meters == {}


def test_two_processes_can_read_into_one_file(store: Store) -> None:
    """P6: one waits for the other, and neither breaks the file."""
    other = Store(store.path.parent, OWNER, 950327, POOL)
    with store.changes():
        store.add_blocks([(1, "0x1")])
    with other.changes():
        other.add_blocks([(2, "0x2")])
    assert store.next_block() == other.next_block() == 3
    assert sqlite3.connect(store.path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
