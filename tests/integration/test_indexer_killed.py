"""The indexer killed at any statement, in both kinds of databases, also in the midst of a fork; two of them at once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from offchain.chains import connect
from offchain.environment import PROJECT
from offchain.history.database import Database
from offchain.indexer.follower import Follower, FollowingError, Reached
from offchain.indexer.indexer import Indexer, IndexerError, only_writer
from offchain.indexer.reading import Header
from offchain.node import Node
from offchain.units import ETHER
from tests.history import KINDS, empty, opened
from tests.integration.grid import Grid, contents, grid, rows


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grid]:
    with grid(tmp_path_factory.mktemp("grid")) as found:
        found.register("MG1", 2)
        found.publish("MG1", 100, 200)
        for eth in (1, 2):
            found.buy("MG1", eth * ETHER)
        yield found


def killed(town: Grid, every: int, urls: Sequence[str]) -> dict[str, int]:
    rpc = town.web3.provider.endpoint_uri  # type: ignore[attr-defined]
    words = ["-m", "tests.integration.killed_follower", rpc, str(town.manifest.path.parent), str(every), *urls]
    done = subprocess.run([sys.executable, *words], cwd=PROJECT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3_000:]
    told: dict[str, int] = json.loads(done.stdout)
    return told


def copies(database: Path, count: int) -> list[str]:
    """URLs of so many copies of a database in a file."""
    for number in range(count):
        shutil.copy(database, database.with_name(f"{number}.db"))
    return [f"sqlite:///{database.with_name(f'{number}.db')}" for number in range(count)]


def test_killed_at_any_statement(town: Grid, tmp_path: Path) -> None:
    """P6 Q2 whatever was written when it was killed, it goes on to the tables of one that never was."""
    with opened("sqlite", tmp_path):
        pass
    told = killed(town, 3, copies(tmp_path / "history.db", 40))
    assert told["kills"] > 15
    assert told["swaps"] == 2


def test_killed_while_a_server_keeps_the_tables(town: Grid, tmp_path: Path) -> None:
    """P6 Q2 the same in PostgreSQL, at every 15th statement."""
    told = killed(town, 15, [empty("postgresql", tmp_path) for _ in range(8)])
    assert told["kills"] > 2


def test_killed_in_the_midst_of_a_fork(town: Grid, tmp_path: Path) -> None:
    """P6 Q2 the old fork or the new one, never some of both."""
    with opened("sqlite", tmp_path) as database:
        snapshot = town.call("evm_snapshot")
        town.buy("MG2", ETHER)
        town.follower(database).catch_up()
        before = len(rows(database, "swaps"))
    assert town.call("evm_revert", snapshot)
    town.wait(9)
    town.buy("MG1", ETHER // 2)
    town.mine(3)
    told = killed(town, 1, copies(tmp_path / "history.db", 80))
    assert told["kills"] > 15
    assert told["swaps"] == before == 3


@pytest.mark.parametrize("kind", KINDS)
def test_one_writes(kind: str, town: Grid, tmp_path: Path) -> None:
    """Q2 a second indexer is told in one line; even one that doesn't ask can't double what the first wrote."""
    with opened(kind, tmp_path) as database:
        again = Database(database.engine.url.render_as_string(hide_password=False))
        with (
            only_writer(database),
            pytest.raises(IndexerError, match="one is enough"),
            only_writer(again),
        ):
            pass
        with only_writer(again):
            _race(town, database, again)
        again.close()


def _race(town: Grid, database: Database, again: Database) -> None:
    first, second = town.follower(database), town.follower(again)
    first.catch_up()
    town.buy("MG1", ETHER // 7)
    read = second._linked

    def overtaken(begin: Reached, last: int) -> list[Header]:
        headers = read(begin, last)
        first.catch_up()
        return headers

    second._linked = overtaken  # type: ignore[method-assign]
    with pytest.raises(FollowingError, match="another process"):
        second.step()
    second._linked = read  # type: ignore[method-assign]
    before = contents(database)
    second.catch_up()
    assert contents(again) == before
    places = [(row.block, row.log) for row in rows(database, "swaps")]
    assert len(set(places)) == len(places)


def test_a_chain_that_doesn_t_answer_holds_up_no_other(town: Grid, tmp_path: Path) -> None:
    """P9 Q2 what hinders is told once all others had their turn."""
    with opened("sqlite", tmp_path) as database:
        dead = Follower(database, Node(connect("http://127.0.0.1:1")), town.manifest)
        with pytest.raises(IndexerError, match="is it running"):
            Indexer([dead, town.follower(database)]).step()
        assert rows(database, "swaps")
