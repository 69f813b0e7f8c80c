"""What is wrong in what was posted, beside the round as it is right: one place, and what shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from offchain.ppdl.aggregation.lanes import Signed, to_chunks
from offchain.ppdl.disputes.proofs import Disputed, Kind
from offchain.ppdl.inference.integer_model import quantise_weights


class Place(NamedTuple):
    """What can be challenged or demanded: a node, a leaf or a chunk, as docs/reference/ppdl-registry.md counts them."""

    kind: Kind
    chunk: int
    place: int

    def __str__(self) -> str:
        return f"{self.kind.name.lower()} {self.place} of chunk {self.chunk}"


class Fault(NamedTuple):
    """A place that is wrong, with its proof in the shape of the ABI."""

    place: Place
    proof: tuple[Any, ...]


def wrong_update(right: Disputed, posted: Signed) -> Fault | None:
    """Where a posted model, shape (weights,) or with the zeros that fill its last chunk, isn't what the right sum
    gives; None if it is."""
    chunks, wanted = to_chunks(posted), to_chunks(right.after)
    for chunk in range(len(wanted)):
        if not np.array_equal(chunks[chunk], wanted[chunk]):
            return Fault(Place(Kind.UPDATE, chunk, 0), replace(right, after=posted).update(chunk))
    return None


def wrong_hash(right: Disputed, hashed: Signed) -> Fault | None:
    """Where the posted `weightHash`, which is of `hashed`, isn't that of the right model; None if it is."""
    ours, theirs = (quantise_weights(to_chunks(state).view("int32")) for state in (right.after, hashed))
    for chunk in range(len(ours)):
        if not np.array_equal(ours[chunk], theirs[chunk]):
            content, path, _, _ = right.hash(chunk)
            _, _, leaf, siblings = replace(right, after=hashed).hash(chunk)
            return Fault(Place(Kind.HASH, chunk, 0), (content, path, leaf, siblings))
    return None


def wrong_leaf(right: Disputed, chunk: int, node: int, leaf: bytes, path: Sequence[bytes]) -> Fault:
    """That the leaf of a posted sum tree, at a node of a chunk's heap, isn't the right one; `path` leads from it to
    the posted root."""
    number = node - right.first_leaf
    if number < len(right.alive):
        place, proof = Place(Kind.LEAF, chunk, number), right.leaf(chunk, number)
    else:
        place, proof = Place(Kind.MASK, chunk, number), right.mask(chunk, number)
    return Fault(place, (leaf, list(path), *proof[2:]))
