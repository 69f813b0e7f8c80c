"""EIP-5202 blueprints: creation code stored on chain where nobody can call it."""

from __future__ import annotations

PREFIX = bytes.fromhex("fe7100")
"""An invalid opcode, the marker, version 0 without preamble data."""

EIP170_LIMIT = 24_576
"""Bytes of code an account can hold."""


def blueprint_code(creation: bytes) -> bytes:
    """The code a blueprint account holds. Raises ValueError if it is too large for one account."""
    code = PREFIX + creation
    if len(code) > EIP170_LIMIT:
        raise ValueError(f"a blueprint of {len(code)} bytes is over the limit of {EIP170_LIMIT}")
    return code


def blueprint_transaction_data(creation: bytes) -> bytes:
    """Transaction data that creates the blueprint account: returns the code behind these ten bytes."""
    code = blueprint_code(creation)
    return bytes.fromhex("61") + len(code).to_bytes(2, "big") + bytes.fromhex("3d81600a3d39f3") + code
