"""Binary Poseidon trees of fixed depth that grow leaf by leaf: of notes (depth 24) and of registered meters (depth 20).

An absent leaf is 0, and a subtree without leaves has a hash known in advance, so only nodes above a leaf are kept.
A tree is not for two threads at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import numpy as np

from offchain.zk.field import ELEMENT_BYTES, LIMBS, Elements, checked, from_bytes, from_limbs, to_limbs
from offchain.zk.poseidon import poseidon, poseidon_batch

MOST_LEVELS = 32

Node = tuple[int, int, bytes]
"""A level (0: leaves), an index in it, and the hash's 32 bytes, lowest first: a row of a table."""


@cache
def zero_hash(level: int) -> int:
    """The hash of a subtree with `level` levels of nodes and no leaf."""
    return poseidon([zero_hash(level - 1)] * 2) if level else 0


def path_root(leaf: int, index: int, siblings: Sequence[int]) -> int:
    """The root that a leaf and its siblings, lowest level first, lead to. Raises ValueError for an index beyond the
    tree and for a number that isn't a field element."""
    if not 0 <= index < 1 << len(siblings):
        raise ValueError(f"index {index} is not in a tree of depth {len(siblings)}")
    node = checked(leaf)
    for level, sibling in enumerate(siblings):
        node = poseidon((sibling, node) if index >> level & 1 else (node, sibling))
    return node


def verify_path(root: int, leaf: int, index: int, siblings: Sequence[int]) -> bool:
    """Whether the leaf stands at the index of the tree with this root. Raises ValueError as `path_root` does."""
    return path_root(leaf, index, siblings) == root


class MerkleTree:
    """A tree of 2^depth leaves, the first `len(tree)` of which were appended."""

    def __init__(self, depth: int) -> None:
        if not 1 <= depth <= MOST_LEVELS:
            raise ValueError(f"a tree has a depth of 1 to {MOST_LEVELS}, not {depth}")
        self.depth = depth
        self._length = 0
        self._levels: list[Elements] = [np.zeros((1, LIMBS), np.uint64) for _ in range(depth + 1)]

    def __len__(self) -> int:
        return self._length

    @property
    def root(self) -> int:
        """The root's hash."""
        return self._node(self.depth, 0)

    def leaf(self, index: int) -> int:
        """An appended leaf. Raises IndexError if there is none at the index."""
        self._check_index(index)
        return self._node(0, index)

    def path(self, index: int) -> list[int]:
        """The siblings of an appended leaf and of the nodes above it, lowest level first, `depth` of them. Raises
        IndexError if there is no leaf at the index."""
        self._check_index(index)
        return [self._node(level, index >> level ^ 1) for level in range(self.depth)]

    def append(self, leaves: Iterable[int]) -> int:
        """Appends leaves, hashing level by level; returns the index of the first. Raises ValueError, and appends none,
        if one isn't a field element or they don't fit."""
        added = to_limbs(leaves)
        start, end = self._length, self._length + len(added)
        if end > 1 << self.depth:
            raise ValueError(f"{len(added)} more leaves don't fit: {start} of {1 << self.depth} are taken")
        if len(added):
            self._grow(end)
            self._levels[0][start:end] = added
            self._length = end
            self._hash_above(start, end)
        return start

    def set(self, index: int, leaf: int) -> None:
        """Replaces an appended leaf (0: removes it, its place stays taken). Raises IndexError if there is none at the
        index, ValueError if the new one isn't a field element."""
        self._check_index(index)
        self._levels[0][index] = to_limbs([leaf])[0]
        self._hash_above(index, index + 1)

    def truncate(self, length: int) -> None:
        """Takes the last leaves back, so that `length` stay, as if the others had never been appended. Raises
        ValueError for a length the tree doesn't have."""
        if not 0 <= length <= self._length:
            raise ValueError(f"a tree of {self._length} leaves can't be cut to {length}")
        self._length = length
        if length:
            self._hash_above(length - 1, length)

    def nodes(self, first: int = 0, end: int | None = None) -> Iterator[Node]:
        """The nodes above the leaves from `first` until before `end` (None: the last), leaves included.

        After an append from index i `nodes(i)` are the rows to write, after `set(i, ...)` they are `nodes(i, i + 1)`,
        after `truncate(n)` `nodes(n - 1)`; rows that a truncated tree no longer has do no harm.
        """
        end = self._length if end is None else end
        if not 0 <= first <= end <= self._length:
            raise ValueError(f"leaves {first} to {end} are not in a tree of {self._length}")
        if first == end:
            return
        for level in range(self.depth + 1):
            low, high = first >> level, (end - 1 >> level) + 1
            for index, row in enumerate(self._levels[level][low:high], start=low):
                yield level, index, row.astype("<u8", copy=False).tobytes()

    @classmethod
    def from_nodes(cls, depth: int, length: int, nodes: Iterable[Node]) -> MerkleTree:
        """A tree from its stored nodes, in any order, without hashing them again; others than the tree of this length
        has are ignored. Raises ValueError if one is missing or is no element, or if the last leaf's path doesn't fit
        together. Anything else that was altered shows in the root, which is to be compared with a trusted one."""
        tree = cls._sized(depth, length)
        missing = [np.ones(_width(length, level), np.bool_) for level in range(depth + 1)]
        for level, index, data in nodes:
            if 0 <= level <= depth and 0 <= index < len(missing[level]):
                tree._levels[level][index] = to_limbs([from_bytes(data)])[0]
                missing[level][index] = False
        if any(places.any() for places in missing):
            raise ValueError(f"nodes of a stored tree of {length} leaves are missing")
        return tree._fitting()

    def to_bytes(self) -> bytes:
        """The whole tree, for `from_bytes`: depth, length, then the nodes, level by level, 32 bytes each."""
        levels = [self._levels[level][: _width(self._length, level)] for level in range(self.depth + 1)]
        header = self.depth.to_bytes(1, "little") + self._length.to_bytes(8, "little")
        return header + b"".join(level.astype("<u8", copy=False).tobytes() for level in levels)

    @classmethod
    def from_bytes(cls, data: bytes) -> MerkleTree:
        """The tree that `to_bytes` wrote. Raises ValueError if the data has another size or its last leaf's path
        doesn't fit together; see `from_nodes`."""
        depth, length = int.from_bytes(data[:1], "little"), int.from_bytes(data[1:9], "little")
        widths = [_width(length, level) for level in range(depth + 1)]
        if len(data) != 9 + ELEMENT_BYTES * sum(widths):
            raise ValueError(f"{len(data)} bytes are not a stored tree of {length} leaves")
        tree = cls._sized(depth, length)
        numbers = np.frombuffer(data, "<u8", offset=9).astype(np.uint64).reshape(-1, LIMBS)
        for level, width in enumerate(widths):
            tree._levels[level][:width], numbers = numbers[:width], numbers[width:]
        return tree._fitting()

    @classmethod
    def _sized(cls, depth: int, length: int) -> MerkleTree:
        tree = cls(depth)
        if not 0 <= length <= 1 << depth:
            raise ValueError(f"a tree of depth {depth} doesn't have {length} leaves")
        tree._grow(length)
        tree._length = length
        return tree

    def _fitting(self) -> MerkleTree:
        """The tree itself. Raises ValueError if the path of the last leaf doesn't lead to the root."""
        last = self._length - 1
        if self._length and not verify_path(self.root, self.leaf(last), last, self.path(last)):
            raise ValueError("the nodes of a stored tree don't fit together")
        return self

    def _check_index(self, index: int) -> None:
        if not 0 <= index < self._length:
            raise IndexError(f"no leaf {index} in a tree of {self._length}")

    def _node(self, level: int, index: int) -> int:
        if index >= _width(self._length, level):
            return zero_hash(level)
        return from_limbs(self._levels[level][index : index + 1])[0]

    def _grow(self, length: int) -> None:
        """Makes room for so many leaves and the nodes above them."""
        for level, nodes in enumerate(self._levels):
            needed = _width(length, level)
            if needed > len(nodes):
                grown = np.zeros((max(needed, 2 * len(nodes)), LIMBS), np.uint64)
                grown[: len(nodes)] = nodes
                self._levels[level] = grown

    def _hash_above(self, first: int, end: int) -> None:
        """Hashes all nodes above the leaves from `first` until before `end`."""
        for level in range(self.depth):
            low, high = first >> level + 1, (end - 1 >> level + 1) + 1
            children = self._levels[level][2 * low : 2 * high]
            have = min(2 * high, _width(self._length, level)) - 2 * low
            pairs = np.empty((2 * (high - low), LIMBS), np.uint64)
            pairs[:have] = children[:have]
            if have < len(pairs):
                pairs[have:] = to_limbs([zero_hash(level)])
            self._levels[level + 1][low:high] = poseidon_batch(pairs.reshape(-1, 2, LIMBS))


def _width(length: int, level: int) -> int:
    """How many nodes of a level have one of the first `length` leaves below them."""
    return (length + (1 << level) - 1) >> level
