"""Checkpoints of the plasma chain, what became of them, and exits, as the root chain's events tell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, func, or_, select, tuple_

from offchain.history.database import Database
from offchain.indexer import tables
from offchain.indexer.place import newest, placed

CHECKPOINTS, VERDICTS = tables.checkpoints.c, tables.verdicts.c


class Finality(StrEnum):
    """How far a checkpoint is: it can be challenged, it is final, or it is void."""

    PENDING = "pending"
    FINAL = "final"
    VOID = "void"


@dataclass(frozen=True)
class Checkpoint:
    """An accepted checkpoint, and the row that made it final or void."""

    row: Row[Any]
    finality: Finality
    verdict: Row[Any] | None


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints on a root chain. Every method raises HistoryError."""

    database: Database
    chain: int

    def newest(self, count: int, before: int | None = None) -> list[Checkpoint]:
        """The newest of them, void ones too, or those of epochs before one."""
        query = newest(placed(tables.checkpoints).where(CHECKPOINTS.chain == self.chain), tables.checkpoints)
        if before is not None:
            query = query.where(CHECKPOINTS.epoch < before)
        with self.database.read() as connection:
            return [self._judged(connection, row) for row in connection.execute(query.limit(count)).all()]

    def of_block(self, number: int) -> Checkpoint | None:
        """The checkpoint with a block of the plasma chain that isn't void, None if there is none yet."""
        inside = (CHECKPOINTS.chain == self.chain, CHECKPOINTS.start <= number, CHECKPOINTS.end >= number)
        query = newest(placed(tables.checkpoints).where(*inside), tables.checkpoints).limit(1)
        with self.database.read() as connection:
            row = connection.execute(query).first()
            found = None if row is None else self._judged(connection, row)
        return None if found is None or found.finality is Finality.VOID else found

    def pending(self) -> int:
        """How many can still be challenged."""
        judged = exists().where(*_concerns(CHECKPOINTS))
        query = select(func.count()).select_from(tables.checkpoints).where(CHECKPOINTS.chain == self.chain, ~judged)
        with self.database.read() as connection:
            return connection.scalar(query) or 0

    def faults(self, count: int) -> list[Row[Any]]:
        """The newest freezes and proven faults."""
        query = newest(placed(tables.faults).where(tables.faults.c.chain == self.chain), tables.faults)
        with self.database.read() as connection:
            return list(connection.execute(query.limit(count)))

    def exits(self, count: int, key: str | None = None) -> list[Row[Any]]:
        """What was begun and paid of exits, of one or of all, the newest first."""
        query = newest(placed(tables.exits).where(tables.exits.c.chain == self.chain), tables.exits)
        if key is not None:
            query = query.where(tables.exits.c.exit == key)
        with self.database.read() as connection:
            return list(connection.execute(query.limit(count)))

    def _judged(self, connection: Connection, row: Row[Any]) -> Checkpoint:
        """What was final is void after all if a fault of it was proven in time."""
        query = placed(tables.verdicts).where(*_concerns(row)).order_by(VERDICTS.block, VERDICTS.log).limit(1)
        void = connection.execute(query.where(VERDICTS.verdict != "finalised")).first()
        if void is not None:
            return Checkpoint(row, Finality.VOID, void)
        final = connection.execute(query).first()
        return Checkpoint(row, Finality.FINAL if final else Finality.PENDING, final)


def _concerns(checkpoint: Any) -> tuple[ColumnElement[bool], ...]:
    """Which verdicts are on a checkpoint: later ones that name it by its place in the chain of checkpoints."""
    later = tuple_(VERDICTS.block, VERDICTS.log) > tuple_(checkpoint.block, checkpoint.log)
    named = or_(
        (VERDICTS.verdict == "finalised") & (VERDICTS.epoch >= checkpoint.epoch),
        (VERDICTS.verdict == "voided") & (VERDICTS.epoch <= checkpoint.epoch),
        (VERDICTS.verdict == "halted") & (VERDICTS.epoch < checkpoint.epoch),
    )
    return VERDICTS.chain == checkpoint.chain, VERDICTS.contract == checkpoint.contract, later, named
