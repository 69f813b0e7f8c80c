"""Binary keccak trees whose leaves have a place, as contracts/merkle/MerkleRoot.sol has them.

A leaf hashes 0x00 and its content, a node 0x01 and its two children: neither passes for the other. Empty leaves are 0.
All hashes are 32 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from eth_utils.crypto import keccak

EMPTY_LEAF = bytes(32)


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
