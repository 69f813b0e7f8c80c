"""What is followed of a real chain: trades, energy, readings; forks, other deployments, nodes that are behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from offchain.history.database import Database
from offchain.indexer import follower as module
from offchain.indexer import tables
from offchain.units import ETHER
from tests.history import KINDS, opened
from tests.integration.grid import Grid, contents, grid, kwh, rows


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grid]:
    with grid(tmp_path_factory.mktemp("grid")) as found:
        yield found


@pytest.fixture
def town(whole: Grid) -> Iterator[Grid]:
    """The platform as deployed; what a test does is taken back."""
    snapshot = whole.call("evm_snapshot")
    yield whole
    assert whole.call("evm_revert", snapshot)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with opened(request.param, tmp_path) as found:
        yield found


def from_scratch(town: Grid, folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """What a new index of the chain as it is now would hold."""
    with opened("sqlite", folder) as fresh:
        town.follower(fresh).catch_up()
        return contents(fresh)


def test_a_market_and_its_energy(town: Grid, database: Database) -> None:
    """Q1 every trade, mint and burn with its place, and sums that are the contracts' own."""
    follower = town.follower(database)
    follower.catch_up()
    bought = town.buy("MG1", ETHER)
    town.wait(100)
    sold = town.sell("MG1", kwh(20))
    follower.catch_up()
    exchange = town.market.exchange("MG1")
    first, second = rows(database, "swaps")
    assert (first.side, first.eth, first.contract) == ("buy", ETHER, exchange.address)
    assert first.tokens == 45_330_544_694_007_456_579
    assert first.price == ETHER * ETHER // first.tokens
    assert (first.transaction_hash, first.block) == (bought["transactionHash"].to_0x_hex(), bought["blockNumber"])
    assert (second.side, second.tokens) == ("sell", kwh(20))
    assert second.transaction_hash == sold["transactionHash"].to_0x_hex()
    assert second.eth_total == ETHER + second.eth
    assert second.tokens_total == first.tokens + kwh(20)
    assert second.price_seconds == first.price * (second.time - first.time) > 0
    assert [row.side for row in rows(database, "liquidity_changes")] == ["add", "add"]
    token = town.market.token("MG1")
    mints = [row for row in rows(database, "supply_changes") if row.contract == token.address]
    assert mints[-1].minted_total - mints[-1].burned_total == token.functions.totalSupply().call() == kwh(500)
    assert len(rows(database, "exchanges")) == len(rows(database, "microgrids")) == 2


def test_meters_and_readings(town: Grid, database: Database) -> None:
    """Q1 counts and sums of a microgrid; a correction replaces what it corrects."""
    town.register("MG1", 3)
    first = town.publish("MG1", 5_000, 4_000)
    second = town.publish("MG1", 1_000, 2_000)
    town.correct("MG1", second, 900, 2_500)
    town.follower(database).catch_up()
    meters = rows(database, "meter_changes")
    assert [(row.meters_total, row.capacity_total) for row in meters] == [(1, 4_000), (2, 8_000), (3, 12_000)]
    published = rows(database, "published_readings")
    assert [row.epoch for row in published] == [first, second, second]
    assert (published[-1].exported_total, published[-1].imported_total) == (5_900, 6_500)
    readings = town.manifest.contract(town.web3, "registry").functions.readingsOf(1, second).call()
    assert int(published[-1].root, 16) == readings[0]


def test_a_fork_leaves_nothing_behind(town: Grid, database: Database, tmp_path: Path) -> None:
    """Q2 after each fork the tables are those of an index that never saw another: no event twice, none missing."""
    follower = town.follower(database)
    town.buy("MG1", ETHER)
    follower.catch_up()
    for depth, eth in ((1, 2), (3, 3), (6, 5)):
        snapshot = town.call("evm_snapshot")
        for _ in range(depth):
            town.buy("MG2", eth * ETHER // 10)
        follower.catch_up()
        assert town.call("evm_revert", snapshot)
        town.wait(7)
        town.buy("MG1", eth * ETHER // 100)
        town.mine(depth * 3)
        follower.catch_up()
        assert contents(database) == from_scratch(town, tmp_path / str(depth))


def test_a_fork_that_is_still_shorter(town: Grid, database: Database, tmp_path: Path) -> None:
    """Q2 it is the node's chain that counts, also while it has fewer blocks than were taken."""
    follower = town.follower(database)
    snapshot = town.call("evm_snapshot")
    for _ in range(5):
        town.buy("MG2", ETHER)
    follower.catch_up()
    assert town.call("evm_revert", snapshot)
    town.wait(5)
    town.buy("MG1", ETHER)
    follower.catch_up()
    assert contents(database) == from_scratch(town, tmp_path)


def test_a_node_that_is_behind_takes_nothing_back(town: Grid, database: Database) -> None:
    """Q2 blocks that a node only doesn't have yet are not gone."""
    snapshot = town.call("evm_snapshot")
    town.buy("MG1", ETHER)
    follower = town.follower(database)
    follower.catch_up()
    before = contents(database)
    assert town.call("evm_revert", snapshot)
    assert follower.step() == 0
    assert contents(database) == before


def test_steps_of_any_length_end_alike(town: Grid, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Q2 a block at a time, or hundreds; few bare blocks are kept, or many."""
    for account in (1, 2, 3):
        town.buy("MG1", ETHER, account)
        town.mine(10)
    follower = town.follower(database)
    monkeypatch.setattr(module, "BLOCKS_AT_ONCE", 1)
    monkeypatch.setattr(module, "BARE_BLOCKS_KEPT", 5)
    follower.catch_up()
    single = contents(database)
    bare = [row for row in single["followed_blocks"] if row[-1]]
    assert len(bare) == 5
    assert len(single["swaps"]) == 3
    monkeypatch.setattr(module, "BLOCKS_AT_ONCE", 7)
    with database.write() as connection:
        connection.execute(tables.chains.update().values(contracts=bytes(32)))
    follower.catch_up()
    assert contents(database) == single


def test_a_later_deployment_is_followed_from_its_beginning(town: Grid, database: Database, tmp_path: Path) -> None:
    """Q2 when the manifest names other contracts, the chain is followed anew."""
    follower = town.follower(database)
    named = dict(town.manifest.contracts)
    town.manifest.forget("factory")
    try:
        town.buy("MG1", ETHER)
        follower.catch_up()
        assert rows(database, "swaps") == []
    finally:
        town.manifest.contracts.update(named)
        for name, entry in named.items():
            town.manifest.record(name, entry["contract"], entry["address"])
    follower.catch_up()
    assert len(rows(database, "swaps")) == 1
    assert contents(database) == from_scratch(town, tmp_path)
