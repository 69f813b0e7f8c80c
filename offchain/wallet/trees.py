"""The trees that proofs show paths in, rebuilt from what a wallet has read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath

from offchain import durable_file
from offchain.errors import UserError
from offchain.wallet.events import Flushed, MeterChanged
from offchain.wallet.note import TREE_LEAVES
from offchain.wallet.store import Store
from offchain.zk.circuits import PARAMETERS
from offchain.zk.poseidon import poseidon
from offchain.zk.tree import MerkleTree

WORTH_KEEPING = 64
"""New leaves from which on a tree is written to its file; hashing fewer again takes milliseconds."""

LEAST_PART = 64
"""Of a large tree, which is long to write, the new leaves must be this part at the least."""


class TreeError(UserError):
    """Says in one line why a path can't be had."""


@dataclass(frozen=True)
class Path:
    """A leaf's place and the siblings on its way up, lowest level first, below `root`."""

    index: int
    siblings: list[int]
    root: int


class NoteTrees:
    """The trees of notes, as far as they are flushed, or were after a block (`until`). Large ones are kept in files
    beside the store."""

    def __init__(self, store: Store, until: int | None = None) -> None:
        self._store, self._until = store, until
        self._trees: dict[int, MerkleTree] = {}

    def forget(self) -> None:
        """Starts over: the chain was reorganised."""
        self._trees.clear()

    def update(self) -> None:
        """Adds what was flushed. Raises TreeError if that gives another root than the chain's."""
        flushes = self._store.flushes() if self._until is None else self._store.flushes(self._until)
        for flushed in flushes.values():
            tree = self._trees.get(flushed.tree) or self._kept(flushed)
            if len(tree) < flushed.next_index:
                self._extend(tree, flushed)
            if tree.root != flushed.root:  # kept before the chain was reorganised, or damaged
                tree = MerkleTree(PARAMETERS.note_tree_depth)
                self._extend(tree, flushed)
            if tree.root != flushed.root:
                raise TreeError(
                    f"the node's notes don't give the pool's root of tree {flushed.tree}: use another node, and move "
                    f"{self._store.path} away"
                )
            self._trees[flushed.tree] = tree

    def _extend(self, tree: MerkleTree, flushed: Flushed) -> None:
        added = self._store.leaves(flushed.tree, len(tree), flushed.next_index)
        tree.append(added)
        worth_keeping = self._until is None and len(added) >= max(WORTH_KEEPING, len(tree) // LEAST_PART)
        if worth_keeping and tree.root == flushed.root:
            durable_file.replace(self._file(flushed.tree), tree.to_bytes(), private=True)

    def _kept(self, flushed: Flushed) -> MerkleTree:
        try:
            tree = MerkleTree.from_bytes(self._file(flushed.tree).read_bytes())
        except (OSError, ValueError):
            return MerkleTree(PARAMETERS.note_tree_depth)
        fits = tree.depth == PARAMETERS.note_tree_depth and len(tree) <= flushed.next_index
        return tree if fits else MerkleTree(PARAMETERS.note_tree_depth)

    def _file(self, number: int) -> FilePath:
        return self._store.path.with_suffix(f".{number}.tree")

    def path(self, position: int) -> Path:
        """The path of a flushed note."""
        tree = self._trees[position // TREE_LEAVES]
        index = position % TREE_LEAVES
        return Path(index, tree.path(index), tree.root)

    def root(self, number: int) -> int:
        """A tree's root."""
        return self._trees[number].root if number in self._trees else MerkleTree(PARAMETERS.note_tree_depth).root


class RegistrationTree:
    """The tree of registered meters."""

    def __init__(self, meters: list[MeterChanged]) -> None:
        self.meters = {meter.commitment: meter for meter in meters if not meter.removed}
        leaves = [0] * (meters[-1].index + 1 if meters else 0)
        for meter in self.meters.values():
            leaves[meter.index] = poseidon([meter.commitment, meter.microgrid, meter.capacity])
        self._tree = MerkleTree(PARAMETERS.registration_tree_depth)
        self._tree.append(leaves)

    def path(self, commitment: int) -> Path:
        """The path of a meter. Raises TreeError if it isn't registered."""
        meter = self.meters.get(commitment)
        if meter is None:
            raise TreeError("this meter is not registered")
        return Path(meter.index, self._tree.path(meter.index), self._tree.root)
