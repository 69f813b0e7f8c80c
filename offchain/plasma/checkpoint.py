"""Checkpoints: what the authorities sign (EIP-712) and what the root chain keeps of it (CheckpointHash.sol)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from offchain.plasma.records import Address, Bytes32, Record, RecordError, Uint, abi_encode, to_bytes, to_hex
from offchain.signature import SIGNATURE_LENGTH, join, signer_of

CHECKPOINT_TYPEHASH = keccak(
    text="Checkpoint(uint256 epoch,bytes32 previous,uint256 start,uint256 end,bytes32 blocksRoot,bytes32 exitRoot,"
    "uint256 exitCount,uint256 inboxConsumed,bytes32 lastStateRoot,bytes32 dataHash,uint256 setId)"
)
FREEZE_TYPEHASH = keccak(text="Freeze(uint256 setId,uint256 frozenUntil)")
DOMAIN_TYPEHASH = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
DOMAIN_NAME = "PlasmaRoot"
DOMAIN_VERSION = "1"
NO_CHECKPOINT = bytes(32)
"""What the first checkpoint has as its previous one."""


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
