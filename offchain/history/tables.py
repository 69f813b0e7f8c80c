"""The tables of readings. Times are Unix seconds, energy is Wh.

The newest migration makes exactly these tables; a test compares them.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table
from sqlalchemy import PrimaryKeyConstraint as PrimaryKey

METADATA = MetaData()

meters = Table(
    "meters",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("commitment", LargeBinary(32), nullable=False, unique=True),
    Column("signing_key", LargeBinary(32), nullable=False),
    Column("microgrid", String(32), nullable=False),
    Column("capacity", BigInteger, nullable=False),
    Column("interval", Integer, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("erased_before", BigInteger, nullable=False),
)
"""Who may send readings; capacity in Wh an interval, the interval in seconds. Nothing that starts before
`erased_before` is taken again."""

readings = Table(
    "readings",
    METADATA,
    Column("meter", Integer, ForeignKey("meters.id"), nullable=False, autoincrement=False),
    Column("start", BigInteger, nullable=False),
    Column("imported", BigInteger, nullable=False),
    Column("exported", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    # A home's month is one run of the key: the table itself in SQLite, the index alone in PostgreSQL.
    PrimaryKey("meter", "start", name="readings_key", postgresql_include=["imported", "exported"]),
    sqlite_with_rowid=False,
)
"""The reading that holds of each meter and interval."""

readings_by_time = Index("readings_by_time", readings.c.start, postgresql_using="brin").ddl_if(dialect="postgresql")
"""Rows come in the order of time, so a few kB suffice to find a day among years."""

earlier_readings = Table(
    "earlier_readings",
    METADATA,
    Column("meter", Integer, ForeignKey("meters.id"), nullable=False, autoincrement=False),
    Column("start", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("imported", BigInteger, nullable=False),
    Column("exported", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("replaced", BigInteger, nullable=False),
    PrimaryKey("meter", "start", "sequence", name="earlier_readings_key"),
    sqlite_with_rowid=False,
)
"""Readings that corrections replaced, and when."""

microgrid_energy = Table(
    "microgrid_energy",
    METADATA,
    Column("microgrid", String(32), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("imported", BigInteger, nullable=False),
    Column("exported", BigInteger, nullable=False),
    Column("meters", Integer, nullable=False),
    PrimaryKey("microgrid", "start", name="microgrid_energy_key"),
    sqlite_with_rowid=False,
)
"""The sum over a microgrid's readings of each interval, and of how many meters; it moves with every reading."""

api_keys = Table(
    "api_keys",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("digest", LargeBinary(32), nullable=False),
    Column("name", String(64), nullable=False),
    Column("scopes", String(200), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("revoked", BigInteger),
)
"""Keys of the API: the SHA-256 of each, never the key."""

api_key_meters = Table(
    "api_key_meters",
    METADATA,
    Column("key", String(16), ForeignKey("api_keys.id"), nullable=False),
    Column("meter", Integer, ForeignKey("meters.id"), nullable=False, autoincrement=False),
    PrimaryKey("key", "meter", name="api_key_meters_key"),
    sqlite_with_rowid=False,
)
"""Which meters are a key's own."""
