"""Dataclasses that mirror Solidity structs: field by field the same names, order and types.

A field's type says what it is in Solidity, so that a record can be ABI-encoded, be an argument of a call, be read from
an answer or a log, and be kept as JSON. In JSON the names are Solidity's, integers are decimal strings (JavaScript's
numbers end at 2^53), bytes are hexadecimal: what is written is also a struct for a library such as ethers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cache
from typing import Annotated, Any, Self, get_args, get_origin, get_type_hints

from eth_abi.abi import encode
from eth_abi.exceptions import EncodingError
from eth_utils.address import is_address, to_checksum_address
from hexbytes import HexBytes

from offchain.errors import UserError

INDEXED = "indexed"
"""Marks a field of an event that is a topic of its log."""

MOST = (1 << 256) - 1

Uint = Annotated[int, "uint256"]
Bool = Annotated[bool, "bool"]
Bytes32 = Annotated[bytes, "bytes32"]
Bytes = Annotated[bytes, "bytes"]
Address = Annotated[str, "address"]
"""An address is kept with its checksum (EIP-55)."""


class RecordError(UserError):
    """Says in one line why something is not the record it should be."""


@dataclass(frozen=True)
class _Type:
    """A field's type: how Solidity names it, how a value of it is read, and how it is written to JSON."""

    solidity: str
    read: Callable[[Any], Any]
    abi: Callable[[Any], Any]
    json: Callable[[Any], Any]
    indexed: bool = False


class Record:
    """What all records can do; each is a frozen dataclass whose fields have the types above, or are records, tuples
    of these, or IntEnums (Solidity's enums)."""

    @classmethod
    def types(cls) -> dict[str, _Type]:
        """The fields' types by name, in order."""
        return _types(cls)  # type: ignore[arg-type]  # classes are hashable

    @classmethod
    def abi_type(cls) -> str:
        """The struct as the ABI writes it, e.g. `(uint256,bytes32)`."""
        return f"({','.join(kind.solidity for kind in cls.types().values())})"

    def abi(self) -> tuple[Any, ...]:
        """The struct as web3 and eth_abi take it: a tuple, nested ones too, bytes as bytes."""
        return tuple(kind.abi(getattr(self, name)) for name, kind in self.types().items())

    def encoded(self) -> bytes:
        """`abi.encode` of the struct. Raises RecordError if a value doesn't fit its type."""
        return abi_encode((self.abi_type(), self.abi()))

    @classmethod
    def from_abi(cls, values: Any) -> Self:
        """The record from a decoded struct. Raises RecordError if a value is not of its type."""
        kinds = cls.types()
        if not isinstance(values, Sequence) or len(values) != len(kinds):
            raise RecordError(f"a {cls.__name__} has {len(kinds)} fields: {values!r} doesn't")
        return cls(**_read(kinds, values))

    def to_json(self) -> dict[str, Any]:
        """The record for `json.dumps`."""
        return {_camel(name): kind.json(getattr(self, name)) for name, kind in self.types().items()}

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """The record that `to_json` wrote. Raises RecordError, which names the field, if it isn't one."""
        kinds = cls.types()
        if not isinstance(data, dict) or data.keys() != {_camel(name) for name in kinds}:
            raise RecordError(f"a {cls.__name__} has the fields {', '.join(map(_camel, kinds))}, and no others")
        return cls(**_read(kinds, [data[_camel(name)] for name in kinds]))


def abi_encode(*typed: tuple[str, Any]) -> bytes:
    """`abi.encode` of values, each after its type. Raises RecordError if one doesn't fit its type."""
    try:
        return encode([kind for kind, _ in typed], [value for _, value in typed])
    except EncodingError as error:
        raise RecordError(f"what is to be encoded doesn't fit its type: {' '.join(str(error).split())}") from error


def to_bytes(value: Any, length: int | None = None) -> bytes:
    """Bytes from bytes or from hexadecimal with 0x. Raises RecordError for anything else, or another length."""
    if isinstance(value, str):
        try:
            if not value.startswith("0x"):
                raise ValueError("no 0x")
            value = bytes.fromhex(value[2:])
        except ValueError as error:
            raise RecordError(f"{value[:80]!r} is not hexadecimal with 0x") from error
    if not isinstance(value, bytes | bytearray):
        raise RecordError(f"{value!r} is not bytes")
    if length is not None and len(value) != length:
        raise RecordError(f"{len(value)} bytes are not {length}")
    return bytes(value)


def to_hex(value: bytes) -> str:
    """Hexadecimal with 0x."""
    return HexBytes(value).to_0x_hex()


def to_int(value: Any) -> int:
    """An unsigned integer of 256 bits from an int or its decimal digits. Raises RecordError for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 78:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        raise RecordError(f"{str(value)[:80]!r} is not an unsigned integer of 256 bits")
    return value


def to_address(value: Any) -> str:
    """An address with its checksum. Raises RecordError for anything else."""
    if not is_address(value):
        raise RecordError(f"{str(value)[:80]!r} is not an address")
    return to_checksum_address(value)


def _to_bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise RecordError(f"{value!r} is neither true nor false")
    return value


_PLAIN = {
    "uint256": _Type("uint256", to_int, int, str),
    "bool": _Type("bool", _to_bool, bool, bool),
    "bytes32": _Type("bytes32", lambda value: to_bytes(value, 32), bytes, to_hex),
    "bytes": _Type("bytes", to_bytes, bytes, to_hex),
    "address": _Type("address", to_address, str, str),
}


@cache
def _types(record: type[Record]) -> dict[str, _Type]:
    hints = get_type_hints(record, include_extras=True)
    return {field.name: _type_of(hints[field.name]) for field in fields(record)}  # type: ignore[arg-type]


def _type_of(hint: Any) -> _Type:
    if get_origin(hint) is Annotated:
        _, name, *marks = get_args(hint)
        plain = _type_of(get_args(hint)[0]) if name == INDEXED else _PLAIN[name]
        return _Type(plain.solidity, plain.read, plain.abi, plain.json, INDEXED in (name, *marks))
    if get_origin(hint) is tuple:
        of = _type_of(get_args(hint)[0])
        return _Type(
            f"{of.solidity}[]",
            lambda values: tuple(map(of.read, _sequence(values))),
            lambda values: [of.abi(value) for value in values],
            lambda values: [of.json(value) for value in values],
        )
    if issubclass(hint, IntEnum):
        return _Type("uint8", lambda value: _member(hint, value), int, lambda value: str(int(value)))
    return _Type(hint.abi_type(), lambda value: _record(hint, value), hint.abi, hint.to_json)


def _read(kinds: dict[str, _Type], values: Sequence[Any]) -> dict[str, Any]:
    read = {}
    for (name, kind), value in zip(kinds.items(), values, strict=True):
        try:
            read[name] = kind.read(value)
        except RecordError as error:
            raise RecordError(f"{_camel(name)}: {error}") from error
    return read


def _sequence(values: Any) -> Sequence[Any]:
    if not isinstance(values, list | tuple):
        raise RecordError(f"{values!r} is not a list")
    return values


def _member(enum: type[IntEnum], value: Any) -> IntEnum:
    try:
        return enum(to_int(value))
    except ValueError as error:
        raise RecordError(f"there is no {enum.__name__} {value}") from error


def _record(record: type[Record], value: Any) -> Record:
    if isinstance(value, record):
        return value
    return record.from_json(value) if isinstance(value, dict) else record.from_abi(value)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
