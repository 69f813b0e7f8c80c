"""The readings of one epoch as a Merkle-sum tree: what an operator publishes and a home proves its reading against.

A leaf is Poseidon(meter's commitment, epoch, packed reading), a node Poseidon(left hash, left sum, right hash, right
sum), the published root Poseidon(hash of the root node, packed totals). A packed reading or sum is exported + 2^64 *
imported, in Wh. An absent leaf has hash 0 and sum 0. Source: Maxwell's proof of liabilities, with the sum of each child
hashed on its own (Chalkias, Chatzigiannis, Ji, "Broken proofs of solvency", https://eprint.iacr.org/2022/043).
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from offchain.errors import UserError
from offchain.zk.field import LIMBS, MODULUS, Elements, from_limbs, to_limbs
from offchain.zk.poseidon import poseidon, poseidon_batch

DEPTH = 20
READING_LIMIT = 1 << 32
"""No reading of an epoch is as large, in Wh."""
EPOCH_LIMIT = 1 << 64
BATCH = 4096

Progress = Callable[[int, int], None]
"""Told now and then how many hashes are done, and of how many."""


class ReadingsError(UserError):
    """Says in one line which reading can't be published."""


@dataclass(frozen=True)
class Reading:
    """What a meter counted in an epoch, in Wh, each below 2^32."""

    commitment: int
    """Of the meter: a field element that tells nothing about it."""
    exported: int
    imported: int


@dataclass(frozen=True)
class ReadingPath:
    """What proves a reading: its place and, lowest level first, each sibling's hash and sums in Wh."""

    index: int
    hashes: list[int]
    exported: list[int]
    imported: list[int]


def packed(exported: int, imported: int) -> int:
    """Both readings, or both sums, in Wh, as one field element."""
    return exported + (imported << 64)


@cache
def empty_hash(level: int) -> int:
    """The hash of a node with `level` levels below it and no reading."""
    return poseidon([empty_hash(level - 1), 0, empty_hash(level - 1), 0]) if level else 0


def verify_reading(root: int, epoch: int, reading: Reading, path: ReadingPath) -> bool:
    """Whether the published root holds the reading at the path's place; says false, too, for numbers out of range."""
    if not len(path.hashes) == len(path.exported) == len(path.imported) == DEPTH or not 0 <= path.index < 1 << DEPTH:
        return False
    wrong = [number for number in (reading.exported, reading.imported) if not 0 <= number < READING_LIMIT]
    wrong += [number for number in (*path.exported, *path.imported) if not 0 <= number < READING_LIMIT << DEPTH]
    wrong += [number for number in (root, epoch, reading.commitment, *path.hashes) if not 0 <= number < MODULUS]
    if wrong:
        return False
    total = packed(reading.exported, reading.imported)
    node = poseidon([reading.commitment, epoch, total])
    for level in range(DEPTH):
        sibling = packed(path.exported[level], path.imported[level])
        pair = [path.hashes[level], sibling, node, total] if path.index >> level & 1 else None
        node = poseidon(pair or [node, total, path.hashes[level], sibling])
        total += sibling
    return poseidon([node, total]) == root


class ReadingsTree:
    """All readings of an epoch, in an order chosen afresh for it.

    A path shows its owner the sums of its siblings, the lowest of which is another meter's reading. Because of the
    order its owner can't know whose, nor follow one meter from epoch to epoch.
    """

    def __init__(
        self,
        epoch: int,
        readings: Sequence[Reading],
        *,
        shuffler: random.Random | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Puts the readings in random order (`shuffler`: the operating system's generator) and hashes them. Raises
        ReadingsError for an epoch or a reading out of range, a meter that stands there twice, or too many meters."""
        ordered = list(readings)
        (shuffler or secrets.SystemRandom()).shuffle(ordered)
        self._build(epoch, ordered, progress)

    @classmethod
    def in_order(cls, epoch: int, readings: Sequence[Reading], *, progress: Progress | None = None) -> ReadingsTree:
        """The tree that was published before, from its own `readings`. Raises ReadingsError as the constructor."""
        tree = cls.__new__(cls)
        tree._build(epoch, list(readings), progress)
        return tree

    def _build(self, epoch: int, readings: list[Reading], progress: Progress | None) -> None:
        _check(epoch, readings)
        self.epoch = epoch
        self.readings = readings
        """In the tree's order: to be kept, secret, for building the tree again."""
        self._places = {reading.commitment: index for index, reading in enumerate(readings)}
        self._hashes: list[Elements] = []
        self._sums: list[NDArray[np.uint64]] = []
        """Level by level, without empty nodes: hashes in shape (n, 4), exported and imported sums in shape (n, 2)."""
        self._hash(progress or (lambda done, total: None))
        self.exported, self.imported = (int(total) for total in self._sums[-1][0])
        (self.tree_root,) = from_limbs(self._hashes[-1])
        """The hash of the root node."""
        self.root = poseidon([self.tree_root, packed(self.exported, self.imported)])
        """The published root, of the totals `exported` and `imported` in Wh."""

    def __len__(self) -> int:
        return len(self.readings)

    def index(self, commitment: int) -> int:
        """The place of a meter. Raises ReadingsError if it has no reading in the epoch."""
        try:
            return self._places[commitment]
        except KeyError:
            raise ReadingsError(f"epoch {self.epoch} has no reading of meter {commitment:#066x}") from None

    def path(self, index: int) -> ReadingPath:
        """What proves the reading at a place. Raises IndexError if there is none."""
        if not 0 <= index < len(self):
            raise IndexError(f"no reading {index} in a tree of {len(self)}")
        path = ReadingPath(index, [], [], [])
        for level in range(DEPTH):
            sibling = index >> level ^ 1
            filled = sibling < len(self._hashes[level])
            found = from_limbs(self._hashes[level][sibling : sibling + 1])
            path.hashes.append(found[0] if filled else empty_hash(level))
            path.exported.append(int(self._sums[level][sibling, 0]) if filled else 0)
            path.imported.append(int(self._sums[level][sibling, 1]) if filled else 0)
        return path

    def _hash(self, progress: Progress) -> None:
        count = len(self.readings)
        widths = [max(1, (count + (1 << level) - 1) >> level) for level in range(DEPTH + 1)]
        total = sum(widths)
        done = 0

        def hashed(inputs: Elements) -> Elements:
            nonlocal done
            hashes = np.empty((len(inputs), LIMBS), np.uint64)
            for start in range(0, len(inputs), BATCH):
                hashes[start : start + BATCH] = poseidon_batch(inputs[start : start + BATCH])
                done += len(inputs[start : start + BATCH])
                progress(done, total)
            return hashes

        sums = np.zeros((max(1, count), 2), np.uint64)
        hashes = np.zeros((max(1, count), LIMBS), np.uint64)
        if count:
            sums[:] = [(reading.exported, reading.imported) for reading in self.readings]
            leaves = np.zeros((count, 3, LIMBS), np.uint64)
            leaves[:, 0] = to_limbs(reading.commitment for reading in self.readings)
            leaves[:, 1] = to_limbs([self.epoch])
            leaves[:, 2, :2] = sums
            hashes = hashed(leaves)
        self._hashes.append(hashes)
        self._sums.append(sums)
        for level, width in enumerate(widths[1:]):
            nodes = np.zeros((2 * width, 2, LIMBS), np.uint64)
            nodes[:, 0] = to_limbs([empty_hash(level)])
            nodes[: len(hashes), 0] = hashes
            nodes[: len(hashes), 1, :2] = sums  # 2^64 * imported is imported one limb higher
            hashes = hashed(nodes.reshape(width, 4, LIMBS))
            sums = nodes[:, 1, :2].reshape(width, 2, 2).sum(axis=1, dtype=np.uint64)
            self._hashes.append(hashes)
            self._sums.append(sums)


def _check(epoch: int, readings: Sequence[Reading]) -> None:
    if not 0 <= epoch < EPOCH_LIMIT:
        raise ReadingsError(f"epoch {epoch} is not between 0 and 2^64 - 1")
    if len(readings) > 1 << DEPTH:
        raise ReadingsError(f"{len(readings):,} meters are too many for an epoch: at most {1 << DEPTH:,} fit")
    seen: set[int] = set()
    for reading in readings:
        meter = f"meter {reading.commitment:#066x} in epoch {epoch}"
        if not 0 <= reading.commitment < MODULUS:
            raise ReadingsError(f"{meter}: its commitment is no field element")
        for name, value in (("exported", reading.exported), ("imported", reading.imported)):
            if not 0 <= value < READING_LIMIT:
                raise ReadingsError(f"{meter}: {value} Wh {name} is not between 0 and {READING_LIMIT - 1}")
        if reading.commitment in seen:
            raise ReadingsError(f"{meter} stands there twice")
        seen.add(reading.commitment)
