"""The tables of what the chains' events say.

Every row but those of chains and blocks is what one log says. Its key is the log's place; that it names block,
transaction and contract lets anybody check it on the chain. Times are the blocks', in Unix seconds; amounts are wei and
base units of tokens. A total is the sum up to and with its row, so that a later one less an earlier one is what lies
between. The newest migrations make exactly these tables; a test compares them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table
from sqlalchemy import PrimaryKeyConstraint as PrimaryKey

from offchain.history.tables import METADATA
from offchain.indexer.columns import Address, Hash, Whole


def _needed(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, autoincrement=False)


def _of_logs(name: str, *columns: Column[Any], by: str = "contract") -> Table:
    """A table with a row a log, that is asked for one contract's (or one `by`'s) rows in their order."""
    return Table(
        name,
        METADATA,
        _needed("chain", BigInteger),
        _needed("block", BigInteger),
        _needed("log", Integer),
        _needed("time", BigInteger),
        _needed("transaction_hash", Hash),
        _needed("contract", Address),
        *columns,
        PrimaryKey("chain", "block", "log", name=f"{name}_key"),
        Index(f"{name}_by_{by}", "chain", by, "block", "log"),
        sqlite_with_rowid=False,
    )


chains = Table(
    "followed_chains",
    METADATA,
    Column("chain", BigInteger, primary_key=True, autoincrement=False),
    _needed("first", BigInteger),
    _needed("number", BigInteger),
    _needed("hash", Hash),
    _needed("contracts", Hash),
)
"""How far each chain is followed: from block `first` to block `number`. `contracts` is the hash of what is followed."""

blocks = Table(
    "followed_blocks",
    METADATA,
    _needed("chain", BigInteger),
    _needed("number", BigInteger),
    _needed("hash", Hash),
    _needed("time", BigInteger),
    _needed("bare", Boolean),
    PrimaryKey("chain", "number", name="followed_blocks_key"),
    sqlite_with_rowid=False,
)
"""The blocks that rows come from, and the latest of those that none comes from, which are `bare`."""

exchanges = _of_logs("exchanges", _needed("exchange", Address), _needed("token", Address), by="token")
"""Exchanges that a factory made."""

swaps = _of_logs(
    "swaps",
    _needed("side", String(4)),
    _needed("eth", Whole),
    _needed("tokens", Whole),
    _needed("price", Whole),
    _needed("eth_total", Whole),
    _needed("tokens_total", Whole),
    _needed("price_seconds", Whole),
)
"""Trades at an exchange: `buy` gave ETH for tokens, `sell` tokens for ETH. The price is wei for 10^18 base units,
rounded down; `price_seconds` is the total of prices times the seconds for which each was the last one, until this
trade."""

BY_TIME = ("chain", "contract", "time", "block", "log", "price")
"""Candles of years are read from this index alone."""
swaps_by_time = Index("swaps_by_time", *(swaps.c[name] for name in BY_TIME))

liquidity = _of_logs("liquidity_changes", _needed("side", String(6)), _needed("eth", Whole), _needed("tokens", Whole))
"""What providers add to an exchange (`add`) and take out (`remove`)."""

microgrids = _of_logs(
    "microgrids",
    _needed("microgrid", BigInteger),
    _needed("token", Address),
    _needed("epoch_length", Integer),
    by="microgrid",
)
"""A microgrid's rules, as they were set or changed."""

supply = _of_logs(
    "supply_changes",
    _needed("side", String(4)),
    _needed("amount", Whole),
    _needed("minted_total", Whole),
    _needed("burned_total", Whole),
)
"""Energy tokens that are minted (`mint`) and burned (`burn`)."""

meters = _of_logs(
    "meter_changes",
    _needed("microgrid", BigInteger),
    _needed("side", String(6)),
    _needed("meters_total", BigInteger),
    _needed("capacity_total", Whole),
    by="microgrid",
)
"""How many meters a microgrid has, and their capacity in Wh an epoch; not which."""

published = _of_logs(
    "published_readings",
    _needed("microgrid", BigInteger),
    _needed("epoch", BigInteger),
    _needed("root", Hash),
    _needed("data_hash", Hash),
    _needed("exported", Whole),
    _needed("imported", Whole),
    _needed("exported_total", Whole),
    _needed("imported_total", Whole),
    by="microgrid",
)
"""Roots of the readings of an epoch and their sums in Wh; a later row of the same epoch corrects an earlier one, and
the totals count the corrected sums."""

checkpoints = _of_logs(
    "checkpoints",
    _needed("epoch", BigInteger),
    _needed("hash", Hash),
    _needed("start", BigInteger),
    _needed("end", BigInteger),
    _needed("blocks_root", Hash),
    _needed("exit_root", Hash),
    _needed("state_root", Hash),
    _needed("exits", BigInteger),
    _needed("signers", Integer),
    by="epoch",
)
"""Checkpoints of the plasma chain that the root chain accepted; `exits` is how many there were up to it."""

verdicts = _of_logs("checkpoint_verdicts", _needed("verdict", String(9)), _needed("epoch", BigInteger))
"""What became of them: `finalised` is that epoch and all before, `voided` that one and all after,
`halted` all after."""

faults = _of_logs(
    "plasma_faults",
    _needed("happened", String(24)),
    Column("fault", String(200)),
    Column("until", BigInteger),
)
"""Freezes of the plasma chain (`until` a time), and faults and double signatures that were proven."""

exits = _of_logs(
    "exit_changes",
    _needed("side", String(8)),
    _needed("exit", Hash),
    _needed("asset", Address),
    _needed("amount", Whole),
    by="exit",
)
"""Exits that were begun (`started`) and paid (`released`)."""

headers = _of_logs(
    "model_headers",
    _needed("number", BigInteger),
    _needed("hash", Hash),
    _needed("previous", Hash),
    _needed("round", BigInteger),
    _needed("weights_root", Hash),
    _needed("weight_hash", Hash),
    _needed("testset_hash", Hash),
    _needed("participant_hash", Hash),
    _needed("born", BigInteger),
    _needed("loss_before", BigInteger),
    _needed("loss_after", BigInteger),
    _needed("accepted", Boolean),
    by="number",
)
"""Headers of the model chain. Losses are in units of 2^-20; `born` is the header's own time."""

inference = _of_logs(
    "inference_changes",
    _needed("request", BigInteger),
    _needed("happened", String(16)),
    Column("model", BigInteger),
    Column("kind", Integer),
    Column("asset", Address),
    Column("payment", Whole),
    Column("answer_hash", Hash),
    by="request",
)
"""What became of paid requests for forecasts: `happened` is the market's event. Who asks isn't kept."""

demands = _of_logs(
    "demand_changes",
    _needed("happened", String(16)),
    _needed("kind", Integer),
    _needed("subject", Whole),
    _needed("chunk", Whole),
    _needed("place", Whole),
    by="subject",
)
"""What somebody demands to see of a model's training, and how it ended: `happened` is the event."""

OF_LOGS = (
    exchanges,
    swaps,
    liquidity,
    microgrids,
    supply,
    meters,
    published,
    checkpoints,
    verdicts,
    faults,
    exits,
    headers,
    inference,
    demands,
)
"""The tables with a row a log."""
