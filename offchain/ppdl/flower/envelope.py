"""How Flower carries our messages: as bytes of a record that it doesn't look into."""

from __future__ import annotations

from flwr.app import ConfigRecord, Message, RecordDict

from offchain.ppdl.flower.wire import WireError

RECORD, FIELD = "ppdl", "content"


def sealed(content: bytes) -> RecordDict:
    """The content of Flower's message."""
    return RecordDict({RECORD: ConfigRecord({FIELD: content})})


def opened(message: Message) -> bytes:
    """The bytes in Flower's message. Raises WireError if it has none, or anything else."""
    if message.has_error():
        raise WireError(message.error.reason or "the node answered with an error")
    records = message.content.config_records
    content = records[RECORD].get(FIELD) if set(message.content) == {RECORD} and RECORD in records else None
    if not isinstance(content, bytes):
        raise WireError("Flower's message has not one record of bytes")
    return content
