"""Exchanges and microgrids as the chain's events leave them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table

from offchain.history.database import Database
from offchain.indexer import tables
from offchain.indexer.place import newest, placed


@dataclass(frozen=True)
class Microgrid:
    """The newest row of each kind: its rules, its token's supply, its meters, what was published. None: none yet."""

    rules: Row[Any]
    supply: Row[Any] | None
    meters: Row[Any] | None
    published: Row[Any] | None


@dataclass(frozen=True)
class GridState:
    """A chain's exchanges and microgrids. Every method raises HistoryError."""

    database: Database
    chain: int

    def exchanges(self, count: int, after: tuple[int, int] = (-1, -1)) -> list[Row[Any]]:
        """So many exchanges in the order in which they were made, after one that is named by its block and log."""
        made, (block, log) = tables.exchanges.c, after
        later = (made.block > block) | ((made.block == block) & (made.log > log))
        query = placed(tables.exchanges).where(made.chain == self.chain, later)
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(made.block, made.log).limit(count)))

    def exchange(self, address: str) -> Row[Any] | None:
        """The exchange at an address, None if no followed factory made one there."""
        with self.database.read() as connection:
            return self._newest(connection, tables.exchanges, exchange=address)

    def exchange_of(self, token: str) -> Row[Any] | None:
        """A token's exchange, None if it has none."""
        with self.database.read() as connection:
            return self._newest(connection, tables.exchanges, token=token)

    def microgrids(self) -> list[Microgrid]:
        """All microgrids, by their numbers."""
        listed = tables.microgrids.c
        with self.database.read() as connection:
            query = newest(placed(tables.microgrids).where(listed.chain == self.chain), tables.microgrids)
            rules: dict[tuple[str, int], Row[Any]] = {}
            for row in connection.execute(query):
                rules.setdefault((row.contract, row.microgrid), row)
            return [self._microgrid(connection, rules[key]) for key in sorted(rules)]

    def _microgrid(self, connection: Connection, rules: Row[Any]) -> Microgrid:
        own = {"contract": rules.contract, "microgrid": rules.microgrid}
        return Microgrid(
            rules,
            self._newest(connection, tables.supply, contract=rules.token),
            self._newest(connection, tables.meters, **own),
            self._newest(connection, tables.published, **own),
        )

    def _newest(self, connection: Connection, table: Table, **matching: Any) -> Row[Any] | None:
        wanted = (table.c[name] == value for name, value in {"chain": self.chain, **matching}.items())
        return connection.execute(newest(placed(table).where(*wanted), table).limit(1)).first()
