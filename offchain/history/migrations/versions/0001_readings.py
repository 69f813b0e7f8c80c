"""Meters, their readings, and the API's keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "meters",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("commitment", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("signing_key", sa.LargeBinary(32), nullable=False),
        sa.Column("microgrid", sa.String(32), nullable=False),
        sa.Column("capacity", sa.BigInteger, nullable=False),
        sa.Column("interval", sa.Integer, nullable=False),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("erased_before", sa.BigInteger, nullable=False),
    )
    _create_readings()
    op.create_table(
        "microgrid_energy",
        sa.Column("microgrid", sa.String(32), nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("imported", sa.BigInteger, nullable=False),
        sa.Column("exported", sa.BigInteger, nullable=False),
        sa.Column("meters", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("microgrid", "start", name="microgrid_energy_key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("scopes", sa.String(200), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.BigInteger),
    )
    op.create_table(
        "api_key_meters",
        sa.Column("key", sa.String(16), sa.ForeignKey("api_keys.id"), nullable=False),
        sa.Column("meter", sa.Integer, sa.ForeignKey("meters.id"), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("key", "meter", name="api_key_meters_key"),
        sqlite_with_rowid=False,
    )


def _create_readings() -> None:
    op.create_table(
        "readings",
        sa.Column("meter", sa.Integer, sa.ForeignKey("meters.id"), nullable=False, autoincrement=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("imported", sa.BigInteger, nullable=False),
        sa.Column("exported", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("meter", "start", name="readings_key", postgresql_include=["imported", "exported"]),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("readings_by_time", "readings", ["start"], postgresql_using="brin")
    op.create_table(
        "earlier_readings",
        sa.Column("meter", sa.Integer, sa.ForeignKey("meters.id"), nullable=False, autoincrement=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("imported", sa.BigInteger, nullable=False),
        sa.Column("exported", sa.BigInteger, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("replaced", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("meter", "start", "sequence", name="earlier_readings_key"),
        sqlite_with_rowid=False,
    )
