"""A leader in the tests' own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from offchain.plasma.engine import embedded
from offchain.plasma.leader import Leader
from offchain.plasma.log import Log, SealedBlock


@asynccontextmanager
async def leader_of(folder: Path, genesis: Path, log: type[Log] = Log, **options: Any) -> AsyncIterator[Leader]:
    """A leader that was started in this process and doesn't run yet."""
    with embedded(genesis) as engine:
        journal = log(folder, (await engine.block(0)).hash)
        try:
            leader = Leader(engine, journal, **options)
            await leader.start()
            yield leader
        finally:
            await engine.close()
            journal.close()


@asynccontextmanager
async def running(leader: Leader) -> AsyncIterator[Leader]:
    work = asyncio.create_task(leader.run())
    try:
        yield leader
    finally:
        leader.stop()
        await work


def chain_of(folder: Path, genesis: Path) -> tuple[list[SealedBlock], list[bytes]]:
    """A log's blocks and waiting transactions, after a replay."""

    async def read() -> tuple[list[SealedBlock], list[bytes]]:
        async with leader_of(folder, genesis) as leader:
            return leader.blocks(1, leader.height), [raw for _, raw in leader._log.waiting()]

    return asyncio.run(read())
