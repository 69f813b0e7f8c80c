"""The tree below a model's `weightHash`, for paths in it: four children a node, missing ones 0."""

from __future__ import annotations

from collections.abc import Sequence

from offchain.zk.poseidon import poseidon

CHILDREN = 4


class QuaternaryTree:
    """The tree over chunks' hashes, at least one. Source: docs/reference/ppdl-protocol.md."""

    def __init__(self, hashes: Sequence[int]) -> None:
        self._levels = [list(hashes)]
        while len(self._levels[-1]) > 1:
            level = self._levels[-1] + [0] * (-len(self._levels[-1]) % CHILDREN)
            nodes = [poseidon(level[start : start + CHILDREN]) for start in range(0, len(level), CHILDREN)]
            self._levels.append(nodes)

    def __getitem__(self, index: int) -> int:
        """A chunk's hash."""
        return self._levels[0][index]

    @property
    def root(self) -> int:
        """The `weightHash`."""
        return self._levels[-1][0]

    def path(self, index: int) -> list[int]:
        """The siblings of a chunk's hash and of the nodes above it, three a level, lowest level first, each by
        ascending places. Raises IndexError if there is no such chunk."""
        if not 0 <= index < len(self._levels[0]):
            raise IndexError(f"no chunk {index} of {len(self._levels[0])}")
        siblings = []
        for level in self._levels[:-1]:
            start = index - index % CHILDREN
            for place in range(start, start + CHILDREN):
                if place != index:
                    siblings.append(level[place] if place < len(level) else 0)
            index //= CHILDREN
        return siblings
