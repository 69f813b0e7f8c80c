"""Hashes that bind a model, a request and an answer, and the ciphertext of an answer (docs/reference/ppdl-protocol.md).

All are Poseidon over BN254's scalar field, so that the circuit `inference` can open them. Hashes of different kinds
have different numbers of inputs, so none can pass for another.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.ppdl.aggregation.lanes import CHUNK_LANES
from offchain.ppdl.inference.integer_model import FEATURE_OFFSET, WEIGHT_OFFSET, ModelError, quantise_weights
from offchain.ppdl.inference.quaternary import QuaternaryTree
from offchain.zk.circuits import PARAMETERS
from offchain.zk.field import MODULUS, checked
from offchain.zk.poseidon import poseidon

LANES_AN_ELEMENT = 16
FEATURES_AN_ELEMENT = 15


def weight_hash(lanes: NDArray[np.integer[Any]]) -> int:
    """The hash of a model's state, shape (lanes,): what headers name and the circuit opens."""
    return weight_hash_of(quantise_weights(lanes))


def weight_hash_of(weights: NDArray[np.int64]) -> int:
    """The hash of quantised weights, shape (lanes,). Raises ModelError if there are none or one is out of range."""
    if not weights.size:
        raise ModelError("a model has at least one weight")
    filled = np.zeros(-(-weights.size // CHUNK_LANES) * CHUNK_LANES, np.int64)
    filled[: weights.size] = weights
    return QuaternaryTree([chunk_hash(chunk) for chunk in filled.reshape(-1, CHUNK_LANES)]).root


def chunk_hash(weights: NDArray[np.int64]) -> int:
    """The hash of a chunk of 64 quantised weights. Raises ModelError if one is out of range."""
    return poseidon(_packed(weights.tolist(), LANES_AN_ELEMENT, WEIGHT_OFFSET, PARAMETERS.weight_bits))


def features_hash(features: Sequence[int], salt: int) -> int:
    """The hash of a request's quantised features. Raises ModelError if one is out of range, ValueError if the salt is
    no field element."""
    return poseidon([*_packed(features, FEATURES_AN_ELEMENT, FEATURE_OFFSET, PARAMETERS.feature_bits), salt])


def answer_hash(answer: int, salt: int) -> int:
    """The hash of an answer, which tells nothing without the salt."""
    return poseidon([answer % MODULUS, salt])


def encrypt_answer(answer: int, salt: int) -> int:
    """The ciphertext of an answer. A salt is for one request: two answers with one salt would show their difference."""
    return (answer + poseidon([salt])) % MODULUS


def decrypt_answer(ciphertext: int, salt: int) -> int:
    """The answer in a ciphertext, signed. Raises ValueError if the ciphertext or the salt is no field element."""
    answer = (checked(ciphertext) - poseidon([salt])) % MODULUS
    return answer - MODULUS if answer > MODULUS // 2 else answer


def fresh_salt() -> int:
    """A salt that nobody can guess."""
    return secrets.randbelow(MODULUS)


def _packed(numbers: Sequence[int], size: int, offset: int, bits: int) -> list[int]:
    """So many numbers an element, the first lowest, each moved up by the offset; what is missing is zeros."""
    if not all(-offset <= number < offset for number in numbers):
        raise ModelError(f"a number is not {-offset} to {offset - 1}")
    filled = [*numbers, *[0] * (-len(numbers) % size)]
    rows = (filled[at : at + size] for at in range(0, len(filled), size))
    return [sum(number + offset << bits * place for place, number in enumerate(row)) for row in rows]
