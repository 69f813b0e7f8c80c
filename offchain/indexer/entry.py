"""A log on its way into a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from offchain.contract_events import Event


@dataclass(frozen=True)
class Entry:
    """A log of a chain, its block's time, and what the tables hold of all before it."""

    connection: Connection
    chain: int
    time: int
    event: Event

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The event's."""
        return self.event.arguments

    @property
    def place(self) -> dict[str, Any]:
        """The columns that every row has."""
        event = self.event
        return {
            "chain": self.chain,
            "block": event.block,
            "log": event.log,
            "time": self.time,
            "transaction_hash": event.transaction,
            "contract": event.contract,
        }

    def last(self, table: Table, **matching: Any) -> Row[Any] | None:
        """The newest row of a table that has these values, None if there is none."""
        wanted = (table.c[name] == value for name, value in {"chain": self.chain, **matching}.items())
        newest = select(table).where(*wanted).order_by(table.c.block.desc(), table.c.log.desc())
        return self.connection.execute(newest.limit(1)).first()

    def last_here(self, table: Table) -> Row[Any] | None:
        """The newest row of the contract."""
        return self.last(table, contract=self.event.contract)


Columns = dict[str, Any]
Taking = Callable[[Entry], Columns | None]
"""What a log adds to the columns that every row has; None: no row."""
Takings = Mapping[str, tuple[Table, Taking]]
"""By the event's name: the table, and what goes into it."""
