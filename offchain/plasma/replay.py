"""Executes a sealed block again and compares."""

from __future__ import annotations

from offchain.errors import UserError
from offchain.plasma.engine import Block, SealingEngine
from offchain.plasma.jsonrpc import Refusal
from offchain.plasma.log import SealedBlock


class Divergence(UserError):
    """Says in one line where an execution differs from the block as it was sealed."""


async def replay(engine: SealingEngine, parent: Block, block: SealedBlock) -> Block:
    """Executes a block on an engine whose last block is `parent`; returns the block that the engine made.

    Raises Divergence if it isn't the same block; the engine is of no more use then. Raises ConnectionFailure and
    EngineError as the engine does.
    """
    if block.number != parent.number + 1:
        raise Divergence(f"block {block.number} follows block {parent.number}")
    if block.parent != parent.hash:
        raise Divergence(f"block {block.number} builds on 0x{block.parent.hex()}, here is 0x{parent.hash.hex()}")
    if block.timestamp <= parent.timestamp:
        raise Divergence(f"block {block.number} has time {block.timestamp}, its parent {parent.timestamp}")
    for place, outcome in enumerate(await engine.submit(block.transactions)):
        if isinstance(outcome, Refusal):
            raise Divergence(f"block {block.number}: transaction {place} is refused here: {outcome}")
    try:
        made = await engine.seal(block.timestamp)
    except Refusal as refusal:
        raise Divergence(f"block {block.number} can't be sealed here: {refusal}") from refusal
    if made.hash != block.hash:
        raise Divergence(f"block {block.number} is 0x{block.hash.hex()}, executed here it is 0x{made.hash.hex()}")
    return made
