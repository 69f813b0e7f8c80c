"""The format of a meter's signed reading."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from offchain.environment import PROJECT
from offchain.history.intake import Reason, Status
from offchain.metering.signed_reading import LATEST, FormatError, SignedReading, sign
from tests.metered import INTERVAL, Device

START = 1767225600
PAGE = (PROJECT / "docs" / "reference" / "readings.md").read_text()
ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of Ed25519's group."""


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def content(**changed: Any) -> dict[str, Any]:
    """A right reading but for what is changed."""
    return Device(1).content(START) | changed


def test_the_documented_example_is_right() -> None:
    """U2 an implementation that agrees with the page agrees with this one."""
    reading = sign(SigningKey(bytes(range(32))), b"\x1f" * 32, START, 900, 120, 0)
    assert reading.signature in re.sub(r"\s", "", PAGE)
    assert bytes(SigningKey(bytes(range(32))).verify_key).hex() in PAGE


@pytest.mark.parametrize("kind", [Status, Reason])
def test_every_answer_is_documented(kind: Any) -> None:
    """U2 each status and reason stands on the page."""
    assert [value for value in kind if f"| `{value}` |" not in PAGE] == []


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("meter", Device(2).commitment.hex()),
        ("start", START + INTERVAL),
        ("length", 60),
        ("imported", 101),
        ("exported", 1),
        ("sequence", 2),
    ],
)
def test_a_signature_binds_every_field(name: str, other: Any) -> None:
    """U2 no field can be changed without the device's key."""
    key = bytes(Device(1).key.verify_key)
    assert SignedReading.of(content()).is_signed_by(key)
    assert not SignedReading.of(content(**{name: other})).is_signed_by(key)


def test_a_signature_is_one_keys() -> None:
    """U2 another device's key, a flipped bit or the same point above the group's order don't pass."""
    reading = SignedReading.of(content())
    assert not reading.is_signed_by(bytes(Device(2).key.verify_key))
    key, signature = bytes(Device(1).key.verify_key), bytes.fromhex(reading.signature)
    for bit in range(512):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not SignedReading.of(content(signature=flipped.hex())).is_signed_by(key)
    above = signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    assert not SignedReading.of(content(signature=above.hex())).is_signed_by(key)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"meter": "1F" * 32}, "meter: "),
        ({"meter": "0x" + "1f" * 31}, "meter: "),
        ({"meter": 5}, "meter: "),
        ({"meter": "1f" * 32 + "\n"}, "meter: "),
        ({"start": "1767225600"}, "start: "),
        ({"start": 1767225600.0}, "start: "),
        ({"start": True}, "start: "),
        ({"start": -900}, "start: "),
        ({"start": LATEST}, "start: "),
        ({"start": 10**400}, "start: "),
        ({"length": 0}, "length: "),
        ({"imported": -1}, "imported: "),
        ({"imported": 2**32}, "imported: "),
        ({"exported": None}, "exported: "),
        ({"exported": float("nan")}, "exported: "),
        ({"sequence": 0}, "sequence: "),
        ({"signature": "00"}, "signature: "),
        ({"more": 1}, "more: "),
        ({"meter": "'; DROP TABLE readings; --"}, "meter: "),
    ],
)
def test_wrong_fields(changed: dict[str, Any], why: str) -> None:
    """P9 U2 one line that names the field, and not the value."""
    with pytest.raises(FormatError) as caught:
        SignedReading.of(content(**changed))
    assert str(caught.value).startswith(why)
    assert "\n" not in str(caught.value)
    assert "DROP" not in str(caught.value)


@given(ANYTHING)
def test_anything_else_is_refused(given: Any) -> None:
    """P9 U2 whatever comes gets one line."""
    with pytest.raises(FormatError) as caught:
        SignedReading.of(given)
    assert str(caught.value)
