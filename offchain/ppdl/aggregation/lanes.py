"""Updates as lanes modulo 2^32, 64 of them a chunk of 256 bytes; sums of them are exact.

A lane of an update is at most 2^20 in size, so the sum of up to `MOST_CLIENTS` is below 2^31 and can be read as signed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from offchain.errors import UserError
from offchain.merkle import Tree, leaf

MOST_CLIENTS = 2047
CHUNK_LANES = 64
CHUNK_BYTES = 4 * CHUNK_LANES
BIG_ENDIAN = np.dtype(">u4")

Lanes = NDArray[np.uint32]
Signed = NDArray[np.int32]


class LaneError(UserError):
    """Says in one line why numbers can't be lanes."""


def to_chunks(lanes: Signed | Lanes) -> Lanes:
    """The lanes of an update or a state, shape (lanes,), as chunks, shape (chunks, 64); the last one is filled with
    zeros. Raises LaneError for anything else than whole numbers of 32 bits."""
    if lanes.ndim != 1 or not len(lanes) or lanes.dtype not in (np.int32, np.uint32):
        raise LaneError(f"lanes are a row of 32-bit numbers, not {lanes.dtype} of shape {lanes.shape}")
    return np.pad(lanes.view(np.uint32), (0, -len(lanes) % CHUNK_LANES)).reshape(-1, CHUNK_LANES)


def to_lanes(chunks: Lanes, count: int) -> Signed:
    """The first lanes of chunks, read as signed: the inverse of `to_chunks`."""
    return np.ascontiguousarray(chunks).reshape(-1)[:count].view(np.int32)


def total(updates: Sequence[Lanes]) -> Lanes:
    """The sum of updates in chunks, modulo 2^32. Raises LaneError if there are none or so many that it isn't exact, or
    their shapes differ."""
    if not 1 <= len(updates) <= MOST_CLIENTS:
        raise LaneError(f"a sum of {len(updates)} updates is not exact: there are 1 to {MOST_CLIENTS}")
    if len({update.shape for update in updates}) > 1:
        raise LaneError("updates of different lengths have no sum")
    result = np.zeros_like(updates[0])
    for update in updates:
        result += update
    return result


def to_bytes(chunks: Lanes) -> bytes:
    """The content of one chunk or more: four bytes a lane, big-endian."""
    return chunks.astype(BIG_ENDIAN).tobytes()


def from_bytes(content: bytes) -> Lanes:
    """The chunks of `to_bytes`, shape (chunks, 64). Raises LaneError unless they are whole."""
    if not content or len(content) % CHUNK_BYTES:
        raise LaneError(f"{len(content)} bytes are not chunks of {CHUNK_BYTES}")
    return np.frombuffer(content, BIG_ENDIAN).astype(np.uint32).reshape(-1, CHUNK_LANES)


def chunk_tree(chunks: Lanes) -> Tree:
    """The tree over chunks: its root is an `updateRoot` or a `weightsRoot`."""
    content = to_bytes(chunks)
    return Tree([leaf(content[at : at + CHUNK_BYTES]) for at in range(0, len(content), CHUNK_BYTES)])
