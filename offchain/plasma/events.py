"""What the bridge's contracts log, as records; from a node's raw logs or from web3's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.plasma.checkpoint import Submission
from offchain.plasma.messages import Exit, Message, MessageKind
from offchain.plasma.records import INDEXED, Address, Bool, Bytes32, Record, RecordError, Uint, to_bytes


class EventError(UserError):
    """Says in one line why a log is not the event it should be."""


class Event(Record):
    """A log of a contract; the class has the event's name, its fields are the arguments in order."""

    @classmethod
    def signature(cls) -> str:
        """As the topic hashes it, e.g. `Delivered(uint256,bytes32,bool)`."""
        return cls.__name__ + cls.abi_type()

    @classmethod
    def topic(cls) -> bytes:
        """The first topic of its logs."""
        return keccak(text=cls.signature())


@dataclass(frozen=True)
class MessageSent(Event):
    """The inbox grew."""

    id: Annotated[Uint, INDEXED]
    kind: Annotated[MessageKind, INDEXED]
    sender: Annotated[Address, INDEXED]
    message: Message


@dataclass(frozen=True)
class Delivered(Event):
    """PlasmaBridge took a message of the inbox."""

    id: Annotated[Uint, INDEXED]
    message_hash: Annotated[Bytes32, INDEXED]
    success: Bool


@dataclass(frozen=True)
class ExitBurned(Event):
    """Something was burned on the plasma chain."""

    id: Annotated[Uint, INDEXED]
    asset: Annotated[Address, INDEXED]
    recipient: Annotated[Address, INDEXED]
    from_: Address
    amount: Uint

    @property
    def exit(self) -> Exit:
        """What is to be paid."""
        return Exit(self.id, self.asset, self.from_, self.recipient, self.amount)


@dataclass(frozen=True)
class TokenListed(Event):
    """A token of the plasma chain stands for one of the root chain."""

    asset: Annotated[Address, INDEXED]
    token: Address


@dataclass(frozen=True)
class Undelivered(Event):
    """A deposit waits for its recipient on the plasma chain."""

    recipient: Annotated[Address, INDEXED]
    amount: Uint


@dataclass(frozen=True)
class OperatorChanged(Event):
    """Another account delivers to the plasma chain."""

    operator: Address


@dataclass(frozen=True)
class ExitStarted(Event):
    """An exit was proven against a checkpoint."""

    key: Annotated[Bytes32, INDEXED]
    epoch: Annotated[Uint, INDEXED]
    recipient: Annotated[Address, INDEXED]
    exit: Exit


@dataclass(frozen=True)
class ExitReleased(Event):
    """Some or all of an exit became its recipient's; `left` is what later windows release."""

    key: Annotated[Bytes32, INDEXED]
    recipient: Annotated[Address, INDEXED]
    asset: Address
    amount: Uint
    left: Uint


@dataclass(frozen=True)
class DepositRefunded(Event):
    """A deposit that the plasma chain never took went back."""

    id: Annotated[Uint, INDEXED]
    recipient: Annotated[Address, INDEXED]
    asset: Address
    amount: Uint


@dataclass(frozen=True)
class Claimed(Event):
    """Somebody took what was theirs."""

    owner: Annotated[Address, INDEXED]
    asset: Annotated[Address, INDEXED]
    to: Address
    amount: Uint


@dataclass(frozen=True)
class ContractProven(Event):
    """A contract of the plasma chain was shown for escapes."""

    account: Annotated[Address, INDEXED]
    storage_root: Bytes32
    balance: Uint


@dataclass(frozen=True)
class AccountEscaped(Event):
    """What an account had escaped, or a part of it; `source` is the account or the exchange it was in."""

    holder: Annotated[Address, INDEXED]
    source: Annotated[Address, INDEXED]
    asset: Annotated[Address, INDEXED]
    amount: Uint


@dataclass(frozen=True)
class NoteEscapeStarted(Event):
    """A note's escape waits."""

    first_nullifier: Annotated[Uint, INDEXED]
    second_nullifier: Annotated[Uint, INDEXED]
    asset: Annotated[Address, INDEXED]
    recipient: Address
    amount: Uint
    releasable_at: Uint


@dataclass(frozen=True)
class NoteEscapeCancelled(Event):
    """A note was shown to be spent: its escape is off."""

    first_nullifier: Annotated[Uint, INDEXED]
    second_nullifier: Annotated[Uint, INDEXED]
    spent: Uint


@dataclass(frozen=True)
class CheckpointSubmitted(Event):
    """PlasmaRoot accepted a checkpoint."""

    epoch: Annotated[Uint, INDEXED]
    hash: Annotated[Bytes32, INDEXED]
    submission: Submission


@dataclass(frozen=True)
class CheckpointFinalised(Event):
    """A checkpoint and all before it are final."""

    epoch: Annotated[Uint, INDEXED]


@dataclass(frozen=True)
class CheckpointsVoided(Event):
    """A checkpoint and all after it are void."""

    epoch: Annotated[Uint, INDEXED]
    challenger: Annotated[Address, INDEXED]


@dataclass(frozen=True)
class Halted(Event):
    """The plasma chain has ended."""

    final_epoch: Uint


EVENTS: tuple[type[Event], ...] = (
    MessageSent,
    Delivered,
    ExitBurned,
    TokenListed,
    Undelivered,
    OperatorChanged,
    ExitStarted,
    ExitReleased,
    DepositRefunded,
    Claimed,
    ContractProven,
    AccountEscaped,
    NoteEscapeStarted,
    NoteEscapeCancelled,
    CheckpointSubmitted,
    CheckpointFinalised,
    CheckpointsVoided,
    Halted,
)

_BY_TOPIC = {event.topic(): event for event in EVENTS}

E = TypeVar("E", bound=Event)


def decode_log(log: Mapping[str, Any]) -> Event | None:
    """The event of a log, None if it is none of these. The emitter is the caller's to check. Raises EventError for a
    log that has an event's topic but can't be it."""
    topics = [_word(topic) for topic in log["topics"]]
    event = _BY_TOPIC.get(topics[0]) if topics else None
    return None if event is None else _decoded(event, topics, log)


def decode_as(event: type[E], log: Mapping[str, Any]) -> E:
    """The event of a log that must be this one. Raises EventError if it is another."""
    topics = [_word(topic) for topic in log["topics"]]
    if not topics or topics[0] != event.topic():
        raise EventError(f"a log is no {event.__name__}")
    return _decoded(event, topics, log)


def event_in(event: type[E], logs: Iterable[Mapping[str, Any]]) -> E:
    """The first of an event among a transaction's logs. Raises EventError if there is none."""
    for log in logs:
        if log["topics"] and _word(log["topics"][0]) == event.topic():
            return decode_as(event, log)
    raise EventError(f"the transaction logged no {event.__name__}: is this the contract it should be?")


def _decoded(event: type[E], topics: list[bytes], log: Mapping[str, Any]) -> E:
    kinds = event.types()
    plain = [kind.solidity for kind in kinds.values() if not kind.indexed]
    indexed = [kind.solidity for kind in kinds.values() if kind.indexed]
    try:
        if len(topics) != 1 + len(indexed):
            raise RecordError(f"it has {len(topics)} topics")
        from_topics = iter([decode([kind], topic)[0] for kind, topic in zip(indexed, topics[1:], strict=True)])
        from_data = iter(decode(plain, to_bytes(log["data"])))
        return event.from_abi([next(from_topics if kind.indexed else from_data) for kind in kinds.values()])
    except (DecodingError, RecordError) as error:
        raise EventError(f"a log has the topic of {event.__name__}, but {' '.join(str(error).split())}") from error


def _word(topic: Any) -> bytes:
    try:
        return to_bytes(topic, 32)
    except RecordError as error:
        raise EventError(f"a log's topic is none: {error}") from error
