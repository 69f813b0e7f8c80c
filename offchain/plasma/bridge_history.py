"""What PlasmaBridge took and burned, block by block, as one's own node executed it.

It is read from logs and not from states: nodes keep logs for ever, and states for a while.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from offchain.errors import UserError
from offchain.node import Node
from offchain.plasma.events import Delivered, ExitBurned, decode_log
from offchain.plasma.exit_tree import ExitTree
from offchain.plasma.messages import BRIDGE, INBOX_SEED, Exit, chained

BLOCKS_AT_ONCE = 1_000


class BridgeHistoryError(UserError):
    """Says in one line what is wrong with what the bridge logged."""


@dataclass(frozen=True)
class BridgeState:
    """PlasmaBridge after a block."""

    inbox_consumed: int
    inbox_hash: bytes
    exit_count: int
    exit_root: bytes


class BridgeHistory:
    """PlasmaBridge's history on the chain of a node, whose id is `chain_id`. For one thread at a time."""

    def __init__(self, node: Node, chain_id: int) -> None:
        self.exits: list[Exit] = []
        self._node, self._chain_id = node, chain_id
        self._tree = ExitTree()
        self._hashes = [INBOX_SEED]
        self._delivered_in: list[int] = []
        self._burned_in: list[int] = []
        self._read = 0

    def at(self, number: int) -> BridgeState:
        """The bridge after a block. Raises BridgeHistoryError if the node's logs can't be the bridge's, NodeError."""
        self._follow(number)
        messages, exits = bisect_right(self._delivered_in, number), bisect_right(self._burned_in, number)
        return BridgeState(messages, self._hashes[messages], exits, self._tree.root(exits))

    def path(self, exit_id: int, count: int) -> tuple[bytes, ...]:
        """The path of an exit in the tree of the first `count` exits. Raises IndexError if it isn't among them."""
        return self._tree.path(exit_id, count)

    def delivering(self, start: int, end: int) -> set[int]:
        """The blocks of a range, its end included, in which messages were delivered; as `at`."""
        self._follow(end)
        return set(self._delivered_in[bisect_left(self._delivered_in, start) : bisect_right(self._delivered_in, end)])

    def _follow(self, number: int) -> None:
        while self._read < number:
            last = min(self._read + BLOCKS_AT_ONCE, number)
            for log in self._node.logs([BRIDGE], self._read + 1, last):
                block = int(log["blockNumber"], 16)
                event = decode_log(log)
                if isinstance(event, Delivered):
                    self._expect(event.id, len(self._delivered_in), "message")
                    self._hashes.append(chained(self._hashes[-1], event.message_hash))
                    self._delivered_in.append(block)
                elif isinstance(event, ExitBurned):
                    self._expect(event.id, len(self.exits), "exit")
                    self.exits.append(event.exit)
                    self._tree.append(event.exit.key(self._chain_id))
                    self._burned_in.append(block)
            self._read = last

    def _expect(self, actual: int, expected: int, what: str) -> None:
        if actual != expected:
            raise BridgeHistoryError(f"the bridge logged {what} {actual} where {expected} was next")
