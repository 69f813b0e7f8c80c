"""Inputs of the vectors that only look random, and how their values are written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from eth_utils.crypto import keccak
from nacl.bindings import crypto_scalarmult_base

from offchain.wallet import ciphertext
from offchain.zk.field import MODULUS


def number(name: str, limit: int = MODULUS) -> int:
    """A number that only looks random."""
    return int.from_bytes(keccak(text=name) + keccak(text=f"{name}, more"), "big") % limit


def private_key(name: str) -> bytes:
    """An X25519 private key of a name."""
    return keccak(text=name)


@contextmanager
def ephemeral(name: str) -> Iterator[None]:
    """Seals with the key of a name in place of a new one."""
    private = private_key(name)
    pair = (crypto_scalarmult_base(private), private)
    with mock.patch.object(ciphertext, "crypto_box_keypair", return_value=pair):
        yield


def shown(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, dict):
        return {key: shown(part) for key, part in value.items()}
    return [shown(part) for part in value]
