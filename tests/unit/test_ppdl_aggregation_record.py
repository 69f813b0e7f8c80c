"""The record of a round outlives any crash, is one process's and its owner's alone, and can be forgotten."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.environment import PROJECT
from offchain.ppdl.aggregation.record import STEPS, Conflict, RecordError, RoundRecord

ME = b"\x11" * 20
VALUES = st.lists(st.binary(max_size=40), min_size=len(STEPS), max_size=len(STEPS))


@given(VALUES, st.integers(0, len(STEPS) - 1), st.floats(0, 1, exclude_max=True), VALUES)
@settings(max_examples=60, deadline=None)
def test_a_crash_loses_nothing_that_was_kept(values: list[bytes], count: int, cut: float, others: list[bytes]) -> None:
    """P6 whatever part of the next line a crash leaves, the steps before are there and the next one is free."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "record"
        record = RoundRecord(7, ME, path)
        for step, value in zip(STEPS[:count], values, strict=False):
            record.keep(step, value)
        before = path.read_bytes()
        record.keep(STEPS[count], values[count])
        record.close()
        line = path.read_bytes()[len(before) :]
        path.write_bytes(before + line[: int(cut * len(line))])
        record = RoundRecord(7, ME, path)
        assert [record[step] for step in STEPS] == values[:count] + [None] * (len(STEPS) - count)
        for step, value in zip(STEPS[count:], others, strict=False):
            record.keep(step, value)
        record.close()
        record = RoundRecord(7, ME, path)
        assert [record[step] for step in STEPS] == values[:count] + others[: len(STEPS) - count]
        record.close()


def test_a_crash_in_the_first_line_starts_anew(tmp_path: Path) -> None:
    """P6"""
    path = tmp_path / "record"
    RoundRecord(7, ME, path).close()
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        RoundRecord(7, ME, path).close()
        assert path.read_bytes() == whole


KILLED = """
import os, signal, sys
from pathlib import Path
from offchain.ppdl.aggregation.record import RoundRecord
record = RoundRecord(7, bytes([17]) * 20, Path(sys.argv[1]))
record.keep("secret", b"first")
print("kept", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_kept_outlives_kill_9(tmp_path: Path) -> None:
    """P6 and its lock goes with the process."""
    path = tmp_path / "record"
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, "kept\n")
    record = RoundRecord(7, ME, path)
    assert record["secret"] == b"first"
    with pytest.raises(Conflict, match="the step 'secret' of round 7 was taken before, in another way"):
        record.keep("secret", b"second")
    record.close()


def test_a_step_is_synced_before_anything_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6 also if the power goes: the whole line is handed to the disk before `keep` returns."""
    record, synced = RoundRecord(7, ME, tmp_path / "record"), []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
    record.keep("secret", b"one")
    assert synced == [(tmp_path / "record").stat().st_size]
    record.close()


def test_one_process_has_it_open(tmp_path: Path) -> None:
    """P6 two could reveal for two sets of alive."""
    record = RoundRecord(7, ME, tmp_path / "record")
    with pytest.raises(RecordError, match="is in use: a participant must run once only"):
        RoundRecord(7, ME, tmp_path / "record")
    record.close()
    RoundRecord(7, ME, tmp_path / "record").close()


def test_it_is_its_owners_alone(tmp_path: Path) -> None:
    """P8 whoever reads it could read the update."""
    RoundRecord(7, ME, tmp_path / "record").close()
    assert stat.S_IMODE(os.stat(tmp_path / "record").st_mode) == 0o600


def test_what_is_forgotten_is_gone(tmp_path: Path) -> None:
    """P8 after a round nothing is left that would open its masks."""
    record = RoundRecord(7, ME, tmp_path / "record")
    record.keep("secret", b"one")
    record.forget()
    assert list(tmp_path.iterdir()) == []
    assert record["secret"] is None


@pytest.mark.parametrize(
    "line",
    [
        "nothing",
        "[]",
        '{"step": "secret"}',
        '{"step": "other", "value": "00"}',
        '{"step": "seeds", "value": "0g"}',
        '{"step": "seeds", "value": 1}',
        '{"step": "secret", "value": "00"}',
        "[" * 20000,
    ],
)
def test_a_damaged_record_is_not_used(line: str, tmp_path: Path) -> None:
    """P9"""
    path = tmp_path / "record"
    record = RoundRecord(7, ME, path)
    record.keep("secret", b"one")
    record.close()
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(RecordError, match="record is damaged in line 3 "):
        RoundRecord(7, ME, path)
    with pytest.raises(RecordError, match="damaged"):  # and it isn't locked
        RoundRecord(7, ME, path)


def test_a_record_of_another_is_not_used(tmp_path: Path) -> None:
    """P9"""
    RoundRecord(7, ME, tmp_path / "record").close()
    for round_, participant in ((8, ME), (7, bytes(20))):
        with pytest.raises(RecordError, match=f"is not of round {round_} and this participant"):
            RoundRecord(round_, participant, tmp_path / "record")


def test_places_that_cannot_be_used(tmp_path: Path) -> None:
    """P9"""
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "record"):
        with pytest.raises(RecordError, match="can't be used"):
            RoundRecord(7, ME, path)
