"""Sums of a microgrid's readings, epoch by epoch, as they were published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from offchain.history.database import Database
from offchain.indexer import tables
from offchain.indexer.place import placed


@dataclass(frozen=True)
class Epochs:
    """What of each epoch was published last, in the order of the epochs."""

    rows: list[Row[Any]]

    @property
    def newest(self) -> Row[Any] | None:
        """The last publication among them, None without one."""
        return max(self.rows, key=lambda row: (row.block, row.log), default=None)


def published(database: Database, chain: int, rules: Row[Any], since: int, until: int) -> Epochs:
    """The epochs of a microgrid, named by its rules, that begin from Unix time `since` on and before `until`. Raises
    HistoryError."""
    told, length = tables.published.c, rules.epoch_length
    own = (told.chain == chain, told.contract == rules.contract, told.microgrid == rules.microgrid)
    within = (told.epoch >= -(-since // length), told.epoch < -(-until // length))
    query = placed(tables.published).where(*own, *within).order_by(told.block, told.log)
    with database.read() as connection:
        newest = {row.epoch: row for row in connection.execute(query)}
    return Epochs([newest[epoch] for epoch in sorted(newest)])
