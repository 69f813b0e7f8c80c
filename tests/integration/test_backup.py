"""Drills: what services keep is copied while they work, lost, put back, and goes on where it was."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from hexbytes import HexBytes
from sqlalchemy import select

from offchain import backup
from offchain.backup import CONTENTS, BackupError
from offchain.history.database import Database
from offchain.history.intake import Intake
from offchain.history.tables import readings
from offchain.journal import Journal, Sent
from offchain.plasma.signing_record import SigningRecord
from tests import postgres, programs
from tests.metered import Device, last_interval
from tests.unit.command_line import CommandLine
from tests.unit.test_plasma_signing_record import DOMAIN, add, checkpoint

HOME = Device(1)
WINDOW = 72 * 3600


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service's folder: a journal that is open, a record of signatures, a key, and what only the process needs."""
    folder = tmp_path / "service"
    record = SigningRecord(folder / "signed.jsonl")
    add(record, checkpoint(1))
    record.close()
    Journal(folder / "sent.db").add(b"\x01" * 32, Sent(HexBytes(b"\x02" * 32), HexBytes(b"raw")))
    (folder / "keys").mkdir(mode=0o700)
    (folder / "keys" / "account.key").touch(0o600)
    (folder / "keys" / "account.key").write_text("11" * 32)
    (folder / "shown" / "below").mkdir(parents=True)
    (folder / "shown" / "below" / "public.json").write_text("{}")
    for name, mode in {"shown/below/public.json": 0o644, "shown/below": 0o755, "shown": 0o750}.items():
        (folder / name).chmod(mode)
    for name in ("lock", "history.db.lock", ".half.json.abc.draft", "history.db-wal"):
        (folder / name).write_text("")
    return folder


def add_reading(database: Database, start: int, imported: int) -> None:
    Intake(database, WINDOW).take([HOME.content(start, imported)], HOME.commitment)


def rows(database: Database) -> list[tuple[object, ...]]:
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(select(readings).order_by(readings.c.start))]


def test_a_folder(tmp_path: Path, service: Path) -> None:
    """G4 every file but those of a process alone, with its mode; what is put back is the same, and is used again."""
    made = backup.make(service, tmp_path / "copy")
    assert set(made.files) == {"signed.jsonl", "sent.db", "keys/account.key", "shown/below/public.json"}
    shutil.rmtree(service)
    backup.restore(tmp_path / "copy", service)
    found = Journal(service / "sent.db").find(b"\x01" * 32)
    assert found is not None
    assert found.raw == b"raw"
    assert (service / "keys" / "account.key").read_text() == "11" * 32
    modes = {name: (service / name).stat().st_mode & 0o777 for name in (*made.files, "keys", "shown/below", "shown")}
    assert modes == {
        "signed.jsonl": 0o600,
        "sent.db": modes["sent.db"],
        "keys/account.key": 0o600,
        "shown/below/public.json": 0o644,
        "keys": 0o700,
        "shown/below": 0o755,
        "shown": 0o750,
    }
    assert service.stat().st_mode & 0o777 == 0o700
    record = SigningRecord(service / "signed.jsonl")
    assert record.restored
    assert record.signed(DOMAIN, 1) == checkpoint(1)
    record.close()


def test_a_journal_that_is_written_meanwhile(tmp_path: Path) -> None:
    """G4 a copy holds all that was acknowledged before it was begun, and is a whole database."""
    folder = tmp_path / "service"
    acknowledged: list[int] = []
    stop = Event()

    def write() -> None:
        journal = Journal(folder / "sent.db")
        while not stop.is_set():
            number = len(acknowledged)
            journal.add(number.to_bytes(32, "big"), Sent(HexBytes(b"\x02" * 32), HexBytes(os.urandom(5_000))))
            acknowledged.append(number)
        journal.close()

    writer = Thread(target=write)
    writer.start()
    try:
        for take in range(3):
            while len(acknowledged) < 10 * (take + 1):
                stop.wait(0.005)
            before = len(acknowledged)
            backup.make(folder, tmp_path / f"copy{take}")
            with closing(sqlite3.connect(tmp_path / f"copy{take}" / "sent.db")) as copy:
                assert copy.execute("SELECT count(*) FROM sent").fetchone()[0] >= before > 0
                assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        stop.set()
        writer.join()


def test_a_history_in_sqlite(tmp_path: Path) -> None:
    """G4 taken while it is open in WAL mode; what came after the copy is taken again from the meters, once."""
    url = f"sqlite:///{tmp_path}/service/history.db"
    database, start = Database(url), last_interval()
    HOME.added_to(database)
    add_reading(database, start, 100)
    backup.make(tmp_path / "service", tmp_path / "copy")
    add_reading(database, start - 900, 50)
    whole = rows(database)
    database.close()
    shutil.rmtree(tmp_path / "service")
    backup.restore(tmp_path / "copy", tmp_path / "service")
    database = Database(url)
    assert len(rows(database)) == 1
    for sent in (start, start - 900):
        add_reading(database, sent, 100 if sent == start else 50)
    assert [row[:4] for row in rows(database)] == [row[:4] for row in whole]
    database.close()


@pytest.fixture
def servers() -> Iterator[list[str]]:
    """Two PostgreSQL servers: the one that is lost, and the new one."""
    if postgres.programs() is None:
        programs.missing("PostgreSQL is not installed: `apt-get install postgresql` runs this test too")
    with postgres.started() as old, postgres.started() as new:
        yield [f"postgresql://openmg@/postgres?host={folder}" for folder in (old, new)]


def test_a_history_in_postgresql(tmp_path: Path, servers: list[str]) -> None:
    """G4 `pg_dump` while it is used, `pg_restore` into an empty database of a new server: the same rows."""
    folder = postgres.programs()
    assert folder is not None
    database, start = Database(servers[0]), last_interval()
    HOME.added_to(database)
    add_reading(database, start, 100)
    dump = tmp_path / "history.dump"
    subprocess.run([folder / "pg_dump", "--format=custom", f"--file={dump}", servers[0]], check=True)
    kept = rows(database)
    database.close()
    restoring = [folder / "pg_restore", "--exit-on-error", "--no-owner", f"--dbname={servers[1]}", dump]
    subprocess.run([*map(str, restoring)], check=True)
    database = Database(servers[1])
    assert rows(database) == kept
    add_reading(database, start, 100)
    add_reading(database, start - 900, 50)
    assert len(rows(database)) == 2
    database.close()


def damage(copy: Path, how: str) -> None:
    contents = copy / CONTENTS
    if how == "unfinished":
        contents.unlink()
    elif how == "changed":
        (copy / "shown" / "below" / "public.json").write_text("{ }")
    elif how == "missing":
        (copy / "shown" / "below" / "public.json").unlink()
    elif how == "outside":
        contents.write_text(json.dumps({"taken": 1, "files": {"../outside": "00"}}))
    elif how == "timeless":
        contents.write_text('{"taken": 1e400, "files": {"outside": "00"}}')
    elif how == "late":
        contents.write_text(json.dumps({"taken": 10**18, "files": {"outside": "00"}}))
    elif how == "empty":
        contents.write_text(json.dumps({"taken": 1, "files": []}))
    elif how == "odd":
        contents.write_text(json.dumps({"taken": 1, "files": {"out\0side": "00"}}))
    else:
        contents.write_text("[]")


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("unfinished", "is no backup"),
        ("changed", "its hash differs"),
        ("missing", "can't be read"),
        ("outside", "is no backup"),
        ("timeless", "is no backup"),
        ("late", "is no backup"),
        ("empty", "is no backup"),
        ("odd", "is no backup"),
        ("other", "is no backup"),
    ],
)
def test_a_damaged_copy_is_not_put_back(tmp_path: Path, service: Path, how: str, why: str) -> None:
    """G4 P9 one line, and nothing is written."""
    backup.make(service, tmp_path / "copy")
    damage(tmp_path / "copy", how)
    with pytest.raises(BackupError, match=why):
        backup.restore(tmp_path / "copy", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_link(tmp_path: Path, service: Path) -> None:
    """G4 P9 what lies elsewhere isn't left out unseen."""
    (service / "elsewhere").symlink_to(tmp_path)
    with pytest.raises(BackupError, match="elsewhere is a link"):
        backup.make(service, tmp_path / "copy")


def test_commands(
    tmp_path: Path, service: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """G4 P9 what can't be done is one line and changes nothing."""
    openmg = CommandLine(tmp_path, monkeypatch, capsys)
    copy = str(tmp_path / "copy")
    assert openmg.done("backup", "make", str(service), copy)["files"] == 4
    assert openmg.done("backup", "verify", copy)["files"] == 4
    assert "exists: give another name" in openmg.run("backup", "make", str(service), copy).error
    assert "isn't empty" in openmg.run("backup", "restore", copy, str(service)).error
    inside = str(service / "copy")
    assert "within each other" in openmg.run("backup", "make", str(service), inside).error
    assert "is no backup" in openmg.run("backup", "verify", str(service)).error
    (tmp_path / "empty").mkdir()
    assert "nothing to copy" in openmg.run("backup", "make", str(tmp_path / "empty"), str(tmp_path / "of")).error
    assert "is a backup already" in openmg.run("backup", "make", copy, str(tmp_path / "of")).error
    assert not (tmp_path / "of").exists()
    assert "does not exist" in openmg.run("backup", "make", str(tmp_path / "none"), str(tmp_path / "of")).error
    assert openmg.done("backup", "restore", copy, str(tmp_path / "new"))["files"] == 4


def test_a_damaged_database_is_told(tmp_path: Path, service: Path) -> None:
    """G4 a copy of it would be one."""
    with closing(sqlite3.connect(service / "sent.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray((service / "sent.db").read_bytes())
    content[100:] = os.urandom(len(content) - 100)
    (service / "sent.db").write_bytes(content)
    with pytest.raises(BackupError, match=r"can't be copied|is damaged"):
        backup.make(service, tmp_path / "copy")
    with pytest.raises(BackupError, match="is no backup"):
        backup.verify(tmp_path / "copy")
