"""What the chains' events say."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"

WHOLE = sa.String(99)
HASH = sa.LargeBinary(32)
ADDRESS = sa.LargeBinary(20)


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "followed_chains",
        sa.Column("chain", sa.BigInteger, primary_key=True, autoincrement=False),
        _needed("first", sa.BigInteger),
        _needed("number", sa.BigInteger),
        _needed("hash", HASH),
        _needed("contracts", HASH),
    )
    op.create_table(
        "followed_blocks",
        _needed("chain", sa.BigInteger),
        _needed("number", sa.BigInteger),
        _needed("hash", HASH),
        _needed("time", sa.BigInteger),
        _needed("bare", sa.Boolean),
        sa.PrimaryKeyConstraint("chain", "number", name="followed_blocks_key"),
        sqlite_with_rowid=False,
    )
    _market()
    _microgrids()
    _plasma()
    _models()


def _needed(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, autoincrement=False)


def _of_logs(name: str, *columns: sa.Column[Any], by: str = "contract") -> None:
    op.create_table(
        name,
        _needed("chain", sa.BigInteger),
        _needed("block", sa.BigInteger),
        _needed("log", sa.Integer),
        _needed("time", sa.BigInteger),
        _needed("transaction_hash", HASH),
        _needed("contract", ADDRESS),
        *columns,
        sa.PrimaryKeyConstraint("chain", "block", "log", name=f"{name}_key"),
        sqlite_with_rowid=False,
    )
    op.create_index(f"{name}_by_{by}", name, ["chain", by, "block", "log"])


def _market() -> None:
    _of_logs("exchanges", _needed("exchange", ADDRESS), _needed("token", ADDRESS), by="token")
    _of_logs(
        "swaps",
        _needed("side", sa.String(4)),
        _needed("eth", WHOLE),
        _needed("tokens", WHOLE),
        _needed("price", WHOLE),
        _needed("eth_total", WHOLE),
        _needed("tokens_total", WHOLE),
        _needed("price_seconds", WHOLE),
    )
    op.create_index("swaps_by_time", "swaps", ["chain", "contract", "time", "block", "log", "price"])
    _of_logs("liquidity_changes", _needed("side", sa.String(6)), _needed("eth", WHOLE), _needed("tokens", WHOLE))


def _microgrids() -> None:
    _of_logs(
        "microgrids",
        _needed("microgrid", sa.BigInteger),
        _needed("token", ADDRESS),
        _needed("epoch_length", sa.Integer),
        by="microgrid",
    )
    _of_logs(
        "supply_changes",
        _needed("side", sa.String(4)),
        _needed("amount", WHOLE),
        _needed("minted_total", WHOLE),
        _needed("burned_total", WHOLE),
    )
    _of_logs(
        "meter_changes",
        _needed("microgrid", sa.BigInteger),
        _needed("side", sa.String(6)),
        _needed("meters_total", sa.BigInteger),
        _needed("capacity_total", WHOLE),
        by="microgrid",
    )
    _of_logs(
        "published_readings",
        _needed("microgrid", sa.BigInteger),
        _needed("epoch", sa.BigInteger),
        _needed("root", HASH),
        _needed("data_hash", HASH),
        _needed("exported", WHOLE),
        _needed("imported", WHOLE),
        _needed("exported_total", WHOLE),
        _needed("imported_total", WHOLE),
        by="microgrid",
    )


def _plasma() -> None:
    _of_logs(
        "checkpoints",
        _needed("epoch", sa.BigInteger),
        _needed("hash", HASH),
        _needed("start", sa.BigInteger),
        _needed("end", sa.BigInteger),
        _needed("blocks_root", HASH),
        _needed("exit_root", HASH),
        _needed("state_root", HASH),
        _needed("exits", sa.BigInteger),
        _needed("signers", sa.Integer),
        by="epoch",
    )
    _of_logs("checkpoint_verdicts", _needed("verdict", sa.String(9)), _needed("epoch", sa.BigInteger))
    _of_logs(
        "plasma_faults",
        _needed("happened", sa.String(24)),
        sa.Column("fault", sa.String(200)),
        sa.Column("until", sa.BigInteger),
    )
    _of_logs(
        "exit_changes",
        _needed("side", sa.String(8)),
        _needed("exit", HASH),
        _needed("asset", ADDRESS),
        _needed("amount", WHOLE),
        by="exit",
    )


def _models() -> None:
    _of_logs(
        "model_headers",
        _needed("number", sa.BigInteger),
        _needed("hash", HASH),
        _needed("previous", HASH),
        _needed("round", sa.BigInteger),
        _needed("weights_root", HASH),
        _needed("weight_hash", HASH),
        _needed("testset_hash", HASH),
        _needed("participant_hash", HASH),
        _needed("born", sa.BigInteger),
        _needed("loss_before", sa.BigInteger),
        _needed("loss_after", sa.BigInteger),
        _needed("accepted", sa.Boolean),
        by="number",
    )
    _of_logs(
        "inference_changes",
        _needed("request", sa.BigInteger),
        _needed("happened", sa.String(16)),
        sa.Column("model", sa.BigInteger),
        sa.Column("kind", sa.Integer),
        sa.Column("asset", ADDRESS),
        sa.Column("payment", WHOLE),
        sa.Column("answer_hash", HASH),
        by="request",
    )
    _of_logs(
        "demand_changes",
        _needed("happened", sa.String(16)),
        _needed("kind", sa.Integer),
        _needed("subject", WHOLE),
        _needed("chunk", WHOLE),
        _needed("place", WHOLE),
        by="subject",
    )
