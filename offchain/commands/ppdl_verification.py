"""Whether a model chain is what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from offchain.command import Command
from offchain.commands.output import answer, json_option, stages
from offchain.commands.ppdl_training import chain_folder, chain_option


@click.command(cls=Command)
@chain_option
@json_option
def verify(folder: Path | None, as_json: bool) -> None:
    """Computes a model chain again, from its genesis on: hashes, signatures, masks, sums, models and losses. Says which
    block is the first that can't be right, and why. Of updates that all can see it names who sent zeros or a copy.

    \b
    openmg ppdl verify --chain models/demand
    """
    from offchain.ppdl.model_chain.chain import ModelChain
    from offchain.ppdl.model_chain.verification import free_riders
    from offchain.ppdl.model_chain.verification import verify as checked

    chain = ModelChain(chain_folder(folder))
    height, idle = chain.height, list[dict[str, Any]]()
    with stages("block 0") as stage:
        for block in checked(chain):
            number = block.header.number
            stage(f"block {number} of {height}")
            idle += [{"block": number, "participant": "0x" + one.hex()} for one in free_riders(chain, block)]
    head = chain.block(height).header
    content = {"chain": str(chain.folder), "height": height, "head": "0x" + head.hash.hex(), "right": True}
    lines = [f"Block {one['block']}: {one['participant']} sent nothing of its own." for one in idle]
    last = f"All {height + 1} blocks are right; the last is 0x{head.hash.hex()}"
    answer(as_json, content | {"freeRiders": idle}, *lines, last)
