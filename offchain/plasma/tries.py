"""Ethereum's tries: proofs of inclusion, read as contracts/plasma/Trie.sol reads them, and a block's tries rebuilt.

A proof is the trie's nodes from the root on, RLP-encoded. Nodes are hexary Merkle Patricia nodes (Ethereum yellow
paper, appendix D); what stands in them is an account, a slot's value, a transaction or a receipt (EIP-2718).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from eth_utils.crypto import keccak
from rlp.exceptions import RLPException
from trie import HexaryTrie

from offchain.errors import UserError
from offchain.plasma.records import RecordError, to_address, to_bytes

BRANCH_ITEMS, PAIR_ITEMS = 17, 2
HASH_LENGTH = 32
RECEIPT_FIELDS, ACCOUNT_FIELDS, LOG_FIELDS = 4, 4, 3


class ProofError(UserError):
    """Says in one line what a proof doesn't show."""


@dataclass(frozen=True)
class Account:
    """An account in a state; the balance is in wei."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


@dataclass(frozen=True)
class Log:
    """A log of a receipt."""

    emitter: str
    topics: tuple[bytes, ...]
    data: bytes

    def raw(self) -> dict[str, Any]:
        """As a node tells it, for `offchain.plasma.events`."""
        return {"address": self.emitter, "topics": list(self.topics), "data": self.data}


class ItemTrie:
    """The trie of a block's transactions or receipts; their keys are their places, RLP-encoded."""

    def __init__(self, items: Sequence[bytes]) -> None:
        self._trie: Any = HexaryTrie({})
        self._count = len(items)
        for place, item in enumerate(items):
            self._trie[rlp.encode(place)] = item

    def __len__(self) -> int:
        return self._count

    @property
    def root(self) -> bytes:
        """The root's hash, as it stands in the block's header."""
        return bytes(self._trie.root_hash)

    def proof(self, place: int) -> tuple[bytes, ...]:
        """The nodes that prove an item. Raises IndexError if there is none at the place."""
        if not 0 <= place < self._count:
            raise IndexError(f"no item {place} in a block with {self._count}")
        return tuple(map(rlp.encode, self._trie.get_proof(rlp.encode(place))))


def value_at(root: bytes, key: bytes, nodes: Sequence[bytes]) -> bytes:
    """What a trie holds at a key. Nodes below 32 bytes may stand alone or in their parent. Raises ProofError if the
    nodes don't show it, or are more than needed."""
    nibbles = key.hex()
    reference: bytes | list[Any] = root
    remaining = list(nodes)
    while True:
        node = _resolve(reference, remaining)
        if len(node) == BRANCH_ITEMS:
            if not nibbles:
                return _last(node[16], remaining)
            reference, nibbles = node[int(nibbles[0], 16)], nibbles[1:]
        elif len(node) == PAIR_ITEMS and isinstance(node[0], bytes) and node[0]:
            path = node[0].hex()
            flag, path = int(path[0], 16), path[1:] if int(path[0], 16) & 1 else path[2:]
            if flag > 3 or not nibbles.startswith(path):
                raise ProofError("a trie's proof leads to another key")
            nibbles = nibbles[len(path) :]
            if flag > 1:
                if nibbles:
                    raise ProofError("a trie's proof leads to another key")
                return _last(node[1], remaining)
            if not path:
                raise ProofError("a trie's proof has an extension of nothing")
            reference = node[1]
        else:
            raise ProofError("a trie's proof has a node that is none")


def check_absent(root: bytes, key: bytes, nodes: Sequence[bytes]) -> None:
    """Raises ProofError unless the nodes show that a trie holds nothing at a key. The root chain's contracts take no
    such proof."""
    try:
        found = HexaryTrie({keccak(node): node for node in nodes}, root).get(key)
    except Exception as error:  # whatever wrong nodes lead it to
        raise ProofError(f"a trie's proof doesn't show that nothing is there ({type(error).__name__})") from error
    if found:
        raise ProofError("a trie's proof shows that something is there")


def known_path(root: bytes, key: bytes, known: dict[bytes, bytes]) -> tuple[bytes, ...] | None:
    """The nodes from a root to a key, or to where it would be, from nodes by their hashes; None if one is missing."""
    try:
        return tuple(map(rlp.encode, HexaryTrie(known, root).get_proof(key)))
    except KeyError:
        return None


def account_at(state_root: bytes, address: str, nodes: Sequence[bytes]) -> Account:
    """An account in a state. Raises ProofError if the nodes don't show it."""
    fields = _list(value_at(state_root, keccak(hexstr=address), nodes), ACCOUNT_FIELDS, "an account")
    nonce, balance, storage_root, code_hash = fields
    return Account(_number(nonce), _number(balance), _exactly(storage_root, 32), _exactly(code_hash, 32))


def slot_at(storage_root: bytes, slot: bytes, nodes: Sequence[bytes]) -> int:
    """The value of a storage slot, which is not zero. Raises ProofError if the nodes don't show it."""
    return _number(_decoded(value_at(storage_root, keccak(slot), nodes)))


def item_at(root: bytes, place: int, nodes: Sequence[bytes]) -> bytes:
    """A transaction or a receipt. Raises ProofError if the nodes don't show it."""
    return value_at(root, rlp.encode(place), nodes)


def receipt_encoded(receipt: Mapping[str, Any]) -> bytes:
    """A receipt of `eth_getBlockReceipts` as the trie holds it (EIP-2718, EIP-658). Raises ProofError if a field is
    missing or is none."""
    try:
        logs = [
            [to_bytes(log["address"], 20), [to_bytes(topic, 32) for topic in log["topics"]], to_bytes(log["data"])]
            for log in receipt["logs"]
        ]
        status, gas, kind = (int(receipt[name], 16) for name in ("status", "cumulativeGasUsed", "type"))
        body: bytes = rlp.encode([status, gas, to_bytes(receipt["logsBloom"], 256), logs])
    except (KeyError, TypeError, ValueError, RecordError) as error:
        raise ProofError(f"the node's receipt is none: {error}") from error
    return bytes([kind]) + body if kind else body


def receipt_decoded(encoded: bytes) -> tuple[bool, tuple[Log, ...]]:
    """Whether a receipt's transaction succeeded, and its logs. Raises ProofError if it is no receipt."""
    body = encoded[1:] if encoded and encoded[0] < 0x80 else encoded
    status, _, _, logs = _list(body, RECEIPT_FIELDS, "a receipt")
    if not isinstance(status, bytes) or status not in (b"", b"\x01"):
        raise ProofError("a receipt has no status")
    if not isinstance(logs, list):
        raise ProofError("a receipt has no logs")
    return status == b"\x01", tuple(map(_log, logs))


def _log(fields: Any) -> Log:
    if not isinstance(fields, list) or len(fields) != LOG_FIELDS or not isinstance(fields[1], list):
        raise ProofError("a receipt has a log that is none")
    emitter, topics, data = fields
    if not isinstance(data, bytes):
        raise ProofError("a log's data is none")
    return Log(to_address(_exactly(emitter, 20)), tuple(_exactly(topic, 32) for topic in topics), data)


def _resolve(reference: Any, remaining: list[bytes]) -> list[Any]:
    """The node that a parent refers to: by its hash, or by what it is if that is below 32 bytes."""
    if isinstance(reference, list):
        encoded = rlp.encode(reference)
        if len(encoded) >= HASH_LENGTH:
            raise ProofError("a trie's proof has a node in another that is too large for it")
        if remaining and remaining[0] == encoded:
            remaining.pop(0)
        return reference
    if len(reference) != HASH_LENGTH:
        raise ProofError("a trie's proof leads to nothing")
    if not remaining or keccak(remaining[0]) != reference:
        raise ProofError("a trie's proof doesn't fit together")
    node = _decoded(remaining.pop(0))
    if not isinstance(node, list):
        raise ProofError("a trie's proof has a node that is none")
    return node


def _last(value: Any, remaining: list[bytes]) -> bytes:
    if remaining:
        raise ProofError("a trie's proof has nodes that aren't needed")
    if not isinstance(value, bytes) or not value:
        raise ProofError("a trie's proof leads to nothing")
    return value


def _decoded(encoded: bytes) -> Any:
    try:
        return _plain(rlp.decode(encoded))
    except RLPException as error:
        raise ProofError(f"a proof has something that isn't RLP: {error}") from error


def _plain(item: Any) -> Any:
    """Lists and bytes only, which can be told apart."""
    return [_plain(one) for one in item] if isinstance(item, list | tuple) else bytes(item)


def _list(encoded: bytes, length: int, what: str) -> list[Any]:
    fields = _decoded(encoded)
    if not isinstance(fields, list) or len(fields) != length:
        raise ProofError(f"a proof has something that is not {what}")
    return fields


def _exactly(value: Any, length: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != length:
        raise ProofError(f"a proof has something that is not of {length} bytes")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, bytes) or len(value) > 32:
        raise ProofError("a proof has something that is no number")
    return int.from_bytes(value, "big")
