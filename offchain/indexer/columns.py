"""Kinds of columns that hold what the chains' numbers and hashes are."""

from __future__ import annotations

from typing import Any

from eth_utils.address import to_checksum_address
from sqlalchemy import Dialect, LargeBinary, String
from sqlalchemy.types import TypeDecorator

DIGITS = 97
"""More than any sum of numbers of 256 bits has."""


class Whole(TypeDecorator[int]):
    """A number from 0 to 10^97 - 1: its count of digits in two, then its digits. Such texts sort as the numbers do,
    exactly, in every database; no database has integers of 256 bits."""

    impl = String(DIGITS + 2)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        return None if value is None else f"{len(str(value)):02d}{value}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value[2:])


class Hash(TypeDecorator[str]):
    """32 bytes; given as bytes or as text, told as text that begins with 0x."""

    impl = LargeBinary(32)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        return bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else value

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else f"0x{value.hex()}"


class Address(Hash):
    """20 bytes; told as text with the checksum of ERC-55."""

    impl = LargeBinary(20)
    cache_ok = True

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else to_checksum_address(value)
