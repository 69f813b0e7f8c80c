"""Who and what took part in a plasma chain: the accounts that may hold something, the tokens of the bridge, the
exchanges, and the pools' trees.

It is read from blocks and logs, which nodes keep for ever. What is found is only where to look: a proof says what is
there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.node import Node
from offchain.plasma.escape import remote_account
from offchain.plasma.events import EventError, TokenListed, decode_as
from offchain.plasma.messages import BRIDGE, Message, MessageKind
from offchain.plasma.records import RecordError, to_bytes

BLOCKS_AT_ONCE = 100
WORDS = 16
"""Of a transaction's calldata it is looked at so many words: whom an exchange pays ETH is in no log."""
LEAST_ADDRESS = 1 << 96
"""Smaller numbers are none: nobody finds a key of such an address."""

DELIVER_TYPES = ("uint256", f"{Message.abi_type()}[]")
DELIVER = keccak(text=f"deliver({','.join(DELIVER_TYPES)})")[:4]
NEW_EXCHANGE = keccak(text="NewExchange(address,address)")
FLUSHED = keccak(text="Flushed(uint256,uint256,uint256)")
NULLIFIERS_SPENT = keccak(text="NullifiersSpent(uint256[])")


class ContentsError(UserError):
    """Says in one line what is wrong with a node's blocks."""


class ChainContents:
    """What blocks of a node's chain mention. For one thread at a time.

    `accounts` are all, `holders` those that a contract logged; `assets` are the root chain's tokens that were listed,
    `exchanges` the tokens that a factory logged an exchange of, `nullifiers` those that a pool logged.
    """

    def __init__(self, node: Node) -> None:
        self.accounts: set[str] = set()
        self.holders: defaultdict[str, set[str]] = defaultdict(set)
        self.assets: dict[str, None] = {}
        self.exchanges: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self.nullifiers: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._roots: defaultdict[str, dict[int, list[tuple[int, int]]]] = defaultdict(dict)
        self._node = node
        self._read = -1

    @property
    def read(self) -> int:
        """The last block that was read, -1 if none was."""
        return self._read

    def follow(self, number: int) -> None:
        """Reads on up to a block. Can be interrupted anywhere: what was read twice counts once. Raises ContentsError,
        NodeError."""
        while self._read < number:
            last = min(self._read + BLOCKS_AT_ONCE, number)
            for one in range(self._read + 1, last + 1):
                self._take_block(one)
            wanted = {"fromBlock": hex(self._read + 1), "toBlock": hex(last)}
            try:
                for log in self._node.call("eth_getLogs", wanted):
                    self._take_log(log)
            except (KeyError, TypeError, ValueError, RecordError) as error:
                raise ContentsError(f"the node has a log that is none ({type(error).__name__})") from error
            self._read = last

    def newest_roots(self, pool: str, number: int) -> dict[int, int]:
        """The newest root of each of a pool's trees, as of a block."""
        found = {}
        for tree, roots in self._roots[pool].items():
            known = [root for block, root in roots if block <= number]
            if known:
                found[tree] = known[-1]
        return found

    def _take_block(self, number: int) -> None:
        block = self._node.call("eth_getBlockByNumber", hex(number), True)
        if block is None:
            raise ContentsError(f"the node has no block {number}")
        try:
            for transaction in block["transactions"]:
                self.accounts.add(to_checksum_address(transaction["from"]))
                to = transaction["to"] and to_checksum_address(transaction["to"])
                if to:
                    self.accounts.add(to)
                data = to_bytes(transaction["input"])
                self._take_calldata(data)
                if to == BRIDGE and data[:4] == DELIVER:
                    self._take_messages(data[4:])
        except (KeyError, TypeError, ValueError, RecordError) as error:
            raise ContentsError(f"the node's block {number} is none ({type(error).__name__})") from error

    def _take_calldata(self, data: bytes) -> None:
        self.accounts.update(_addresses(data[4 + 32 * place : 36 + 32 * place] for place in range(WORDS)))

    def _take_messages(self, data: bytes) -> None:
        """Those of a delivery, or nothing if it is none: then it failed as well."""
        try:
            for values in decode(DELIVER_TYPES, data)[1]:
                message = Message.from_abi(values)
                self.accounts.add(message.recipient)
                if message.kind == MessageKind.CALL:
                    self.accounts.add(remote_account(message.sender))
                    self._take_calldata(message.call()[1])
        except (DecodingError, RecordError):
            return

    def _take_log(self, log: dict[str, Any]) -> None:
        emitter, topics = to_checksum_address(log["address"]), [to_bytes(topic, 32) for topic in log["topics"]]
        if not topics:
            return
        found = set(_addresses(topics[1:]))
        self.accounts |= found
        self.holders[emitter] |= found
        data, event = to_bytes(log["data"]), topics[0]
        if emitter == BRIDGE and event == TokenListed.topic():
            try:
                self.assets[decode_as(TokenListed, log).asset] = None
            except EventError as error:
                raise ContentsError(f"the bridge's logs can't be read: {error}") from error
        elif event == NEW_EXCHANGE and len(topics) == 3:
            self.exchanges[emitter][to_checksum_address(topics[1][12:])] = None
        elif event == FLUSHED and len(topics) == 2 and len(data) == 64:
            roots = self._roots[emitter].setdefault(int.from_bytes(topics[1], "big"), [])
            flushed = (int(log["blockNumber"], 16), int.from_bytes(data[32:], "big"))
            roots.append(flushed)
        elif event == NULLIFIERS_SPENT:
            try:
                self.nullifiers[emitter].update(dict.fromkeys(decode(["uint256[]"], data)[0]))
            except DecodingError:
                return  # another contract's event of the same name


def _addresses(words: Iterator[bytes] | list[bytes]) -> Iterator[str]:
    """Those of the words that can be addresses."""
    for word in words:
        if len(word) == 32 and LEAST_ADDRESS <= int.from_bytes(word, "big") < 1 << 160:
            yield to_checksum_address(word[12:])
