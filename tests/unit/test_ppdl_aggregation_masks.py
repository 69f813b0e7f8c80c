"""Mask streams, pair seeds, and how masks cancel."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nacl.bindings import crypto_scalarmult

from offchain.ppdl.aggregation.lanes import to_bytes
from offchain.ppdl.aggregation.masks import masked, pair_seed, sign_of, stream
from offchain.ppdl.aggregation.secret import RoundSecret, public_key

SEEDS = st.binary(min_size=32, max_size=32)
SMALL_ORDER = [
    bytes(32),
    (1).to_bytes(32, "little"),
    (2**255 - 20).to_bytes(32, "little"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
]


@given(SEEDS, st.integers(1, 4))
def test_a_stream_is_sha256_of_seed_chunk_and_block(seed: bytes, chunks: int) -> None:
    content = b"".join(
        sha256(seed + chunk.to_bytes(4, "big") + block.to_bytes(4, "big")).digest()
        for chunk in range(chunks)
        for block in range(8)
    )
    assert to_bytes(stream(seed, chunks)) == content


@given(arrays(np.uint32, (5, 2, 64)), st.binary(min_size=32, max_size=32))
@settings(max_examples=40, deadline=None)
def test_masks_of_pairs_cancel(updates: Any, salt: bytes) -> None:
    """P8 the sum of the masked is the sum of the plain plus the self masks, lane by lane modulo 2^32."""
    count = len(updates)
    seed = {(one, other): keccak(salt + bytes(sorted((one, other)))) for one in range(count) for other in range(count)}
    own = [keccak(salt + bytes([index])) for index in range(count)]
    result = np.zeros((2, 64), np.uint32)
    for index in range(count):
        pairs = [(sign_of(index, other), seed[index, other]) for other in range(count) if other != index]
        result += masked(updates[index], own[index], pairs) - stream(own[index], 2)
    assert (result == updates.sum(axis=0, dtype=np.uint32)).all()


@given(SEEDS, SEEDS, st.integers(0, 2000), st.integers(0, 2000))
def test_both_of_a_pair_have_one_seed(secret: bytes, other: bytes, one: int, two: int) -> None:
    first, second = RoundSecret(secret).mask_secret, RoundSecret(other).mask_secret
    seed = pair_seed(5, one, two, first, public_key(second))
    assert seed == pair_seed(5, two, one, second, public_key(first))
    low, high = sorted((one, two))
    words = b"".join(number.to_bytes(32, "big") for number in (5, low, high))
    assert seed == keccak(b"openmg ppdl pair" + words + crypto_scalarmult(first, public_key(second)))


def test_who_takes_anothers_key_has_other_seeds() -> None:
    """P8 otherwise two of its masks could cancel within one update: colluders would copy the keys of the honest."""
    victim, honest = RoundSecret(b"\x01" * 32).mask_secret, public_key(RoundSecret(b"\x02" * 32).mask_secret)
    seeds = {pair_seed(round_, 3, other, victim, honest) for other in range(10) for round_ in (1, 2)}
    assert len(seeds) == 20


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_a_key_of_small_order_makes_no_pair(point: bytes) -> None:
    """P8 its seed would be known to everybody."""
    assert pair_seed(1, 0, 1, RoundSecret(b"\x03" * 32).mask_secret, point) is None
