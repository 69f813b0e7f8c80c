"""Masks: streams of SHA-256 from 32-byte seeds, of a participant alone or of a pair.

A pair's masks cancel in the sum; a participant's own mask goes once its seed is revealed. Source: Bonawitz et al.,
Practical Secure Aggregation for Privacy-Preserving Machine Learning (CCS 2017).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from hashlib import sha256

import numpy as np
from eth_utils.crypto import keccak
from nacl.bindings import crypto_scalarmult

from offchain.ppdl.aggregation.lanes import BIG_ENDIAN, CHUNK_BYTES, CHUNK_LANES, Lanes

PAIR_TAG = b"openmg ppdl pair"
BLOCKS = CHUNK_BYTES // 32


def stream(seed: bytes, count: int, sign: int = 1) -> Lanes:
    """The mask of a seed for the first `count` chunks, shape (count, 64), as it is added with a sign of 1 or -1."""
    content = b"".join([sha256(seed + suffix).digest() for suffix in _suffixes(count)])
    mask: Lanes = np.frombuffer(content, BIG_ENDIAN).astype(np.uint32).reshape(count, CHUNK_LANES)
    return mask if sign > 0 else -mask


def seed_hash(seed: bytes) -> bytes:
    """By what a seed is committed."""
    return keccak(seed)


def pair_seed(round_: int, one: int, other: int, secret: bytes, public: bytes) -> bytes | None:
    """The seed of two participants, from the mask key's secret of either and the other's public key: the same for
    both. None if the public key is a point of small order, with which nothing is secret.

    The indices are hashed with it: who commits another's key as its own has other seeds.
    """
    try:
        shared = crypto_scalarmult(secret, public)
    except RuntimeError:
        return None
    numbers = (round_, min(one, other), max(one, other))
    return keccak(PAIR_TAG + b"".join(number.to_bytes(32, "big") for number in numbers) + shared)


def sign_of(one: int, other: int) -> int:
    """With which sign `one` adds the mask of its pair with `other`: 1 for the lower index, -1 for the higher one."""
    return 1 if one < other else -1


def masked(vector: Lanes, self_seed: bytes, pairs: Iterable[tuple[int, bytes]]) -> Lanes:
    """A vector, shape (chunks, 64), with the masks of the seed and of each pair's sign and seed, modulo 2^32."""
    result = vector + stream(self_seed, len(vector))
    for sign, seed in pairs:
        result += stream(seed, len(vector), sign)
    return result


@cache
def _suffixes(count: int) -> list[bytes]:
    """What follows the seed in each hash of the first chunks: chunk and block, 4 bytes each."""
    return [chunk.to_bytes(4, "big") + block.to_bytes(4, "big") for chunk in range(count) for block in range(BLOCKS)]
