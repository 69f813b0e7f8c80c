"""What participants sign for the registry (EIP-712): the root of a masked update, and a header of the model chain."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any, ClassVar

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from offchain import signature

DOMAIN_NAME = "PPDLRegistry"
DOMAIN_VERSION = "1"
DOMAIN_FIELDS = (("string", "name"), ("string", "version"), ("uint256", "chainId"), ("address", "verifyingContract"))


def _word(value: int | bytes) -> bytes:
    """A value's 32 bytes in an encoded struct. Raises ValueError for one that doesn't fit."""
    if isinstance(value, bytes):
        if len(value) != 32:
            raise ValueError(f"a word has 32 bytes, not {len(value)}")
        return value
    if not 0 <= value < 1 << 256:
        raise ValueError(f"{value} is no uint256")
    return int(value).to_bytes(32, "big")


@dataclass(frozen=True)
class Message:
    """A struct whose fields are of 32 bytes each: dataclass fields in the order, with the names, of `members`."""

    name: ClassVar[str]
    members: ClassVar[tuple[tuple[str, str], ...]]
    """Solidity's type and name of each field."""

    @classmethod
    def type_hash(cls) -> bytes:
        """EIP-712 type hash."""
        return keccak(text=f"{cls.name}({','.join(' '.join(member) for member in cls.members)})")

    @property
    def values(self) -> tuple[int | bytes, ...]:
        """The fields' values, in order."""
        return astuple(self)

    @property
    def hash(self) -> bytes:
        """EIP-712 struct hash."""
        return keccak(self.type_hash() + b"".join(_word(value) for value in self.values))


@dataclass(frozen=True)
class Update(Message):
    """That a participant's masked update of a round has this root over its chunks."""

    name = "Update"
    members = (("uint256", "round"), ("bytes32", "updateRoot"))

    round: int
    update_root: bytes


@dataclass(frozen=True)
class Header(Message):
    """A block of the model chain. Losses are in units of 2^-20; `timestamp` in Unix seconds; hashes of 32 bytes."""

    name = "Header"
    members = (
        ("uint256", "number"),
        ("bytes32", "prevHash"),
        ("uint256", "round"),
        ("bytes32", "weightsRoot"),
        ("bytes32", "weightHash"),
        ("bytes32", "testsetHash"),
        ("bytes32", "participantHash"),
        ("uint64", "timestamp"),
        ("uint32", "lossBefore"),
        ("uint32", "lossAfter"),
        ("bool", "accepted"),
    )

    number: int
    prev_hash: bytes
    round: int
    weights_root: bytes
    weight_hash: bytes
    testset_hash: bytes
    participant_hash: bytes
    timestamp: int
    loss_before: int
    loss_after: int
    accepted: bool


@dataclass(frozen=True)
class Domain:
    """Where a signature counts: a PPDLRegistry, by its address in hex, on its chain."""

    chain_id: int
    contract: str

    @property
    def separator(self) -> bytes:
        """EIP-712 domain separator."""
        kind = f"EIP712Domain({','.join(' '.join(field) for field in DOMAIN_FIELDS)})"
        address = to_canonical_address(self.contract).rjust(32, b"\0")
        words: tuple[int | bytes, ...] = (keccak(text=DOMAIN_NAME), keccak(text=DOMAIN_VERSION), self.chain_id, address)
        return keccak(keccak(text=kind) + b"".join(map(_word, words)))

    def digest(self, message: Message) -> bytes:
        """What is signed."""
        return keccak(b"\x19\x01" + self.separator + message.hash)

    def sign(self, message: Message, account: LocalAccount) -> bytes:
        """An account's signature of a message, 65 bytes."""
        return signature.sign(self.digest(message), account)

    def signer(self, message: Message, signed: bytes) -> bytes:
        """Who signed a message: an address of 20 bytes. Raises SignatureError for what contracts would refuse."""
        return to_canonical_address(signature.signer_of(self.digest(message), signed))

    def typed_data(self, message: Message) -> dict[str, Any]:
        """The message for wallets (`eth_signTypedData_v4`)."""
        names = [name for _, name in message.members]
        return {
            "domain": {
                "name": DOMAIN_NAME,
                "version": DOMAIN_VERSION,
                "chainId": self.chain_id,
                "verifyingContract": to_checksum_address(self.contract),
            },
            "primaryType": message.name,
            "types": {"EIP712Domain": _typed(DOMAIN_FIELDS), message.name: _typed(message.members)},
            "message": dict(zip(names, message.values, strict=True)),
        }


def _typed(members: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for kind, name in members]
