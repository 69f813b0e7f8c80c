"""Poseidon over BN254 as circomlib has it: the hash that circuits, contracts and wallets share.

Source: the paper named in `poseidon_constants`; widths, rounds and the place of inputs and output as in circomlib's
`Poseidon(n)`: the state starts as a zero and the inputs, the hash is its first element.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from offchain.zk.field import LIMBS, MODULUS, Elements, from_limbs, to_bytes, to_limbs
from offchain.zk.poseidon_constants import PARTIAL_ROUNDS, constants
from offchain.zk.poseidon_plain import hash_plainly

MOST_INPUTS = max(PARTIAL_ROUNDS) - 1

FEW = 600
"""Hashes of a process up to which plain Python computes them; loading the compiled permutation takes about as long."""

_few_left = FEW


def poseidon(inputs: Sequence[int]) -> int:
    """The hash of 1 to 6 field elements. Raises ValueError for any other number of them, and for one that isn't
    canonical (0 <= input < p): a circuit would take it modulo p, and two preimages would have one hash."""
    _check_count(len(inputs))
    data = bytearray().join(map(to_bytes, inputs))
    if _are_few(1):
        return hash_plainly(inputs)
    table = _table(len(inputs))
    hashes = np.empty((1, LIMBS), np.uint64)
    rounds = PARTIAL_ROUNDS[len(inputs) + 1]
    _hash_rows()(np.frombuffer(data, np.uint64).reshape(1, -1, LIMBS), table, rounds, hashes)
    return int.from_bytes(hashes.tobytes(), "little")


def poseidon_batch(inputs: NDArray[np.uint64]) -> Elements:
    """The hashes of rows of field elements: from shape (n, inputs, 4) to shape (n, 4), limbs lowest first (see
    `field.to_limbs`). Lets other threads run meanwhile. Raises ValueError as `poseidon` does."""
    if inputs.ndim != 3 or inputs.shape[2] != LIMBS or inputs.dtype != np.uint64:
        raise ValueError(f"needs 64-bit limbs in shape (rows, inputs, {LIMBS}), not {inputs.dtype} in {inputs.shape}")
    _check_count(inputs.shape[1])
    if _are_few(len(inputs)):
        return _hash_few(inputs)
    table = _table(inputs.shape[1])
    rows = np.require(inputs, requirements=["C", "W"])  # for a read-only array numba would compile once more
    hashes = np.empty((len(rows), LIMBS), np.uint64)
    done = _hash_rows()(rows, table, PARTIAL_ROUNDS[inputs.shape[1] + 1], hashes)
    if done < len(rows):
        raise _not_canonical(done)
    return hashes


def _are_few(hashes: int) -> bool:
    """Whether so many more are done in plain Python: while they are few, and for good where numba isn't installed."""
    global _few_left
    if _hash_rows.cache_info().currsize:
        return False
    if hashes > _few_left:
        return find_spec("numba") is None
    _few_left -= hashes
    return True


def _hash_few(inputs: NDArray[np.uint64]) -> Elements:
    rows, taken, _ = inputs.shape
    numbers = from_limbs(np.ascontiguousarray(inputs).reshape(rows * taken, LIMBS))
    listed = [numbers[at : at + taken] for at in range(0, rows * taken, taken)]
    for place, row in enumerate(listed):
        if max(row) >= MODULUS:
            raise _not_canonical(place)
    return to_limbs(map(hash_plainly, listed))


def _not_canonical(row: int) -> ValueError:
    return ValueError(f"row {row} holds a number that is not below the field's order {MODULUS}")


def _check_count(inputs: int) -> None:
    if not 1 <= inputs <= MOST_INPUTS:
        raise ValueError(f"Poseidon takes 1 to {MOST_INPUTS} inputs, not {inputs}")


@cache
def _hash_rows() -> Callable[[NDArray[np.uint64], Elements, int, Elements], int]:
    """The compiled permutation. Imported when it is needed first: numba takes half a second to load."""
    from offchain.zk.poseidon_kernel import hash_rows

    return hash_rows


@cache
def _table(inputs: int) -> Elements:
    """All constants in Montgomery form, one after the other: those added in full rounds, both matrices, then those of
    each partial round (added, row, column)."""
    found = constants(inputs + 1)
    numbers = [number for vector in (*found.added, *found.mix, *found.mix_before_partial) for number in vector]
    for added, row, column in zip(found.added_partial, found.rows, found.columns, strict=True):
        numbers += [added, *row, *column]
    return to_limbs((number << 64 * LIMBS) % MODULUS for number in numbers)
