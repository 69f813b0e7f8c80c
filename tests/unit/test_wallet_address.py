"""Addresses: one text for both public keys, in which no single wrong character passes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.wallet import bech32m
from offchain.wallet.address import LENGTH, PREFIX, Address
from offchain.wallet.bech32m import CHARACTERS, TextError
from offchain.wallet.keys import Seed
from offchain.zk.field import MODULUS

SEEDS = st.binary(min_size=16, max_size=16)


def address_of(entropy: bytes) -> Address:
    return Seed(entropy).keys().address


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_an_address_survives_its_text(entropy: bytes) -> None:
    address = address_of(entropy)
    text = str(address)
    assert text.startswith("openmg1")
    assert len(text) == 116
    assert Address.parse(text) == Address.parse(f" {text.upper()}\n") == address


def test_every_wrong_character_is_noticed() -> None:
    """P9: each of the characters changed to each other one."""
    text = str(address_of(bytes(range(16))))
    for place in range(len(PREFIX) + 1, len(text)):
        for other in CHARACTERS:
            if other != text[place]:
                with pytest.raises(TextError, match="checksum"):
                    Address.parse(text[:place] + other + text[place + 1 :])


@given(SEEDS, st.data())
@settings(max_examples=200, deadline=None)
def test_any_damage_is_refused_in_one_line(entropy: bytes, data: st.DataObject) -> None:
    """P9: characters changed, swapped, dropped or added; never another address, never another exception."""
    text = str(address_of(entropy))
    place = data.draw(st.integers(0, len(text) - 1))
    damaged = data.draw(
        st.sampled_from(
            [
                text[:place] + text[place + 1 :],
                text[:place] + data.draw(st.characters(codec="utf-8")) + text[place:],
                text[:place] + data.draw(st.characters(codec="utf-8")) + text[place + 1 :],
                text[:place] + text[place : place + 2][::-1] + text[place + 2 :],
                text[:place],
            ]
        )
    )
    if damaged.strip().lower() == text:
        return
    with pytest.raises(TextError) as refused:
        Address.parse(damaged)
    assert "\n" not in str(refused.value)


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """P9: no other exception."""
    with pytest.raises(TextError):
        Address.parse(text)


def test_keys_that_are_none_are_refused() -> None:
    """P9: a public key beyond the field, an encryption key that everybody could decrypt."""
    good = address_of(bytes(16)).to_bytes()
    for data, why in [
        (MODULUS.to_bytes(32, "big") + good[32:], "no valid public key"),
        (good[:32] + bytes(32), "no valid encryption key"),
        (good[:32] + (1).to_bytes(32, "little"), "no valid encryption key"),
    ]:
        with pytest.raises(TextError, match=why):
            Address.parse(bech32m.encode(PREFIX, data))
    with pytest.raises(TextError, match="wrong length"):
        Address.parse(bech32m.encode(PREFIX, good[:-1]))


@pytest.mark.parametrize(
    "text",
    [
        "a1lqfn3a",
        "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
        "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
        "?1v759aa",
    ],
)
def test_the_standard_s_valid_examples_pass(text: str) -> None:
    """Test vectors of BIP-350: their checksum is accepted (and only their content is not an address)."""
    prefix = text.rpartition("1")[0]
    with pytest.raises(TextError, match="wrong length"):
        bech32m.decode(text, prefix, LENGTH, "address")


@pytest.mark.parametrize("text", ["M1VUXWEZ", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "a1lqfn3q", "16plkw9"])
def test_the_standard_s_invalid_examples_fail(text: str) -> None:
    """Test vectors of BIP-350, and Bech32's own checksum instead of Bech32m's."""
    with pytest.raises(TextError, match=r"checksum|is no"):
        bech32m.decode(text, text.lower().rpartition("1")[0] or "a", LENGTH, "address")
