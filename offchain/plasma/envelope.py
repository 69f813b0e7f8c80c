"""Raw transactions, as far as a leader looks into them before the engine does."""

from __future__ import annotations

from dataclasses import dataclass

from offchain.plasma.jsonrpc import INVALID_PARAMETERS, SERVER_ERROR, Refusal

LARGEST = 2**17
"""Bytes of a transaction."""

MOST_GAS = 2**24
"""Gas limit of a transaction (EIP-7825): ten of them fit a block."""

_GAS_PLACE = {0: 2, 1: 3, 2: 4, 3: 4, 4: 4}
"""Where the gas limit stands, by the transaction's type (EIP-2718; 0: without a type)."""


@dataclass(frozen=True)
class Envelope:
    """The outside of a transaction: its gas limit, or why it doesn't even get to the engine."""

    gas: int
    problem: Refusal | None = None

    @classmethod
    def of(cls, raw: bytes, most_gas: int | None = MOST_GAS) -> Envelope:
        """Of a raw transaction. Anvil takes one with bytes after its end, whose hash isn't that of all its bytes then:
        here it is a problem."""
        if len(raw) > LARGEST:
            return cls(0, Refusal(SERVER_ERROR, f"oversized data: a transaction has at most {LARGEST:,} bytes"))
        typed = raw[:1] < b"\x80"
        place = _GAS_PLACE.get(raw[0] if typed and raw else 0)
        fields = _fields(raw[1:] if typed else raw)
        gas = _scalar(fields, place) if fields is not None and place is not None else None
        if gas is None:
            return cls(0, Refusal(INVALID_PARAMETERS, "Failed to decode transaction"))
        if most_gas is not None and gas > most_gas:
            return cls(gas, Refusal(SERVER_ERROR, f"transaction gas limit too high: {gas:,}, at most {most_gas:,}"))
        return cls(gas)


def _fields(content: bytes) -> bytes | None:
    """What is in an RLP list that ends with these bytes, None if they are no such list."""
    first = content[0] if content else 0
    digits = max(first - 0xF7, 0)  # of the length, if the list is long
    length = int.from_bytes(content[1 : 1 + digits]) if digits else first - 0xC0
    return content[1 + digits :] if first >= 0xC0 and len(content) == 1 + digits + length else None


def _scalar(fields: bytes, place: int) -> int | None:
    """The number at a place among RLP items, None if there, or before, is none."""
    start = 0
    for _ in range(place + 1):
        if start >= len(fields) or fields[start] > 0xA0:  # a longer string than any number, or a list
            return None
        first = fields[start]
        begin, end = (start, start + 1) if first < 0x80 else (start + 1, start + 1 + first - 0x80)
        start = end
    return int.from_bytes(fields[begin:end]) if end <= len(fields) else None
