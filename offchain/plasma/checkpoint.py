"""Checkpoints: what the authorities sign (EIP-712) and what the root chain keeps of it (CheckpointHash.sol)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_keys.constants import SECPK1_N
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_typing import Hash32
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from offchain.errors import UserError
from offchain.plasma.records import Address, Bytes32, Record, RecordError, Uint, abi_encode, to_bytes, to_hex

CHECKPOINT_TYPEHASH = keccak(
    text="Checkpoint(uint256 epoch,bytes32 previous,uint256 start,uint256 end,bytes32 blocksRoot,bytes32 exitRoot,"
    "uint256 exitCount,uint256 inboxConsumed,bytes32 lastStateRoot,bytes32 dataHash,uint256 setId)"
)
FREEZE_TYPEHASH = keccak(text="Freeze(uint256 setId,uint256 frozenUntil)")
DOMAIN_TYPEHASH = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
DOMAIN_NAME = "PlasmaRoot"
DOMAIN_VERSION = "1"
SIGNATURE_LENGTH = 65
NO_CHECKPOINT = bytes(32)
"""What the first checkpoint has as its previous one."""


class SignatureError(UserError):
    """Says in one line why a signature can't be used."""


@dataclass(frozen=True)
class Checkpoint(Record):
    """A range of blocks of the plasma chain; fields as in IPlasmaRoot.sol."""

    epoch: Uint
    previous: Bytes32
    start: Uint
    end: Uint
    blocks_root: Bytes32
    exit_root: Bytes32
    exit_count: Uint
    inbox_consumed: Uint
    last_state_root: Bytes32
    data_hash: Bytes32
    set_id: Uint

    @property
    def hash(self) -> bytes:
        """EIP-712 struct hash, by which the next checkpoint names this one."""
        return keccak(abi_encode(("bytes32", CHECKPOINT_TYPEHASH), (self.abi_type(), self.abi())))

    @property
    def count(self) -> int:
        """How many blocks it has."""
        return self.end - self.start + 1

    def differences(self, other: Checkpoint) -> tuple[str, ...]:
        """The names of the fields, as in IPlasmaRoot.sol, in which another one differs."""
        theirs = other.to_json()
        return tuple(name for name, value in self.to_json().items() if value != theirs[name])


@dataclass(frozen=True)
class Submission(Record):
    """A checkpoint as it was accepted: when, in Unix seconds, and a bit for each seat whose authority signed."""

    checkpoint: Checkpoint
    submitted_at: Uint
    signers: Uint

    @property
    def hash(self) -> bytes:
        """What the root chain keeps of it (`submissionHash`)."""
        return keccak(
            abi_encode(("bytes32", self.checkpoint.hash), ("uint256", self.submitted_at), ("uint256", self.signers))
        )


@dataclass(frozen=True)
class Domain(Record):
    """Where a signature counts: a PlasmaRoot on its chain."""

    chain_id: Uint
    contract: Address

    @property
    def separator(self) -> bytes:
        """EIP-712 domain separator."""
        return keccak(
            abi_encode(
                ("bytes32", DOMAIN_TYPEHASH),
                ("bytes32", keccak(text=DOMAIN_NAME)),
                ("bytes32", keccak(text=DOMAIN_VERSION)),
                ("uint256", self.chain_id),
                ("address", self.contract),
            )
        )

    def checkpoint_digest(self, checkpoint: Checkpoint) -> bytes:
        """What an authority signs for a checkpoint."""
        return self._digest(checkpoint.hash)

    def freeze_digest(self, set_id: int, frozen_until: int) -> bytes:
        """What an authority of a set signs for the next freeze; `frozen_until` is the end of the last one, in Unix
        seconds (0: there was none)."""
        encoded = abi_encode(("bytes32", FREEZE_TYPEHASH), ("uint256", set_id), ("uint256", frozen_until))
        return self._digest(keccak(encoded))

    def typed_data(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """The message for wallets (`eth_signTypedData_v4`)."""
        return {
            "domain": {
                "name": DOMAIN_NAME,
                "version": DOMAIN_VERSION,
                "chainId": self.chain_id,
                "verifyingContract": self.contract,
            },
            "primaryType": "Checkpoint",
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "Checkpoint": [
                    {"name": name, "type": kind.solidity}
                    for name, kind in zip(checkpoint.to_json(), checkpoint.types().values(), strict=True)
                ],
            },
            "message": checkpoint.to_json(),
        }

    def _digest(self, struct_hash: bytes) -> bytes:
        return keccak(b"\x19\x01" + self.separator + struct_hash)


def sign(digest: bytes, account: LocalAccount) -> bytes:
    """An authority's signature of a digest: 65 bytes, r, s (low), v (27 or 28)."""
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
    """The signatures one after the other, by ascending signers, as `submitCheckpoint` and `freeze` take them. Raises
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


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint, where it counts, and signatures by signer: what the operator's files hold until it is submitted."""

    domain: Domain
    checkpoint: Checkpoint
    signatures: Mapping[str, bytes]

    def with_signature(self, signature: bytes) -> SignedCheckpoint:
        """The same with one signature more, or again. Raises SignatureError if it is none."""
        signer = signer_of(self.domain.checkpoint_digest(self.checkpoint), signature)
        return SignedCheckpoint(self.domain, self.checkpoint, {**self.signatures, signer: signature})

    def call(self) -> tuple[tuple[Any, ...], bytes]:
        """The arguments of `submitCheckpoint`."""
        digest = self.domain.checkpoint_digest(self.checkpoint)
        return self.checkpoint.abi(), join(digest, self.signatures.values())

    def to_json(self) -> dict[str, Any]:
        """For `json.dumps`."""
        return {
            "domain": self.domain.to_json(),
            "checkpoint": self.checkpoint.to_json(),
            "signatures": [to_hex(signature) for signature in self.signatures.values()],
        }

    @classmethod
    def from_json(cls, data: Any) -> SignedCheckpoint:
        """What `to_json` wrote. Raises RecordError or SignatureError if it isn't that; each signer is recovered."""
        if not isinstance(data, dict) or data.keys() != {"domain", "checkpoint", "signatures"}:
            raise RecordError("a signed checkpoint has the fields domain, checkpoint, signatures, and no others")
        if not isinstance(data["signatures"], list):
            raise RecordError("a checkpoint's signatures are a list")
        signed = cls(Domain.from_json(data["domain"]), Checkpoint.from_json(data["checkpoint"]), {})
        for signature in data["signatures"]:
            signed = signed.with_signature(to_bytes(signature, SIGNATURE_LENGTH))
        return signed
