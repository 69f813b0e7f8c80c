"""Makes the checkpoint of a range of blocks from one's own execution of them: whoever executed the same blocks makes
the same checkpoint, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import rlp
from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.node import Node
from offchain.plasma.blocks import block_tree
from offchain.plasma.bridge_history import BridgeHistory
from offchain.plasma.checkpoint import NO_CHECKPOINT, Checkpoint
from offchain.plasma.log import SealedBlock
from offchain.plasma.prover import read_leaves

MOST_BLOCKS = 1 << 16
"""Blocks of a checkpoint; PlasmaRoot takes no more."""


class CheckpointError(UserError):
    """Says in one line why a checkpoint can't be made."""


class Blocks(Protocol):
    """Gives sealed blocks: a leader, a replica, or a node that seals by itself."""

    @property
    def height(self) -> int:
        """Number of the last block."""

    def blocks(self, first: int, last: int) -> list[SealedBlock]:
        """The blocks of these numbers, as far as there are any."""


def data_hash(blocks: Iterable[SealedBlock]) -> bytes:
    """Hash of what one needs to execute blocks again: the RLP of each one's number, time and raw transactions."""
    return keccak(rlp.encode([[block.number, block.timestamp, list(block.transactions)] for block in blocks]))


class CheckpointMaker:
    """Makes checkpoints of a chain from its blocks and from `node`, which executed them."""

    def __init__(self, blocks: Blocks, node: Node, chain_id: int) -> None:
        self.history = BridgeHistory(node, chain_id)
        self._blocks, self._node, self._chain_id = blocks, node, chain_id

    @property
    def height(self) -> int:
        """Number of the last block."""
        return self._blocks.height

    def again(self, checkpoint: Checkpoint) -> Checkpoint:
        """The checkpoint in the place of another, and of its blocks, as they were executed here; as `make`."""
        one = checkpoint
        return self.make(one.epoch, one.previous, one.start, one.end, one.set_id)

    def make(self, epoch: int, previous: bytes, start: int, end: int, set_id: int) -> Checkpoint:
        """The checkpoint of a range. `previous` is the hash of the one before. Raises CheckpointError if there are no
        such blocks here, and what reading them raises."""
        if not 1 <= start <= end <= self.height or end - start >= MOST_BLOCKS:
            raise CheckpointError(f"blocks {start} to {end} are no range of the {self.height} blocks there are")
        if (epoch == 1) != (previous == NO_CHECKPOINT) or (epoch == 1) != (start == 1):
            raise CheckpointError(f"checkpoint {epoch} from block {start} on doesn't follow 0x{previous.hex()}")
        leaves = read_leaves(self._node, start, end)
        sealed = self._blocks.blocks(start, end)
        if [leaf.block_hash for leaf in leaves] != [block.hash for block in sealed]:
            raise CheckpointError(f"the node's blocks {start} to {end} are not those that were sealed")
        bridge = self.history.at(end)
        return Checkpoint(
            epoch,
            previous,
            start,
            end,
            block_tree(self._chain_id, leaves).root,
            bridge.exit_root,
            bridge.exit_count,
            bridge.inbox_consumed,
            leaves[-1].state_root,
            data_hash(sealed),
            set_id,
        )
