"""Rows together with the hash of the block they come from."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, Table, and_, select

from offchain.history.database import Database
from offchain.indexer import tables


def placed(table: Table) -> Select[Any]:
    """The rows of a table, and `block_hash`."""
    blocks = tables.blocks.c
    same = and_(blocks.chain == table.c.chain, blocks.number == table.c.block)
    return select(table, blocks.hash.label("block_hash")).join(tables.blocks, same)


def newest(query: Select[Any], table: Table) -> Select[Any]:
    """The query's rows, the newest first."""
    return query.order_by(table.c.block.desc(), table.c.log.desc())


def progress(database: Database, chain: int) -> tuple[int, str] | None:
    """Number and hash of the last block that was taken of a chain, None if none was."""
    followed = tables.chains.c
    with database.read() as connection:
        row = connection.execute(select(followed.number, followed.hash).where(followed.chain == chain)).first()
    return None if row is None else (row.number, row.hash)
