"""Signatures of digests by accounts (secp256k1), as OpenZeppelin's ECDSA takes them: 65 bytes, r, s (low), v."""

from __future__ import annotations

from collections.abc import Iterable

from eth_account.signers.local import LocalAccount
from eth_keys.constants import SECPK1_N
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_typing import Hash32
from eth_utils.exceptions import ValidationError

from offchain.errors import UserError

SIGNATURE_LENGTH = 65


class SignatureError(UserError):
    """Says in one line why a signature can't be used."""


def sign(digest: bytes, account: LocalAccount) -> bytes:
    """An account's signature of a digest: 65 bytes, r, s (low), v (27 or 28)."""
    return bytes(account.unsafe_sign_hash(Hash32(digest)).signature)


def signer_of(digest: bytes, signature: bytes) -> str:
    """Who signed. Raises SignatureError for what the contract would refuse: another length, a high s (EIP-2), a v that
    is neither 27 nor 28, or no signature at all."""
    if len(signature) != SIGNATURE_LENGTH:
        raise SignatureError(f"a signature has {SIGNATURE_LENGTH} bytes, not {len(signature)}")
    if signature[64] not in (27, 28):
        raise SignatureError(f"a signature's last byte is 27 or 28, not {signature[64]}")
    if int.from_bytes(signature[32:64], "big") > SECPK1_N // 2:
        raise SignatureError("a signature's s is in the upper half: only the lower one is accepted")
    try:
        parsed = Signature(signature[:64] + bytes([signature[64] - 27]))
        return parsed.recover_public_key_from_msg_hash(digest).to_checksum_address()
    except (BadSignature, ValidationError) as error:
        raise SignatureError(f"that is no signature of anybody: {error}") from error


def join(digest: bytes, signatures: Iterable[bytes]) -> bytes:
    """The signatures one after the other, by ascending signers, as contracts take a quorum's. Raises
    SignatureError if one is none, or two have the same signer."""
    by_signer: dict[int, bytes] = {}
    for signature in signatures:
        signer = signer_of(digest, signature)
        if int(signer, 16) in by_signer:
            raise SignatureError(f"{signer} signed twice")
        by_signer[int(signer, 16)] = signature
    return b"".join(by_signer[signer] for signer in sorted(by_signer))


def split(joined: bytes) -> list[bytes]:
    """The signatures that `join` put together. Raises SignatureError for another length."""
    if len(joined) % SIGNATURE_LENGTH:
        raise SignatureError(f"{len(joined)} bytes are not signatures of {SIGNATURE_LENGTH}")
    return [joined[at : at + SIGNATURE_LENGTH] for at in range(0, len(joined), SIGNATURE_LENGTH)]
