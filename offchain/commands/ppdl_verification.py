"""Whether a model chain is what it says."""

from __future__ import annotations

from pathlib import Path

import click

from offchain.command import Command
from offchain.commands.output import answer, json_option, stages
from offchain.commands.ppdl_training import chain_folder, chain_option


@click.command(cls=Command)
@chain_option
@json_option
def verify(folder: Path | None, as_json: bool) -> None:
    """Computes a model chain again, from its genesis on: hashes, signatures, masks, sums, models and losses. Says which
    block is the first that can't be right, and why.

    \b
    openmg ppdl verify --chain models/demand
    """
    from offchain.ppdl.model_chain.chain import ModelChain
    from offchain.ppdl.model_chain.verification import verify as checked

    chain = ModelChain(chain_folder(folder))
    height = chain.height
    with stages("block 0") as stage:
        for block in checked(chain):
            stage(f"block {block.header.number} of {height}")
    head = chain.block(height).header
    content = {"chain": str(chain.folder), "height": height, "head": "0x" + head.hash.hex(), "right": True}
    answer(as_json, content, f"All {height + 1} blocks are right; the last is 0x{head.hash.hex()}")
