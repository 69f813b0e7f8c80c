"""Proofs for escapes whose file is lost: who has a node's log executes it again up to the checkpoint's last block."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from offchain.chains import connect
from offchain.node import Node
from offchain.plasma.checkpoint import Checkpoint
from offchain.plasma.engine import embedded
from offchain.plasma.exports import Exporter, ExportError
from offchain.plasma.log import Log
from offchain.plasma.replay import replay
from offchain.plasma.state_export import Platform

Progress = Callable[[int], None]


def export_again(
    folder: Path, genesis: Path, checkpoint: Checkpoint, platform: Callable[[], Platform | None], progress: Progress
) -> Path:
    """Writes the file of a checkpoint into a node's folder, as the node does when it signs; returns the file. The node
    must not run. `progress` is told the block that is executed.

    Raises ExportError if the log ends before, LogError, Divergence, and what the engine raises.
    """

    async def execute() -> Path:
        with embedded(genesis) as engine:
            journal = Log(folder, (await engine.block(0)).hash)
            try:
                if journal.height < checkpoint.end:
                    blocks = f"has {journal.height} blocks, checkpoint {checkpoint.epoch} ends with {checkpoint.end}"
                    raise ExportError(f"{journal.path} {blocks}: take another node's")
                head = await engine.block()
                for number in range(1, checkpoint.end + 1):
                    progress(number)
                    head = await replay(engine, head, journal.sealed(number))
                exporter = Exporter(folder / "escape", Node(connect(engine.url)), platform, lambda first: 0)
                exporter.want(checkpoint)
                exporter.step()
                return exporter.path(checkpoint.epoch)
            finally:
                await engine.close()
                journal.close()

    return asyncio.run(execute())
