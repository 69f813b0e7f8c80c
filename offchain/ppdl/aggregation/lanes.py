"""Weights and updates as lanes: whole numbers modulo 2^32 in units of 2^-20, 64 of them a chunk of 256 bytes.

A sum of updates modulo 2^32 is exact for up to `MOST_CLIENTS` clients, since each lane of an update is at most
2^20 in size. Source: fixed point as in Bonawitz et al., Practical Secure Aggregation (CCS 2017), section 7.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from offchain.errors import UserError
from offchain.merkle import Tree, leaf

ONE = 1 << 20
"""What stands for 1."""
CLIP = 1 << 20
"""The most that a lane of an update may be, up or down."""
MOST_CLIENTS = (1 << 31) // CLIP - 1
CHUNK_LANES = 64
CHUNK_BYTES = 4 * CHUNK_LANES
INT32 = np.iinfo(np.int32)
BIG_ENDIAN = np.dtype(">u4")

State = NDArray[np.int32]
Lanes = NDArray[np.uint32]


class LaneError(UserError):
    """Says in one line why numbers can't be lanes."""


def encode(weights: ArrayLike) -> State:
    """The state of a model: each weight rounded to units of 2^-20. Raises LaneError for what isn't finite or lies
    beyond +-2^11."""
    values = np.asarray(weights, dtype=np.float64)
    scaled: NDArray[np.float64] = np.rint(values * ONE)
    if not np.isfinite(scaled).all() or (np.abs(scaled) > INT32.max).any():
        raise LaneError(f"a weight is no number between -{1 << 11} and {1 << 11}: the training ran away")
    return scaled.astype(np.int32)


def decode(state: State) -> NDArray[np.float64]:
    """The weights of a state, exactly."""
    return state.astype(np.float64) / ONE


def update_vector(old: State, new: State, loss: float) -> Lanes:
    """What a client gives: `new - old`, clipped, then its training loss, filled with zeros to whole chunks.

    Shapes: (weights,) both, (lanes,) the result. Raises LaneError for shapes that differ or a loss that is negative
    or no number; a larger one than 1 counts as 1.
    """
    if old.ndim != 1 or old.shape != new.shape:
        raise LaneError(f"states of {old.shape} and {new.shape} weights have no difference")
    if not math.isfinite(loss) or loss < 0:
        raise LaneError(f"a loss is zero or more, not {loss}")
    difference = np.clip(new.astype(np.int64) - old, -CLIP, CLIP)
    return padded(np.append(difference, min(round(loss * ONE), CLIP)).astype(np.int32).view(np.uint32))


def padded(lanes: Lanes) -> Lanes:
    """The same lanes, filled with zeros to whole chunks."""
    return np.pad(lanes, (0, -len(lanes) % CHUNK_LANES))


def total(vectors: Iterable[Lanes]) -> Lanes:
    """The sum of vectors lane by lane, modulo 2^32. Raises LaneError if there are none or their lengths differ."""
    rows = list(vectors)
    if not rows or len({row.shape for row in rows}) > 1:
        raise LaneError("only vectors of one length, at least one, have a sum")
    result = np.zeros_like(rows[0])
    for row in rows:
        result += row
    return result


def new_state(old: State, total_: Lanes, clients: int) -> State:
    """The state after a round: `old + total / clients`, rounded to the nearest unit, half up; lanes of the total
    beyond the weights are no part of it. Raises LaneError for a number of clients whose sum isn't exact, or a total
    that is too short."""
    _check_total(total_, len(old), clients)
    moved = (2 * total_[: len(old)].view(np.int32).astype(np.int64) + clients) // (2 * clients)
    return np.clip(old + moved, INT32.min, INT32.max).astype(np.int32)


def mean_loss(total_: Lanes, weights: int, clients: int) -> float:
    """The mean of the clients' training losses, from the lane after the weights. Raises LaneError as `new_state`."""
    _check_total(total_, weights + 1, clients)
    return float(total_[weights : weights + 1].view(np.int32)[0]) / clients / ONE


def chunks(lanes: Lanes) -> Lanes:
    """Whole chunks as rows of 64 lanes; a state's lanes are `state.view(np.uint32)`."""
    return padded(lanes).reshape(-1, CHUNK_LANES)


def chunk_count(weights: int) -> int:
    """How many chunks an update of a model with so many weights has."""
    return -(-(weights + 1) // CHUNK_LANES)


def to_bytes(chunk: Lanes) -> bytes:
    """A chunk's, or many chunks', content: four bytes a lane, big-endian."""
    return chunk.astype(BIG_ENDIAN).tobytes()


def from_bytes(content: bytes) -> Lanes:
    """The chunks of `to_bytes`, shape (chunks, 64). Raises LaneError unless they are whole."""
    if not content or len(content) % CHUNK_BYTES:
        raise LaneError(f"{len(content)} bytes are not chunks of {CHUNK_BYTES}")
    return np.frombuffer(content, BIG_ENDIAN).astype(np.uint32).reshape(-1, CHUNK_LANES)


def chunk_tree(lanes: Lanes) -> Tree:
    """The tree over the chunks: its root is an `updateRoot` or a `weightsRoot`."""
    content = to_bytes(padded(lanes))
    return Tree([leaf(content[at : at + CHUNK_BYTES]) for at in range(0, len(content), CHUNK_BYTES)])


def _check_total(total_: Lanes, least: int, clients: int) -> None:
    if not 1 <= clients <= MOST_CLIENTS:
        raise LaneError(f"a sum of {clients} updates is not exact: there are 1 to {MOST_CLIENTS}")
    if len(total_) < least:
        raise LaneError(f"a sum of {len(total_)} lanes is not one of {least}")
