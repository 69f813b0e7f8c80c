"""PPDLRegistry as participants and relayers read it: the round that runs, and the newest header.

Everything of a round is read again at every look, so a reorganisation of the chain needs no care.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property
from typing import Any, NamedTuple

from eth_utils.address import to_canonical_address
from hexbytes import HexBytes
from web3 import Web3

from offchain.artifacts import load
from offchain.contract_events import ContractEvents, Event
from offchain.errors import UserError
from offchain.node import Node
from offchain.ppdl.aggregation.alive import AliveSet
from offchain.ppdl.aggregation.graph import RoundKeys
from offchain.ppdl.aggregation.messages import Domain, Header
from offchain.ppdl.aggregation.seeds import SeedCommitment
from offchain.ppdl.aggregation.transcript import Transcript


class RegistryError(UserError):
    """Says in one line what is wrong with what the chain's node answers."""


class Phase(IntEnum):
    """How far a round is, as IPPDLRegistry has it."""

    NONE = 0
    OPEN = 1
    CLOSED = 2
    POSTED = 3
    FINAL = 4


class Rules(NamedTuple):
    """IPPDLRegistry.Rules: windows in seconds, bond and fee in wei."""

    keys_window: int
    seeds_window: int
    upload_window: int
    close_window: int
    post_window: int
    challenge_window: int
    answer_window: int
    header_window: int
    tolerance: int
    bond: int
    demand_fee: int


@dataclass(frozen=True)
class Closing:
    """Whose updates are in the sum, and the hash of the block before the one that said so."""

    alive: AliveSet
    alive_root: bytes
    close_block_hash: bytes


@dataclass(frozen=True)
class Claim:
    """A posted sum and the model after it; `poster` is an address of 20 bytes."""

    number: int
    poster: bytes
    aggregate_root: bytes
    weights_root: bytes
    weight_hash: bytes


@dataclass(frozen=True)
class Round:
    """The last round that was opened. `claim` is the one that stands. `until` ends the window to post, to challenge or
    to relay; times are Unix seconds. `finalised_at` is the time of the block that made its aggregate count. `doubted`:
    somebody waits for the signature of an update that it was closed with."""

    number: int
    phase: Phase
    opened_at: int
    until: int
    keys: tuple[RoundKeys, ...] = ()
    seeds: Mapping[int, SeedCommitment] | None = None
    closing: Closing | None = None
    claim: Claim | None = None
    finalised_at: int = 0
    doubted: bool = False

    def transcript(self) -> Transcript:
        """What is known of it but for the parcels."""
        return Transcript(self.number, self.keys, dict(self.seeds or {}))

    def closed_as(self, other: Round) -> bool:
        """Whether another look shows the same round, closed in the same way."""
        return self.closing is not None and (self.keys, self.closing) == (other.keys, other.closing)

    def index_of(self, participant: bytes) -> int | None:
        """The index of an address of 20 bytes, None if it committed no keys."""
        members = [keys.participant for keys in self.keys]
        return members.index(participant) if participant in members else None


class Registry:
    """A PPDLRegistry at an address, by a node."""

    def __init__(self, web3: Web3, address: str) -> None:
        self.node = Node(web3)
        self.contract = load("PPDLRegistry").at(web3, address)
        self.address = str(self.contract.address)
        self._logged = ContractEvents(self.node, self.contract)
        self._opening_block = 0

    @cached_property
    def domain(self) -> Domain:
        """Where signatures for it count."""
        return Domain(self.node.chain_id(), self.address)

    @cached_property
    def rules(self) -> Rules:
        """Raises NodeError if there is no such contract."""
        return Rules(*self.node.ask(self.contract.functions.rules()))

    @cached_property
    def first_block(self) -> int:
        """The block from which on the contract was there."""
        return self.node.first_block_with_code(self.address)

    def round(self) -> Round:
        """The last round, as of now. Raises NodeError, RegistryError."""
        number, phase, _, _, _, opened_at, until, _, doubts, _ = self.node.ask(self.contract.functions.current())
        if not number:
            return Round(0, Phase.NONE, 0, 0)
        found = self._as_logged(number, self.opening_block(opened_at), Phase(phase), opened_at, until)
        stands = found.phase in (Phase.POSTED, Phase.FINAL)  # else it was shown to be wrong
        return replace(found, doubted=doubts > 0, claim=found.claim if stands else None)

    def opening_block(self, opened_at: int) -> int:
        """The first block at the time of a round's opening or later."""
        self._opening_block = self.node.first_block_since(opened_at, self._opening_block)
        return self._opening_block

    def past_round(self, number: int, before: Header) -> Round:
        """The round of the header after `before`, with what was said in it: it was opened when that one was there."""
        return self._as_logged(number, self._block_of(before), Phase.NONE, 0, 0)

    def genesis(self) -> Header:
        """Header 0. Raises RegistryError if the node doesn't know it."""
        first = next(self._appended(self.first_block), None)
        if first is None:
            raise RegistryError(f"the node knows no genesis of the registry at {self.address}")
        return first

    def headers_after(self, before: Header) -> Iterator[Header]:
        """The headers that follow one, in order."""
        for header in self._appended(self._block_of(before)):
            if header.number > before.number:
                yield header

    def head(self) -> int:
        """Number of the newest header."""
        return int(self.node.ask(self.contract.functions.head()))

    def header_hash(self, number: int) -> bytes:
        """Struct hash of a header; 32 zeros if there is none of that number."""
        return bytes(self.node.ask(self.contract.functions.headerHashOf(number)))

    def closing_hash(self) -> bytes:
        """What a poster names."""
        return bytes(self.node.ask(self.contract.functions.closingHash()))

    def bond_of(self, address: str) -> tuple[int, bool]:
        """What an account has at stake, in wei, and whether it may take part."""
        bond, resigned_at, _, _, barred = self.node.ask(self.contract.functions.participantOf(address))
        return bond, bond >= self.rules.bond and not resigned_at and not barred

    def _as_logged(self, number: int, first: int, phase: Phase, opened_at: int, until: int) -> Round:
        found: dict[str, Any] = {"keys": [], "seeds": {}}
        for event in self._events(first):
            if event.arguments.get("round") == number:
                self._take(found, event)
            elif event.name == "HeaderAppended" and event.arguments["header"]["round"] == number:
                break
        keys = tuple(found.pop("keys"))
        return Round(number, phase, opened_at, until, keys, **found)

    def _take(self, found: dict[str, Any], event: Event) -> None:
        arguments = event.arguments
        match event.name:
            case "KeysCommitted":
                member = to_canonical_address(arguments["participant"])
                found["keys"].append(RoundKeys(member, bytes(arguments["channelKey"]), bytes(arguments["maskKey"])))
            case "SeedsCommitted":
                hashes = tuple(map(bytes, arguments["seedHashes"]))
                found["seeds"][arguments["index"]] = SeedCommitment(bytes(arguments["sharesRoot"]), hashes)
            case "RoundClosed":
                alive = AliveSet.from_bitmap(len(found["keys"]), bytes(arguments["alive"]))
                before = self._block(event.block - 1)
                found["closing"] = Closing(alive, bytes(arguments["aliveRoot"]), bytes(HexBytes(before["hash"])))
            case "AggregatePosted":
                roots = (bytes(arguments[root]) for root in ("aggregateRoot", "weightsRoot", "weightHash"))
                found["claim"] = Claim(arguments["claim"], to_canonical_address(arguments["poster"]), *roots)
            case "RoundFinalised":
                found["finalised_at"] = int(self._block(event.block)["timestamp"], 16)
            case _:
                pass

    def _block(self, number: int) -> dict[str, Any]:
        block = self.node.block(number)
        if block is None:
            raise RegistryError(f"the node has no block {number}")
        return block

    def _appended(self, first: int) -> Iterator[Header]:
        """The headers that were appended from a block on."""
        for event in self._events(first):
            if event.name == "HeaderAppended":
                fields: list[Any] = list(event.arguments["header"].values())
                values: list[Any] = [bytes(field) if isinstance(field, bytes) else field for field in fields]
                yield Header(*values)

    def _block_of(self, header: Header) -> int:
        """A block before which nothing that follows a header can be: no header is from the future."""
        return max(self.node.first_block_since(header.timestamp), self.first_block)

    def _events(self, first: int) -> Iterator[Event]:
        """The registry's events from a block on."""
        return self._logged.between(first, self.node.height())
