"""One of the two sides on the chain: a factory, two tokens, two exchanges, three traders; spoken to by names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode
from eth_utils.crypto import keccak

from offchain.rpc import Request, RpcError
from tests.invariant.reader import Reading, reader_code
from tests.invariant.reference_model.operation import (
    FORCE_ETHER,
    Argument,
    Done,
    Event,
    Operation,
    Outcome,
    Refused,
)
from tests.invariant.reference_model.world import View

GAS = hex(1_500_000)
PANIC = {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]}


@dataclass(frozen=True)
class Signature:
    """Of an event or error: its name and the types of its arguments, `indexed` ones first."""

    name: str
    types: tuple[str, ...]


def topic_or_selector(entry: dict[str, Any]) -> bytes:
    """Keccak hash of an ABI entry's signature."""
    types = ",".join(argument["type"] for argument in entry["inputs"])
    return keccak(text=f"{entry['name']}({types})")


class Side:
    """Encodes operations for, and decodes what comes back from, one set of contracts.

    `addresses` by name; `abi` holds the exchange's and the token's functions, events and errors; only a side with
    `named_errors` is expected to say why it refuses.
    """

    def __init__(self, addresses: dict[str, str], abi: list[dict[str, Any]], reader: str, named_errors: bool) -> None:
        self.addresses = addresses
        self.named_errors = named_errors
        self.reader = reader
        self._names = {address.lower(): name for name, address in addresses.items()}
        self._functions: dict[tuple[str, int], bytes] = {}
        self._words: dict[str, int] = {}
        self._events: dict[bytes, Signature] = {}
        self._errors: dict[bytes, Signature] = {}
        for entry in [*abi, PANIC]:
            if entry["type"] not in ("function", "event", "error"):
                continue
            digest, signature = topic_or_selector(entry), tuple(argument["type"] for argument in entry["inputs"])
            if entry["type"] == "function":
                self._functions[entry["name"], len(signature)] = digest[:4]
                self._words[entry["name"]] = len(entry["outputs"])
            elif entry["type"] == "event":
                self._events[digest] = Signature(entry["name"], signature)
            else:
                self._errors[digest[:4]] = Signature(entry["name"], signature)

    # What to ask the chain.

    def transaction(self, operation: Operation) -> dict[str, str]:
        """An operation as the fields of a transaction."""
        target = self.addresses[operation.target]
        fields = {"from": self.addresses[operation.actor], "value": hex(operation.value), "gas": GAS, "gasPrice": "0x0"}
        if operation.function == FORCE_ETHER:  # PUSH20 target; SELFDESTRUCT
            return fields | {"data": f"0x73{target[2:]}ff"}
        return fields | {"to": target, "data": "0x" + self.calldata(operation.function, operation.arguments).hex()}

    def calldata(self, function: str, arguments: tuple[Argument, ...]) -> bytes:
        """ABI encoding of a call; every argument is one word."""
        if not function:
            return b""
        return self._functions[function, len(arguments)] + b"".join(map(self._word, arguments))

    def state(self) -> Request:
        """Asks the reader for everything, see `view`."""
        return ("eth_call", [{"to": self.reader, "gas": hex(20_000_000)}, "latest"])

    def reader_code(self, names: list[tuple[str, ...]]) -> bytes:
        """Code of the reader for these numbers, named as in the model's view."""
        self._numbers = names
        return reader_code([self._reading(*name) for name in names])

    def _reading(self, subject: str, what: str, *arguments: str) -> Reading:
        if subject == "ether":
            return Reading(bytes.fromhex(self.addresses[what][2:]))
        return Reading(bytes.fromhex(self.addresses[subject][2:]), self.calldata(what, arguments))

    # What the chain answers.

    def outcome(self, function: str, call: Any, receipt: dict[str, Any]) -> Outcome:
        """What came of an operation: the answer of a call before it, and its receipt. They must agree."""
        called = self.called(function, call)
        went_through = int(receipt["status"], 16) == 1
        assert went_through == isinstance(called, Done), f"call and transaction differ: {called}, {receipt}"
        if isinstance(called, Refused):
            assert not receipt["logs"]
            return called
        return Done(called.returned, tuple(self._event(log) for log in receipt["logs"]))

    def called(self, function: str, call: Any) -> Outcome:
        """What a call answers; events are not to be had.

        V1 returns 4096 bytes, the result and then what its memory happens to hold; ours the result alone.
        """
        if isinstance(call, RpcError):
            return self._refused(call)
        data, count = bytes.fromhex(call[2:]), self._words.get(function, 0)
        assert len(data) == 32 * count or (not self.named_errors and len(data) >= 32 * count), data
        return Done(tuple(int.from_bytes(data[32 * index : 32 * index + 32], "big") for index in range(count)), ())

    def view(self, answer: str) -> View:
        """All numbers, from the reader's answer."""
        data = bytes.fromhex(answer[2:])
        assert len(data) == 32 * len(self._numbers)
        return {
            name: int.from_bytes(data[32 * index : 32 * index + 32], "big") for index, name in enumerate(self._numbers)
        }

    def _refused(self, error: RpcError) -> Refused:
        # V1 fails with an invalid jump where a payment of ETH fails; our contracts never end that way.
        assert "revert" in error.message or not self.named_errors, error
        if not error.data:
            return Refused(None)
        signature = self._errors[error.data[:4]]
        values = decode(signature.types, error.data[4:])
        return Refused(signature.name, tuple(map(self._plain, values)))

    def _event(self, log: dict[str, Any]) -> Event:
        topic, *indexed = (bytes.fromhex(word[2:]) for word in log["topics"])
        signature = self._events[topic]
        data = b"".join(indexed) + bytes.fromhex(log["data"][2:])
        values = decode(signature.types, data)
        return (self._names[log["address"].lower()], signature.name, *map(self._plain, values))

    def _plain(self, value: Any) -> Argument:
        return int(value) if isinstance(value, int) else self._names[str(value).lower()]

    def _word(self, argument: Argument) -> bytes:
        if isinstance(argument, str):
            return bytes.fromhex(self.addresses[argument][2:]).rjust(32, b"\0")
        return argument.to_bytes(32, "big")
