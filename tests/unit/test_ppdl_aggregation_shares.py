"""Boxes of shares: only their neighbour opens them, only as what they are; and the secrets they come from."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.merkle import Tree, leaf
from offchain.ppdl.aggregation.secret import RoundSecret, public_key
from offchain.ppdl.aggregation.shamir import PRIME
from offchain.ppdl.aggregation.shares import Kind, Parcel, channel_key, nonce, seal, unseal
from tests.unit.aggregation import ROUND, Stage

PAIR = (b"\x01" * 32, b"\x02" * 32)
SECRETS = st.binary(min_size=32, max_size=32).map(RoundSecret)


def key_of(one: bytes, other: bytes) -> bytes | None:
    """Of two participants, by their round secrets."""
    return channel_key(RoundSecret(one).channel_secret, public_key(RoundSecret(other).channel_secret))


def test_a_box_is_opened_by_its_neighbour() -> None:
    """P8 both shares, in 80 bytes that hold neither."""
    box = seal(key_of(b"\x05" * 32, b"\x06" * 32), nonce(ROUND, 1, 2), PAIR)
    assert len(box) == 80
    assert unseal(key_of(b"\x06" * 32, b"\x05" * 32), nonce(ROUND, 1, 2), box) == PAIR
    assert unseal(key_of(b"\x07" * 32, b"\x05" * 32), nonce(ROUND, 1, 2), box) is None
    assert all(share[:4] not in box for share in PAIR)


def test_a_box_is_of_one_round_sender_and_receiver() -> None:
    """P8 with the same two keys: sent back, to another or in another round it isn't opened."""
    key = key_of(b"\x05" * 32, b"\x06" * 32)
    box = seal(key, nonce(ROUND, 1, 2), PAIR)
    for others in ((ROUND, 2, 1), (ROUND, 1, 3), (ROUND, 3, 2), (ROUND + 1, 1, 2)):
        assert unseal(key, nonce(*others), box) is None


def test_no_nonce_comes_twice() -> None:
    """P8 also if somebody commits another's channel key, which gives two neighbours one key."""
    nonces = [nonce(*numbers) for numbers in product((1, 2, 256), (0, 1, 256), (0, 1, 256))]
    assert len(set(nonces)) == len(nonces)
    assert {len(one) for one in nonces} == {24}


def test_to_a_key_of_small_order_nothing_is_said() -> None:
    """P8 a box that everybody could open is left empty."""
    key = channel_key(RoundSecret(b"\x05" * 32).channel_secret, bytes(32))
    assert key is None
    assert seal(key, nonce(ROUND, 1, 2), PAIR) == bytes(80)
    assert unseal(key, nonce(ROUND, 1, 2), bytes(80)) is None


def test_each_box_has_the_shares_of_its_slot() -> None:
    """P8 and everybody's hashes are those of what is in the boxes, self before mask."""
    stage = Stage.of(9).share()
    graph = stage.transcript.graph
    for owner, (commitment, parcel) in stage.said.items():
        pairs = [
            [stage.members[holder]._share_of(stage.transcript, owner, holder, kind) or b"" for kind in Kind]
            for holder in graph.neighbours(owner)
        ]
        assert parcel.leaves == tuple(leaf(share) for pair in pairs for share in pair)
        assert commitment.shares_root == parcel.root == Tree(parcel.leaves).root
        assert len({share for pair in pairs for share in pair}) == 16


def test_a_share_is_of_its_slot_and_kind() -> None:
    """P9"""
    parcel = Parcel((bytes(80),) * 2, tuple(leaf(bytes([at])) for at in range(4)))
    found = {
        (slot, kind, at) for slot in range(2) for kind in Kind for at in range(4) if parcel.has(slot, kind, bytes([at]))
    }
    assert found == {(0, Kind.SELF, 0), (0, Kind.MASK, 1), (1, Kind.SELF, 2), (1, Kind.MASK, 3)}


@given(SECRETS)
def test_secrets_can_be_shared_and_are_independent(secret: RoundSecret) -> None:
    """P8 all that comes from a round's secret is below Shamir's prime and differs."""
    derived = [secret.channel_secret, secret.mask_secret, secret.self_seed, secret.lone_seed(0), secret.lone_seed(1)]
    assert len(set(derived)) == len(derived)
    assert secret.value not in derived
    for shared in (secret.mask_secret, secret.self_seed):
        assert int.from_bytes(shared, "big") < PRIME
    for name, graph in product((b"SELF", b"MASK"), (bytes(32), b"\x01" * 32)):
        derived += [number.to_bytes(32, "big") for number in secret.coefficients(name, graph, 20)]
    assert len(set(derived)) == 5 + 4 * 20
    assert all(0 <= int.from_bytes(value, "big") < PRIME for value in derived[5:])


@given(SECRETS)
def test_x25519_secrets_are_clamped(secret: RoundSecret) -> None:
    """As RFC 7748 has them, so that what is put together from shares is the same key."""
    for one in (secret.channel_secret, secret.mask_secret):
        assert (one[0] & 7, one[31] >> 6) == (0, 1)
        unclamped = bytes([one[0] | 5]) + one[1:31] + bytes([one[31] | 128])
        assert public_key(unclamped) == public_key(one)


def test_a_secret_is_not_shown() -> None:
    """P8 not even in a traceback."""
    assert RoundSecret.random() != RoundSecret.random()
    assert RoundSecret(b"\x0a" * 32).__repr__() == "RoundSecret()"


@pytest.mark.parametrize("index", range(3))
def test_keys_are_new_in_each_round(index: int) -> None:
    """P8 nothing of one round opens another."""
    one, other = Stage.of(9).members[index].keys(), Stage.of(9).members[index].keys()
    assert one.participant == other.participant
    assert {one.channel_key, one.mask_key}.isdisjoint({other.channel_key, other.mask_key})
