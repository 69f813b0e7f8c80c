"""Headers of the model chain, paid requests for forecasts, and what somebody still waits to see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, exists, func, select, tuple_

from offchain.history.database import Database
from offchain.indexer import tables
from offchain.indexer.place import newest, placed

HEADERS, INFERENCE, DEMANDS = tables.headers.c, tables.inference.c, tables.demands.c


@dataclass(frozen=True)
class ModelHistory:
    """What a chain's events tell of models. Every method raises HistoryError."""

    database: Database
    chain: int

    def headers(self, count: int, before: int | None = None) -> list[Row[Any]]:
        """The newest headers, or those before a number."""
        query = placed(tables.headers).where(HEADERS.chain == self.chain)
        if before is not None:
            query = query.where(HEADERS.number < before)
        with self.database.read() as connection:
            return list(connection.execute(newest(query, tables.headers).limit(count)))

    def header(self, number: int) -> Row[Any] | None:
        """The header of a number, None if there is none."""
        query = placed(tables.headers).where(HEADERS.chain == self.chain, HEADERS.number == number)
        with self.database.read() as connection:
            return connection.execute(newest(query, tables.headers).limit(1)).first()

    def requests(self, count: int, before: int | None = None) -> list[Row[Any]]:
        """What happened last to each of the newest requests, or of those before a number."""
        later = tables.inference.alias("later")
        newer = and_(
            later.c.chain == INFERENCE.chain,
            later.c.contract == INFERENCE.contract,
            later.c.request == INFERENCE.request,
            tuple_(later.c.block, later.c.log) > tuple_(INFERENCE.block, INFERENCE.log),
        )
        query = placed(tables.inference).where(INFERENCE.chain == self.chain, ~exists().where(newer))
        if before is not None:
            query = query.where(INFERENCE.request < before)
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(INFERENCE.request.desc()).limit(count)))

    def request(self, number: int) -> list[Row[Any]]:
        """All that happened to a request, in order."""
        query = placed(tables.inference).where(INFERENCE.chain == self.chain, INFERENCE.request == number)
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(INFERENCE.block, INFERENCE.log)))

    def open_disputes(self) -> int:
        """How many answers are disputed and neither proven nor convicted yet."""
        return self._open(tables.inference, "Disputed", ("request",))

    def open_demands(self) -> int:
        """How many demands to see a place of a sum were neither answered nor ended in another way."""
        return self._open(tables.demands, "Demanded", ("kind", "subject", "chunk", "place"))

    def _open(self, table: Any, begun: str, key: tuple[str, ...]) -> int:
        """How many rows of that kind have none after them that names the same."""
        later = table.alias("later")
        same = [later.c[name] == table.c[name] for name in ("chain", "contract", *key)]
        after = tuple_(later.c.block, later.c.log) > tuple_(table.c.block, table.c.log)
        query = select(func.count()).select_from(table)
        query = query.where(table.c.chain == self.chain, table.c.happened == begun, ~exists().where(*same, after))
        with self.database.read() as connection:
            return connection.scalar(query) or 0
