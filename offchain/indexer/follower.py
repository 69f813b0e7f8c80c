"""Follows one chain's events into the tables.

A step takes the next blocks, each the child of the one before, and writes what they say in one transaction with how far
it got: killed at any moment, it goes on where it was. Where the chain no longer has the last block that was taken, rows
of blocks that are gone are removed in the same transaction that writes the first of those that took their place.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.history.database import Database
from offchain.indexer import tables
from offchain.indexer.contracts import TAKINGS, Contracts, Taken
from offchain.indexer.entry import Entry
from offchain.indexer.reading import BlockReader, Header
from offchain.node import Node
from offchain.plasma.records import to_hex

BLOCKS_AT_ONCE = 500
BARE_BLOCKS_KEPT = 1_024
"""As many of the latest blocks are kept although no row comes from them, to find where a fork began."""
NOTHING = "0x" + 64 * "0"


class FollowingError(UserError):
    """Says in one line why a step was not taken; the next one may be."""


class Reached(NamedTuple):
    """A block that the next ones follow. What the tables hold of blocks after `kept` is of no use."""

    first: int
    number: int
    hash: str
    kept: int


class Follower:
    """Follows the chain of a node, as its manifest names the contracts. One at a time may write of a chain."""

    def __init__(self, database: Database, node: Node, manifest: Manifest) -> None:
        self.chain = manifest.chain_id
        self._database, self._node, self._manifests = database, node, manifest.path.parent
        self._reader = BlockReader(node)
        self._contracts: Contracts | None = None

    def catch_up(self) -> None:
        """Takes steps until there are no new blocks; as `step`."""
        while self.step():
            pass

    def step(self) -> int:
        """Takes the next blocks and says how many; 0: there are none. Raises NodeError, FollowingError, HistoryError
        or DeploymentError; then nothing was changed."""
        contracts, self._contracts = self._contracts, None
        manifest = Manifest.open(self.chain, self._manifests)
        if contracts is None or not contracts.same_as(manifest):
            contracts = Contracts(self._node.web3, manifest)
        before, follows = self._reached(contracts)
        height = self._node.height()
        begin = (self._standing(before, height) if before and follows else None) or self._beginning(contracts)
        headers = self._linked(begin, min(begin.number + BLOCKS_AT_ONCE, height))
        if headers:
            if begin != before or not contracts.remembers:
                with self._database.read() as connection:
                    contracts.remember(connection, begin.kept)
            taken = [(header, self._events(contracts, header)) for header in headers]
            if self._node.block_hash(headers[-1].number) != headers[-1].hash:
                raise FollowingError(f"chain {self.chain} was reorganised while it was read")
            with self._database.write() as connection:
                self._write(connection, contracts.fingerprint, before, begin, taken)
        self._contracts = contracts
        return len(headers)

    def _reached(self, contracts: Contracts) -> tuple[Reached | None, bool]:
        """How far the tables are, None if nothing was followed yet; and whether these contracts were followed."""
        with self._database.read() as connection:
            row = connection.execute(select(tables.chains).where(tables.chains.c.chain == self.chain)).first()
        if row is None:
            return None, False
        return Reached(row.first, row.number, row.hash, row.number), row.contracts == to_hex(contracts.fingerprint)

    def _standing(self, before: Reached, height: int) -> Reached | None:
        """The newest block that the node has too, of those that were taken and are kept; None if it has none. A node
        that only has fewer blocks has none that contradict."""
        if height >= before.number and self._node.block_hash(before.number) == before.hash:
            return before
        kept = tables.blocks.c
        with self._database.read() as connection:
            wanted = select(kept.number, kept.hash).where(kept.chain == self.chain).order_by(kept.number)
            rows = connection.execute(wanted).all()
        known = rows[: bisect_right(rows, height, key=lambda row: row.number)]
        standing = bisect_left(known, True, key=lambda row: self._node.block_hash(row.number) != row.hash)
        if known and standing == len(known):
            return before
        found = known[standing - 1] if standing else None
        return None if found is None else Reached(before.first, found.number, found.hash, found.number)

    def _beginning(self, contracts: Contracts) -> Reached:
        """The block before the first contract's."""
        first = min(map(self._node.first_block_with_code, contracts.named))
        header = self._reader.header(first - 1) if first else None
        return Reached(first, first - 1, header.hash if header else NOTHING, -1)

    def _linked(self, begin: Reached, last: int) -> list[Header]:
        """The next headers, each the child of the one before. Raises FollowingError if the node's aren't."""
        headers = self._reader.headers(begin.number + 1, last)
        parents = [begin.hash, *(header.hash for header in headers)]
        for place, header in enumerate(headers):
            if (header.number, header.parent) != (begin.number + 1 + place, parents[place]):
                raise FollowingError(f"chain {self.chain} was reorganised while it was read, at block {header.number}")
        return headers

    def _events(self, contracts: Contracts, header: Header) -> list[Taken]:
        if not contracts.may_have_logged(header):
            return []
        logs = self._reader.logs(header.hash)
        if any(log["blockHash"] != header.hash for log in logs):
            raise FollowingError(f"the node of chain {self.chain} gave logs of another block than {header.number}")
        return list(contracts.taken(logs))

    def _write(
        self,
        connection: Connection,
        fingerprint: bytes,
        before: Reached | None,
        begin: Reached,
        taken: Sequence[tuple[Header, list[Taken]]],
    ) -> None:
        """Raises FollowingError if another process wrote since `before` was read."""
        last = taken[-1][0]
        self._move(connection, before, Reached(begin.first, last.number, last.hash, last.number), fingerprint)
        if begin != before:
            for table, number in ((tables.blocks, "number"), *((table, "block") for table in tables.OF_LOGS)):
                gone = (table.c.chain == self.chain, table.c[number] > begin.kept)
                connection.execute(table.delete().where(*gone))
        blocks = []
        for header, events in taken:
            rows = [self._row(connection, header, one) for one in events]
            place = {"chain": self.chain, "number": header.number, "hash": header.hash, "time": header.time}
            blocks.append({**place, "bare": not any(rows)})
        connection.execute(tables.blocks.insert(), blocks)
        old = (tables.blocks.c.chain == self.chain, tables.blocks.c.number <= last.number - BARE_BLOCKS_KEPT)
        connection.execute(tables.blocks.delete().where(*old, tables.blocks.c.bare))

    def _move(self, connection: Connection, before: Reached | None, to: Reached, fingerprint: bytes) -> None:
        chains, values = tables.chains, {**to._asdict(), "contracts": fingerprint}
        del values["kept"]
        if before is None:
            connection.execute(chains.insert().values(chain=self.chain, **values))
            return
        where = (chains.c.chain == self.chain, chains.c.number == before.number, chains.c.hash == before.hash)
        if connection.execute(chains.update().where(*where).values(**values)).rowcount != 1:
            raise FollowingError(f"another process follows chain {self.chain} into this database")

    def _row(self, connection: Connection, header: Header, taken: Taken) -> bool:
        """Whether the event made a row."""
        table, take = TAKINGS[taken.kind][taken.event.name]
        entry = Entry(connection, self.chain, header.time, taken.event)
        columns = take(entry)
        if columns is not None:
            connection.execute(table.insert().values(**entry.place, **columns))
        return columns is not None
