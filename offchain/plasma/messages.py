"""Messages to the plasma chain and burns on it, as both ends of the bridge hash them (BridgeState.sol)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from offchain.merkle import leaf
from offchain.plasma.records import Address, Bytes, Record, RecordError, Uint, abi_encode

BRIDGE = "0x0000000000000000000000000000000000B51d6E"
"""Where PlasmaBridge is, from the genesis on."""
INBOX_SEED = keccak(text="Enhanced Open MG inbox")
"""Hash of an inbox without messages."""
EXIT_TYPEHASH = keccak(
    text="Exit(uint256 chainId,uint256 id,address asset,address from,address recipient,uint256 amount)"
)

COUNTERS_SLOT = (0).to_bytes(32, "big")
INBOX_HASH_SLOT = (1).to_bytes(32, "big")
EXIT_ROOT_SLOT = (2).to_bytes(32, "big")
OPERATOR_SLOT = (3).to_bytes(32, "big")

_MESSAGES_BITS, _EXITS_BITS = 128, 64


class MessageKind(IntEnum):
    """What a message of the inbox asks of the plasma chain."""

    DEPOSIT = 0
    LIST_TOKEN = 1
    CALL = 2


@dataclass(frozen=True)
class Message(Record):
    """A message to the plasma chain; fields as in IPlasmaVault.sol. The amount is in base units of the asset, the time
    in Unix seconds."""

    kind: MessageKind
    sender: Address
    recipient: Address
    asset: Address
    amount: Uint
    time: Uint
    data: Bytes

    @property
    def hash(self) -> bytes:
        """`PlasmaVault.messageHash`."""
        return keccak(self.encoded())

    def listing(self) -> tuple[str, str, int]:
        """Name, symbol and decimals of a token that is listed. Raises RecordError for another message."""
        name, symbol, decimals = self._decoded(MessageKind.LIST_TOKEN, ("string", "string", "uint8"))
        return str(name), str(symbol), int(str(decimals))

    def call(self) -> tuple[int, bytes]:
        """Gas limit and calldata of a forced call. Raises RecordError for another message."""
        gas_limit, data = self._decoded(MessageKind.CALL, ("uint256", "bytes"))
        assert isinstance(data, bytes)
        return int(str(gas_limit)), data

    def _decoded(self, kind: MessageKind, types: tuple[str, ...]) -> tuple[object, ...]:
        if self.kind != kind:
            raise RecordError(f"a message of kind {self.kind.name} is no {kind.name}")
        try:
            return tuple(decode(types, self.data))
        except (DecodingError, UnicodeDecodeError) as error:
            raise RecordError(f"a message's data can't be decoded: {' '.join(str(error).split())}") from error


@dataclass(frozen=True)
class Exit(Record):
    """A burn on the plasma chain; fields as in IPlasmaVault.sol, the amount in base units."""

    id: Uint
    asset: Address
    from_: Address
    recipient: Address
    amount: Uint

    def key(self, chain_id: int) -> bytes:
        """The exit's leaf in the exit tree, which also names it (`PlasmaVault.exitKey`); `chain_id` is the plasma
        chain's."""
        return leaf(abi_encode(("bytes32", EXIT_TYPEHASH), ("uint256", chain_id), (self.abi_type(), self.abi())))


@dataclass(frozen=True)
class Counters:
    """What PlasmaBridge keeps in its first slot."""

    messages: int
    exits: int

    def word(self) -> bytes:
        """The slot's value: the highest of the three parts is a bit that is always set."""
        return ((1 << _EXITS_BITS | self.exits) << _MESSAGES_BITS | self.messages).to_bytes(32, "big")

    @classmethod
    def of_word(cls, word: bytes) -> Counters:
        """The counters in a slot. Raises RecordError if it is no such slot."""
        value = int.from_bytes(word, "big")
        if value >> _MESSAGES_BITS + _EXITS_BITS != 1:
            raise RecordError(f"0x{value:x} is not what PlasmaBridge keeps in its first slot")
        return cls(value % (1 << _MESSAGES_BITS), value >> _MESSAGES_BITS & (1 << _EXITS_BITS) - 1)


def chained(inbox_hash: bytes, message_hash: bytes) -> bytes:
    """Hash of an inbox with one message more."""
    return keccak(inbox_hash + message_hash)


def inbox_hash(messages: Iterable[Message], before: bytes = INBOX_SEED) -> bytes:
    """Hash of an inbox with these messages after those that `before` is the hash of."""
    for message in messages:
        before = chained(before, message.hash)
    return before
