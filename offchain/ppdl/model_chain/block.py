"""A block of the model chain: its header, who of the committee signed it, and where the rest is to be found."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from offchain.errors import UserError
from offchain.ppdl.aggregation.messages import Header

QUORUM = 5
"""How many of the committee's seven seats sign a header."""


class BlockError(UserError):
    """Says in one line what is wrong with a block."""


@dataclasses.dataclass(frozen=True)
class Block:
    """`signatures` by seat; `evidence` is the hash of the round's evidence among the blobs, None for the genesis."""

    header: Header
    signatures: Mapping[int, bytes]
    evidence: bytes | None

    def to_json(self) -> bytes:
        """The block as people can read it, hashes in hex."""
        header = {name: _readable(value) for name, value in dataclasses.asdict(self.header).items()}
        signatures = {str(seat): _readable(self.signatures[seat]) for seat in sorted(self.signatures)}
        content = {"header": header, "signatures": signatures, "evidence": _readable(self.evidence)}
        return msgspec.json.format(msgspec.json.encode(content)) + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> Block:
        """Raises BlockError for what `to_json` didn't write."""
        try:
            document = msgspec.json.decode(content, type=_Document)
            header = Header(**{name: _value(text) for name, text in msgspec.structs.asdict(document.header).items()})
            signatures = {int(seat): bytes.fromhex(signed[2:]) for seat, signed in document.signatures.items()}
            evidence = bytes.fromhex(document.evidence[2:]) if document.evidence else None
            _ = header.hash  # raises ValueError for what is no word of 32 bytes
        except (msgspec.DecodeError, ValueError) as error:
            raise BlockError(f"it is no block: {error}") from error
        return cls(header, signatures, evidence)


Natural = Annotated[int, msgspec.Meta(ge=0)]


class _HeaderDocument(msgspec.Struct, forbid_unknown_fields=True):
    number: Natural
    prev_hash: str
    round: Natural
    weights_root: str
    weight_hash: str
    testset_hash: str
    participant_hash: str
    timestamp: Natural
    loss_before: Natural
    loss_after: Natural
    accepted: bool


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    header: _HeaderDocument
    signatures: dict[str, str]
    evidence: str | None


def _readable(value: Any) -> Any:
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _value(text: Any) -> Any:
    return bytes.fromhex(text.removeprefix("0x")) if isinstance(text, str) else text
