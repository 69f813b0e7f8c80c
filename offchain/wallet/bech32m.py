"""Bech32m text: a prefix, data and a checksum that no single wrong character passes.

Source: BIP-350 and BIP-173; as other long addresses do, the texts here go beyond the 90 characters of the latter.
"""

from __future__ import annotations

from collections.abc import Iterable

from offchain.errors import UserError

CHARACTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
CONSTANT = 0x2BC830A3
CHECKSUM_LENGTH = 6
LONGEST = 1023
"""Characters up to which the checksum detects any error of three characters."""


class TextError(UserError):
    """Says in one line why a text is no valid address or key."""


def encode(prefix: str, data: bytes) -> str:
    """The text of `data` under a lower-case prefix."""
    values = _regroup(data, 8, 5, pad=True)
    rest = _checksum([*_expanded(prefix), *values, *[0] * CHECKSUM_LENGTH]) ^ CONSTANT
    check = [rest >> 5 * (CHECKSUM_LENGTH - 1 - place) & 31 for place in range(CHECKSUM_LENGTH)]
    return f"{prefix}1{''.join(CHARACTERS[value] for value in [*values, *check])}"


def decode(text: str, prefix: str, length: int, what: str) -> bytes:
    """The `length` bytes behind a text with that prefix. `what` names the thing in errors, e.g. "address".

    Raises TextError if the text is of something else, incomplete, or has a wrong character.
    """
    text = text.strip()
    if text.lower() != text and text.upper() != text:
        raise TextError(f"the {what} mixes upper and lower case: copy it again")
    text = text.lower()
    found, separator, rest = text.rpartition("1")
    if not separator or len(text) > LONGEST:
        raise TextError(f"this is no {what}: one starts with {prefix}1")
    if found != prefix:
        raise TextError(f"this is no {what}: it starts with {found[:20]!r}, not {prefix!r}")
    for place, character in enumerate(rest, start=len(found) + 2):
        if character not in CHARACTERS:
            raise TextError(f"character {place} of the {what}, {character!r}, can't stand there")
    values = [CHARACTERS.index(character) for character in rest]
    if len(values) < CHECKSUM_LENGTH or _checksum([*_expanded(prefix), *values]) != CONSTANT:
        raise TextError(f"the checksum of the {what} is wrong: a character is missing or mistyped")
    try:
        data = bytes(_regroup(values[:-CHECKSUM_LENGTH], 5, 8, pad=False))
    except ValueError:
        data = b""
    if len(data) != length:
        raise TextError(f"the {what} has the wrong length: it was made by something else")
    return data


def _expanded(prefix: str) -> list[int]:
    codes = prefix.encode("ascii")
    return [*(code >> 5 for code in codes), 0, *(code & 31 for code in codes)]


def _checksum(values: Iterable[int]) -> int:
    rest = 1
    for value in values:
        top = rest >> 25
        rest = (rest & 0x1FFFFFF) << 5 ^ value
        for place, term in enumerate(GENERATOR):
            rest ^= term if top >> place & 1 else 0
    return rest


def _regroup(values: Iterable[int], source: int, target: int, *, pad: bool) -> list[int]:
    """Bits in groups of `source`, highest first, as groups of `target`. Raises ValueError if the rest isn't zeros."""
    kept, bits = 0, 0
    groups = []
    for value in values:
        kept, bits = kept << source | value, bits + source
        while bits >= target:
            bits -= target
            groups.append(kept >> bits & (1 << target) - 1)
        kept &= (1 << bits) - 1
    if pad and bits:
        groups.append(kept << target - bits)
    elif not pad and (bits >= source or kept):
        raise ValueError("padding")
    return groups
