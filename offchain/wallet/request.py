"""A finished operation: proof, public signals and terms, ready for an own account or for a relayer.

It holds no secrets but the note that pays the relayer, encrypted to the relayer, and goes over the wire as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

from eth_abi.abi import encode
from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.wallet.note import AMOUNT_LIMIT
from offchain.zk.field import MODULUS
from offchain.zk.proof import Proof

Value = TypeVar("Value")

ANYONE = "0x0000000000000000000000000000000000000000"
"""As relayer: any account may send it."""

LARGEST_CIPHERTEXTS = 4096
"""Bytes of ciphertexts that a request from somebody else may carry."""


class RequestError(UserError):
    """Says in one line why a request is none."""


class Operation(IntEnum):
    """What a context hash is made for; numbers as in `IZkERC20.Operation`."""

    TRANSFER = 0
    CONSOLIDATE = 1
    UNSHIELD = 2
    SWAP = 3
    ISSUE = 4
    SETTLE = 5

    @property
    def function(self) -> str:
        """The contract's function."""
        return self.name.lower()


SIGNALS = {
    Operation.TRANSFER: 10,
    Operation.CONSOLIDATE: 9,
    Operation.UNSHIELD: 10,
    Operation.SWAP: 14,
    Operation.ISSUE: 9,
    Operation.SETTLE: 14,
}
"""How many public signals each operation's circuit has."""

PROOF = "(uint256[2],uint256[2][2],uint256[2])"
TERMS = "(address,uint256,bytes)"
ORDER = "(address,uint256,uint256)"
DETAILS = {Operation.UNSHIELD: ["address"], Operation.SWAP: [ORDER]}
"""What the function takes beside proof, signals and terms."""


@dataclass(frozen=True)
class Terms:
    """What an operation is bound to beside its proof: who must send it (`ANYONE`: any account), the last second (Unix
    time) at which it may be mined, and the new notes' ciphertexts."""

    relayer: str
    deadline: int
    ciphertexts: bytes


@dataclass(frozen=True)
class SwapOrder:
    """What a swap wants: an asset, the least of it, and whom its note is made out to."""

    asset: str
    minimum: int
    npk: int


Details = str | SwapOrder | None
"""The recipient of an unshield, the order of a swap."""


@dataclass(frozen=True)
class Request:
    """A call of `contract` on chain `chain_id`."""

    operation: Operation
    chain_id: int
    contract: str
    proof: Proof
    signals: tuple[int, ...]
    terms: Terms
    details: Details = None

    @property
    def nullifiers(self) -> tuple[int, ...]:
        """Of the notes that it spends."""
        return self.signals[: {Operation.CONSOLIDATE: 4, Operation.ISSUE: 0}.get(self.operation, 2)]

    @property
    def commitments(self) -> tuple[int, ...]:
        """Of the notes that its proof makes; the last one is the relayer's, 0 if there is none."""
        if self.operation is Operation.ISSUE:
            return self.signals[2:4]
        first = len(self.nullifiers)
        count = 2 if self.operation in (Operation.CONSOLIDATE, Operation.SETTLE) else 3
        return self.signals[first : first + count]

    @property
    def calldata(self) -> bytes:
        """Data of the transaction to `contract`."""
        kinds = [PROOF, f"uint256[{len(self.signals)}]", TERMS, *DETAILS.get(self.operation, [])]
        selector = keccak(text=f"{self.operation.function}({','.join(kinds)})")[:4]
        proof = (self.proof.a, self.proof.b, self.proof.c)
        terms = (self.terms.relayer, self.terms.deadline, self.terms.ciphertexts)
        return selector + encode(kinds, [proof, self.signals, terms, *_encodable(self.details)])

    @property
    def transaction(self) -> dict[str, Any]:
        """`to` and `data`, as `offchain.sender.Sender.send` takes them."""
        return {"to": self.contract, "data": "0x" + self.calldata.hex()}

    def to_json(self) -> str:
        """One line of JSON; numbers are hexadecimal strings."""
        content: dict[str, Any] = {
            "operation": self.operation.function,
            "chain_id": self.chain_id,
            "contract": self.contract,
            "proof": [hex(number) for number in self.proof.numbers],
            "signals": [hex(signal) for signal in self.signals],
            "relayer": self.terms.relayer,
            "deadline": self.terms.deadline,
            "ciphertexts": "0x" + self.terms.ciphertexts.hex(),
        }
        if isinstance(self.details, SwapOrder):
            order = self.details
            content["order"] = {"asset": order.asset, "minimum": hex(order.minimum), "npk": hex(order.npk)}
        elif self.details is not None:
            content["recipient"] = self.details
        return json.dumps(content)

    @classmethod
    def from_json(cls, text: str | bytes) -> Request:
        """The request of a JSON text from anybody. Raises RequestError, which names what is wrong."""
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            raise RequestError("the request is no JSON") from None
        if not isinstance(content, dict):
            raise RequestError("the request is no JSON object")
        operation = _read(content, "operation", _operation)
        return cls(
            operation,
            _read(content, "chain_id", lambda value: _number(value, 2**64)),
            _read(content, "contract", _address),
            Proof.from_numbers(_read(content, "proof", lambda value: _numbers(value, 8))),
            _read(content, "signals", lambda value: _numbers(value, SIGNALS[operation])),
            Terms(
                _read(content, "relayer", _address),
                _read(content, "deadline", lambda value: _number(value, 2**64)),
                _read(content, "ciphertexts", _bytes),
            ),
            _details(content, operation),
        )


def context_hash(chain_id: int, contract: str, operation: Operation, terms: Terms, details: Details = None) -> int:
    """What binds a proof to all that the contract reads beside it, modulo the field (docs/concepts/protocol.md)."""
    bound = bytes(32)
    if isinstance(details, SwapOrder):
        bound = keccak(encode(["address", "uint256", "uint256"], [details.asset, details.minimum, details.npk]))
    elif details is not None:
        bound = keccak(encode(["address"], [details]))
    kinds = ["uint256", "address", "uint8", "address", "uint256", "bytes32", "bytes32"]
    values = [chain_id, contract, operation, terms.relayer, terms.deadline, keccak(terms.ciphertexts), bound]
    return int.from_bytes(keccak(encode(kinds, values)), "big") % MODULUS


def _encodable(details: Details) -> list[Any]:
    if isinstance(details, SwapOrder):
        return [(details.asset, details.minimum, details.npk)]
    return [] if details is None else [details]


def _details(content: dict[str, Any], operation: Operation) -> Details:
    if operation is Operation.UNSHIELD:
        return _read(content, "recipient", _address)
    if operation is Operation.SWAP:
        order = _read(content, "order", dict)
        return SwapOrder(
            _read(order, "asset", _address),
            _read(order, "minimum", lambda value: _number(value, AMOUNT_LIMIT)),
            _read(order, "npk", lambda value: _number(value, MODULUS)),
        )
    return None


def _read(content: Mapping[str, Any], name: str, convert: Callable[[Any], Value]) -> Value:
    if name not in content:
        raise RequestError(f"the request lacks {name}")
    try:
        return convert(content[name])
    except (ValueError, TypeError, AttributeError):
        raise RequestError(f"the request's {name} is not what it should be") from None


def _operation(value: Any) -> Operation:
    for operation in Operation:
        if operation.function == value:
            return operation
    raise ValueError


def _number(value: Any, limit: int) -> int:
    number = int(value, 16) if isinstance(value, str) and len(value) <= 66 else value
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < limit:
        raise ValueError
    return number


def _numbers(value: Any, count: int) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) != count:
        raise ValueError
    return tuple(_number(number, 2**256) for number in value)


def _address(value: Any) -> str:
    if not isinstance(value, str) or not is_address(value):
        raise ValueError
    return to_checksum_address(value)


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x") or len(value) > 2 + 2 * LARGEST_CIPHERTEXTS:
        raise ValueError
    return bytes.fromhex(value[2:])
