"""Binary keccak trees whose leaves have a place, as contracts/plasma/MerkleRoot.sol has them.

A leaf hashes 0x00 and its content, a node 0x01 and its two children: neither passes for the other. Empty leaves are 0.
All hashes are 32 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from eth_utils.crypto import keccak

EMPTY_LEAF = bytes(32)
EXIT_TREE_DEPTH = 32


def node(left: bytes, right: bytes) -> bytes:
    """A node of two children."""
    return keccak(b"\x01" + left + right)


def leaf(content: bytes) -> bytes:
    """A leaf with this content."""
    return keccak(b"\x00" + content)


def depth_of(count: int) -> int:
    """How many levels a tree with this many leaves has above them. Raises ValueError if there are none."""
    if count < 1:
        raise ValueError("a tree has at least one leaf")
    return (count - 1).bit_length()


def root_of(hash_: bytes, index: int, siblings: Sequence[bytes]) -> bytes:
    """The root that a leaf has at a place; siblings lowest level first. Raises ValueError for a place beyond the
    tree."""
    if not 0 <= index < 1 << len(siblings):
        raise ValueError(f"place {index} is not in a tree of depth {len(siblings)}")
    for level, sibling in enumerate(siblings):
        hash_ = node(sibling, hash_) if index >> level & 1 else node(hash_, sibling)
    return hash_


@cache
def empty_root(depth: int) -> bytes:
    """The root of a tree of empty leaves only."""
    return node(empty_root(depth - 1), empty_root(depth - 1)) if depth else EMPTY_LEAF


class Tree:
    """A tree over some leaves, at least one, filled with empty ones to the next power of two."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.depth = depth_of(len(leaves))
        self._levels = [list(leaves)]
        for level in range(self.depth):
            below = self._levels[-1]
            if len(below) % 2:
                below = [*below, empty_root(level)]
            self._levels.append([node(below[at], below[at + 1]) for at in range(0, len(below), 2)])

    def __len__(self) -> int:
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        """The root's hash."""
        return self._levels[-1][0]

    def path(self, index: int) -> tuple[bytes, ...]:
        """The siblings of a leaf and of the nodes above it, lowest level first, `depth` of them. Raises IndexError if
        there is no such leaf."""
        if not 0 <= index < len(self):
            raise IndexError(f"no leaf {index} in a tree of {len(self)}")
        siblings = []
        for level in range(self.depth):
            place = index >> level ^ 1
            nodes = self._levels[level]
            siblings.append(nodes[place] if place < len(nodes) else empty_root(level))
        return tuple(siblings)


class ExitTree:
    """The tree of PlasmaBridge's exits: of fixed depth, filled from the left, known as it was after each exit."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.depth = EXIT_TREE_DEPTH
        self._levels: list[list[bytes]] = [[] for _ in range(self.depth + 1)]  # only nodes whose leaves are all taken
        for hash_ in leaves:
            self.append(hash_)

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, hash_: bytes) -> int:
        """Appends a leaf; returns its place. Raises ValueError if the tree is full."""
        place = len(self)
        if place >> self.depth:
            raise ValueError(f"a tree of depth {self.depth} has no place for more leaves")
        self._levels[0].append(hash_)
        for level in range(self.depth):
            nodes = self._levels[level]
            if len(nodes) % 2:
                break
            self._levels[level + 1].append(node(nodes[-2], nodes[-1]))
        return place

    def truncate(self, count: int) -> None:
        """Takes back all leaves but the first `count`. Raises ValueError for a count the tree doesn't have."""
        self._check_count(count)
        for level, nodes in enumerate(self._levels):
            del nodes[count >> level :]

    def root(self, count: int | None = None) -> bytes:
        """The root after the first `count` leaves (None: all). Raises ValueError for a count the tree doesn't have."""
        count = len(self) if count is None else count
        self._check_count(count)
        return self._node(self.depth, 0, count)

    def path(self, index: int, count: int | None = None) -> tuple[bytes, ...]:
        """The siblings, lowest level first, of a leaf in the tree of the first `count` leaves (None: all). Raises
        ValueError for a count the tree doesn't have, IndexError if the leaf is not among them."""
        count = len(self) if count is None else count
        self._check_count(count)
        if not 0 <= index < count:
            raise IndexError(f"no leaf {index} in a tree of {count}")
        return tuple(self._node(level, index >> level ^ 1, count) for level in range(self.depth))

    def _check_count(self, count: int) -> None:
        if not 0 <= count <= len(self):
            raise ValueError(f"a tree of {len(self)} leaves was never one of {count}")

    def _node(self, level: int, place: int, count: int) -> bytes:
        """A node as it was after `count` leaves."""
        if place << level >= count:
            return empty_root(level)
        if place + 1 << level <= count:
            return self._levels[level][place]
        return node(self._node(level - 1, 2 * place, count), self._node(level - 1, 2 * place + 1, count))
