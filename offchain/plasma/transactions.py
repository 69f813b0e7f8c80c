"""Raw transactions from what a node tells of them: standard JSON-RPC has no call that gives them.

Nothing is believed: what is encoded must hash to the transaction's hash, and a block's transactions to the root in its
header.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import rlp
from eth_utils.crypto import keccak

from offchain.plasma.blocks import QUANTITY, BlockError, told_field
from offchain.plasma.records import to_hex
from offchain.plasma.tries import ItemTrie

Told = Mapping[str, Any]

_BODY = ("to", "value", "input")
_FEES = ("maxPriorityFeePerGas", "maxFeePerGas")
_BLOBS = ("maxFeePerBlobGas", "blobVersionedHashes")
_SIGNATURE = ("yParity", "r", "s")
_FIELDS: dict[int, tuple[str, ...]] = {
    0: ("nonce", "gasPrice", "gas", *_BODY, "v", "r", "s"),
    1: ("chainId", "nonce", "gasPrice", "gas", *_BODY, "accessList", *_SIGNATURE),
    2: ("chainId", "nonce", *_FEES, "gas", *_BODY, "accessList", *_SIGNATURE),
    3: ("chainId", "nonce", *_FEES, "gas", *_BODY, "accessList", *_BLOBS, *_SIGNATURE),
    4: ("chainId", "nonce", *_FEES, "gas", *_BODY, "accessList", "authorizationList", *_SIGNATURE),
}
"""What a transaction of each type (EIP-2718) has, in order: Frontier, EIP-2930, EIP-1559, EIP-4844 (without blobs, as
in a block), EIP-7702."""

WHAT = "transaction"


def raw_transaction(told: Told) -> bytes:
    """A transaction as it is in its block, from the answer of `eth_getTransactionByHash`. Raises BlockError if it has
    no usable fields, is of an unknown type, or isn't what its hash says."""
    kind = int.from_bytes(told_field(told, "type", QUANTITY, WHAT), "big") if told.get("type") is not None else 0
    digest = told_field(told, "hash", 32, WHAT)
    if kind not in _FIELDS:
        raise BlockError(f"the node's transaction {to_hex(digest)} is of type {kind}, which isn't known here")
    body: bytes = rlp.encode([_READ.get(name, _quantity)(told, name) for name in _FIELDS[kind]])
    raw = bytes([kind]) + body if kind else body
    if keccak(raw) != digest:
        raise BlockError(f"the node's transaction {to_hex(digest)} is not what its hash says")
    return raw


def block_transactions(block: Told) -> list[bytes]:
    """The raw transactions of a block that `eth_getBlockByNumber` answered with full transactions. Raises BlockError
    unless they are those that its header has."""
    told = block.get("transactions")
    if not isinstance(told, list) or not all(isinstance(one, Mapping) for one in told):
        raise BlockError("the node's block has no usable transactions")
    raws = [raw_transaction(one) for one in told]
    if ItemTrie(raws).root != told_field(block, "transactionsRoot", 32):
        raise BlockError(f"the transactions of block {int(block['number'], 16)} are not those that its header has")
    return raws


def _quantity(told: Told, name: str) -> bytes:
    return told_field(told, name, QUANTITY, WHAT)


def _data(told: Told, name: str) -> bytes:
    return told_field(told, name, -1, WHAT)


def _to(told: Told, name: str) -> bytes:
    """Nothing if the transaction makes a contract."""
    return b"" if told.get(name) is None else told_field(told, name, 20, WHAT)


def _parity(told: Told, name: str) -> bytes:
    """Older nodes call it `v`."""
    return _quantity(told, name if told.get(name) is not None else "v")


def _access_list(told: Told, name: str) -> list[Any]:
    return [[told_field(one, "address", 20, WHAT), _words(one, "storageKeys")] for one in _list(told, name)]


def _authorizations(told: Told, name: str) -> list[Any]:
    return [
        [
            _quantity(one, "chainId"),
            told_field(one, "address", 20, WHAT),
            _quantity(one, "nonce"),
            _parity(one, "yParity"),
            *(_quantity(one, part) for part in ("r", "s")),
        ]
        for one in _list(told, name)
    ]


def _words(told: Told, name: str) -> list[bytes]:
    values = told.get(name)
    if not isinstance(values, list):
        raise BlockError(f"the node's transaction has no usable {name}: {values!r}")
    return [told_field({name: value}, name, 32, WHAT) for value in values]


def _list(told: Told, name: str) -> list[Told]:
    values = told.get(name)
    if not isinstance(values, list) or not all(isinstance(one, Mapping) for one in values):
        raise BlockError(f"the node's transaction has no usable {name}: {values!r}")
    return values


_READ: dict[str, Callable[[Told, str], Any]] = {
    "to": _to,
    "input": _data,
    "accessList": _access_list,
    "blobVersionedHashes": _words,
    "authorizationList": _authorizations,
    "yParity": _parity,
}
"""How fields are read that are no quantities."""
