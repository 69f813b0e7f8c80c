"""Events of the pool and the registry, from the raw logs of a node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak


@dataclass(frozen=True)
class NotesQueued:
    """Notes that wait from `first` on; a left-out relayer's note stands as 0 or not at all."""

    first: int
    commitments: tuple[int, ...]
    ciphertexts: bytes

    @property
    def positions(self) -> list[int | None]:
        """The position of each commitment, None for one that is left out."""
        positions: list[int | None] = []
        next_position = self.first
        for commitment in self.commitments:
            positions.append(next_position if commitment else None)
            next_position += 1 if commitment else 0
        return positions


@dataclass(frozen=True)
class NullifiersSpent:
    """Notes that are spent."""

    nullifiers: tuple[int, ...]


@dataclass(frozen=True)
class Shielded:
    """An asset that came in as one note."""

    asset: str
    amount: int
    npk: int
    position: int


@dataclass(frozen=True)
class Unshielded:
    """An asset that left."""

    asset: str
    recipient: str
    amount: int


@dataclass(frozen=True)
class Swapped:
    """A swap by a hidden owner; its output is the note at `position`."""

    asset_in: str
    asset_out: str
    amount_in: int
    amount_out: int
    npk: int
    cap: int
    position: int


@dataclass(frozen=True)
class Flushed:
    """A tree holds its first `next_index` notes now, under `root`."""

    tree: int
    next_index: int
    root: int


@dataclass(frozen=True)
class MeterChanged:
    """A meter stands at `index` of the registration tree, or (`removed`) no longer does. Capacity in Wh an epoch."""

    microgrid: int
    commitment: int
    index: int
    capacity: int
    removed: bool


@dataclass(frozen=True)
class Issued:
    """A meter's exported energy became notes."""

    microgrid: int
    epoch: int


@dataclass(frozen=True)
class Settled:
    """Energy was burned against a meter's imported energy."""

    microgrid: int
    epoch: int
    receipt: int


Event = (
    NotesQueued | NullifiersSpent | Shielded | Unshielded | Swapped | Flushed | MeterChanged | Issued | Settled
)  # fmt: skip


@dataclass(frozen=True)
class Origin:
    """The transaction that an event comes from. `time` is Unix time, 0 if the node didn't say."""

    block: int
    block_hash: str
    transaction: str
    time: int


def parse(log: Mapping[str, Any]) -> tuple[Origin, Event] | None:
    """The event of a log as `eth_getLogs` returns it, None for events that a wallet doesn't need."""
    topics = log["topics"]
    reader = READERS.get(topics[0]) if topics else None
    if reader is None:
        return None
    origin = Origin(
        int(log["blockNumber"], 16), log["blockHash"], log["transactionHash"], int(log.get("blockTimestamp") or "0", 16)
    )
    return origin, reader([int(topic, 16) for topic in topics[1:]], bytes.fromhex(log["data"][2:]))


def _queued(topics: list[int], data: bytes) -> Event:
    commitments, ciphertexts = decode(["uint256[]", "bytes"], data)
    return NotesQueued(topics[0], tuple(commitments), ciphertexts)


def _spent(topics: list[int], data: bytes) -> Event:
    return NullifiersSpent(tuple(decode(["uint256[]"], data)[0]))


def _shielded(topics: list[int], data: bytes) -> Event:
    amount, npk = _words(data)
    return Shielded(_address(topics[0]), amount, npk, topics[1])


def _unshielded(topics: list[int], data: bytes) -> Event:
    return Unshielded(_address(topics[0]), _address(topics[1]), _words(data)[0])


def _swapped(topics: list[int], data: bytes) -> Event:
    amount_in, amount_out, npk, cap = _words(data)
    return Swapped(_address(topics[0]), _address(topics[1]), amount_in, amount_out, npk, cap, topics[2])


def _flushed(topics: list[int], data: bytes) -> Event:
    return Flushed(topics[0], *_words(data))


def _registered(topics: list[int], data: bytes) -> Event:
    index, capacity = _words(data)
    return MeterChanged(topics[0], topics[1], index, capacity, removed=False)


def _removed(topics: list[int], data: bytes) -> Event:
    index, capacity = _words(data)
    return MeterChanged(topics[0], topics[1], index, capacity, removed=True)


def _issued(topics: list[int], data: bytes) -> Event:
    return Issued(topics[0], topics[1])


def _settled(topics: list[int], data: bytes) -> Event:
    return Settled(topics[0], topics[1], _words(data)[1])


def _words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32)]


def _address(topic: int) -> str:
    return to_checksum_address(topic.to_bytes(20, "big"))


Reader = Callable[[list[int], bytes], Event]

SIGNATURES: dict[str, Reader] = {
    "NotesQueued(uint256,uint256[],bytes)": _queued,
    "NullifiersSpent(uint256[])": _spent,
    "Shielded(address,uint256,uint256,uint256)": _shielded,
    "Unshielded(address,address,uint256)": _unshielded,
    "Swapped(address,address,uint256,uint256,uint256,uint256,uint256)": _swapped,
    "Flushed(uint256,uint256,uint256)": _flushed,
    "MeterRegistered(uint256,uint256,uint256,uint32)": _registered,
    "MeterRemoved(uint256,uint256,uint256,uint32)": _removed,
    "Issued(uint256,uint256,uint256)": _issued,
    "Settled(uint256,uint256,uint256,uint256)": _settled,
}
READERS = {"0x" + keccak(text=signature).hex(): reader for signature, reader in SIGNATURES.items()}
