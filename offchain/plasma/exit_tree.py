"""The tree of PlasmaBridge's exits."""

from __future__ import annotations

from collections.abc import Iterable

from offchain.merkle import empty_root, node

EXIT_TREE_DEPTH = 32


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
