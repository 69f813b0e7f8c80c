"""The history database: its URL, its tables, and two processes that open it at once."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text

from offchain.environment import PROJECT
from offchain.history.database import Database, HistoryError
from offchain.history.migration import FOLDER, MigrationError
from offchain.history.tables import METADATA, meters
from offchain.indexer import tables
from tests.history import KINDS, empty, opened

OPEN = "import sys; from offchain.history.database import Database; Database(sys.argv[1]); print('open')"
METER = {
    "commitment": b"\1" * 32,
    "signing_key": b"\2" * 32,
    "microgrid": "MG1",
    "capacity": 4000,
    "interval": 900,
    "added": 0,
    "erased_before": 0,
}


def add_twice(database: Database) -> None:
    """Adds a meter, and again in the same transaction."""
    with database.write() as connection:
        connection.execute(insert(meters), [METER])
        connection.execute(insert(meters), [METER])


@pytest.mark.parametrize("kind", KINDS)
def test_migrations_make_the_tables(kind: str, tmp_path: Path) -> None:
    """U1 from an empty database, and nothing is left to do the second time."""
    with opened(kind, tmp_path) as database:
        with database.write() as connection:
            connection.execute(insert(meters), [METER])
        again = Database(database.engine.url.render_as_string(hide_password=False))
        with again.read() as connection:
            differences = compare_metadata(MigrationContext.configure(connection), METADATA)
            wanted = [("add_index", "readings_by_time")] if kind == "sqlite" else []  # an index of PostgreSQL's alone
            assert [(what, getattr(item, "name", item)) for what, item in differences] == wanted
            assert {table.name for table in tables.OF_LOGS} < set(METADATA.tables)
            assert connection.scalar(select(meters.c.capacity)) == 4000
        again.close()


def test_versions_are_one_line() -> None:
    """U1 each version names the one before."""
    script = ScriptDirectory(str(FOLDER))
    versions = [revision.revision for revision in script.walk_revisions()][::-1]
    assert versions == [f"{number:04}" for number in range(1, len(versions) + 1)]
    assert len(script.get_heads()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_processes_may_start_at_once(kind: str, tmp_path: Path) -> None:
    """U1 the tables are made once, whoever is first."""
    url = empty(kind, tmp_path)
    started = [
        subprocess.Popen([sys.executable, "-c", OPEN, url], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate(timeout=60)[0] for process in started] == ["open\n"] * 3
    assert [process.returncode for process in started] == [0] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_later_version_is_left_alone(kind: str, tmp_path: Path) -> None:
    """P9 U1 tables that this program doesn't know are not touched."""
    with opened(kind, tmp_path) as database:
        with database.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        url = database.engine.url.render_as_string(hide_password=False)
        with pytest.raises(MigrationError, match="later version"):
            Database(url)
        with database.read() as connection:
            assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


@pytest.mark.parametrize("kind", KINDS)
def test_what_fails_changes_nothing(kind: str, tmp_path: Path) -> None:
    """P9 U1 changes are made together or not at all, and the error shows no value."""
    with opened(kind, tmp_path) as database:
        with pytest.raises(HistoryError) as caught:
            add_twice(database)
        assert len(str(caught.value).splitlines()) == 1
        assert "4000" not in str(caught.value)
        with database.read() as connection:
            assert connection.scalar(select(meters.c.id)) is None


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    """U1 nobody else on the machine reads the file, or the log beside it."""
    with opened("sqlite", tmp_path) as database, database.write() as connection:
        connection.execute(insert(meters), [METER])
        files = sorted(tmp_path.glob("history.db*"))
        assert {stat.S_IMODE(path.stat().st_mode) for path in files if path.suffix != ".lock"} == {0o600}
        assert len(files) > 2


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nonsense", "is no URL"),
        ("", "is no URL"),
        ("mysql://me:secret@host/history", "write sqlite:///FILE"),
        ("sqlite://", "write sqlite:///FILE"),
        ("sqlite:///:memory:", "write sqlite:///FILE"),
        ("sqlite:////tmp/history%00.db", "write sqlite:///FILE"),
        ("postgresql://host", "write sqlite:///FILE"),
        ("postgresql://me:secret@127.0.0.1:1/history", "can't be used"),
        ("sqlite:////proc/none/history.db", "can't be used"),
    ],
)
def test_wrong_urls(url: str, why: str) -> None:
    """P9 one line, without the password."""
    with pytest.raises(HistoryError, match=why) as caught:
        Database(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    """P9 what is no database stays as it is."""
    path = tmp_path / "history.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(HistoryError, match="can't be used"):
        Database(f"sqlite:///{path}")
    assert path.read_bytes() == b"no database" * 1000
