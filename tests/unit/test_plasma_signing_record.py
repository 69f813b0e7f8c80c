"""What an authority has signed survives a crash at any byte of the file, and nothing else of an epoch is signed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.environment import PROJECT
from offchain.plasma.checkpoint import Checkpoint, Domain
from offchain.plasma.signing_record import Equivocation, SigningRecord, SigningRecordError, marked_as_restored
from offchain.signature import sign
from tests.unit.plasma import CHECKPOINTS

KEY = Account.from_key(b"\x11" * 32)
DOMAIN = Domain(31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3")
ELSEWHERE = replace(DOMAIN, chain_id=1)


def checkpoint(epoch: int, **changed: object) -> Checkpoint:
    """Epoch by epoch ten blocks."""
    word = bytes([epoch % 256]) * 32
    fields = (epoch, word, 10 * epoch - 9, 10 * epoch, word, word, 0, 0, word, word, 1)
    return replace(Checkpoint(*fields), **changed)  # type: ignore[arg-type]


def signed(one: Checkpoint, domain: Domain = DOMAIN) -> bytes:
    return sign(domain.checkpoint_digest(one), KEY)


def add(record: SigningRecord, *checkpoints: Checkpoint) -> None:
    for one in checkpoints:
        record.add(DOMAIN, one, signed(one))


@settings(max_examples=60, deadline=None)
@given(
    acknowledged=st.integers(0, 3),
    cut=st.floats(0, 1, exclude_max=True),
    others=st.lists(CHECKPOINTS, min_size=1, max_size=3),
)
def test_a_crash_loses_nothing_acknowledged(acknowledged: int, cut: float, others: list[Checkpoint]) -> None:
    """P6 whatever part of the next line a crash leaves: what was given out is known, and nothing else of its epoch is
    signed; the line that was cut counts as never written, and the file can be written again."""
    checkpoints = [checkpoint(epoch) for epoch in range(1, acknowledged + 2)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "signed.jsonl"
        record = SigningRecord(path)
        add(record, *checkpoints[:-1])
        whole = path.stat().st_size
        add(record, checkpoints[-1])
        record.close()
        line = path.stat().st_size - whole
        os.truncate(path, whole + int(cut * line))

        record = SigningRecord(path)
        assert path.stat().st_size == whole
        for one in checkpoints[:-1]:
            assert record.signature(DOMAIN, one) == signed(one)
            for other in others:
                different = replace(other, epoch=one.epoch, set_id=one.set_id)
                if different != one:
                    with pytest.raises(Equivocation):
                        record.signature(DOMAIN, different)
        assert record.signature(DOMAIN, checkpoints[-1]) is None
        add(record, checkpoints[-1])
        record.close()
        record = SigningRecord(path)
        assert [record.signature(DOMAIN, one) for one in checkpoints] == [signed(one) for one in checkpoints]
        record.close()


def test_one_checkpoint_an_epoch(tmp_path: Path) -> None:
    """P6 the same one gets the same signature and no second line; another of its epoch gets none, now and later."""
    first, other = checkpoint(1), checkpoint(1, data_hash=bytes(32))
    record = SigningRecord(tmp_path / "signed.jsonl")
    add(record, first)
    size = record.path.stat().st_size
    add(record, first)
    assert record.path.stat().st_size == size
    for _ in range(2):
        with pytest.raises(Equivocation, match="checkpoint 1 was signed as 0x"):
            record.signature(DOMAIN, other)
        with pytest.raises(Equivocation):
            add(record, other)
        assert record.signature(DOMAIN, first) == signed(first)
        assert record.signature(ELSEWHERE, other) is None  # another contract's checkpoints are others
        record.close()
        record = SigningRecord(record.path)
    assert record.path.stat().st_size == size
    record.close()


def test_a_new_set_may_sign_the_same(tmp_path: Path) -> None:
    """A later set of authorities may sign the same contents, an earlier one or other contents not."""
    record = SigningRecord(tmp_path / "signed.jsonl")
    add(record, checkpoint(1, set_id=2), checkpoint(1, set_id=3))
    for _ in range(2):
        assert record.signature(DOMAIN, checkpoint(1, set_id=4)) is None
        for refused in (checkpoint(1, set_id=2), checkpoint(1, set_id=4, end=9)):
            with pytest.raises(Equivocation):
                record.signature(DOMAIN, refused)
        record.close()
        record = SigningRecord(record.path)
    record.close()


DAMAGES = [
    lambda line: b"\n",
    lambda line: line[:50] + b"\n",
    lambda line: line.replace(b'"end": "20"', b'"end": "-1"'),
    lambda line: line.replace(b'"domain"', b'"domane"'),
    lambda line: line[:-5] + b'ff"}\n',
    lambda line: b"\xff\xfe" + line,
    lambda line: b"[" * 5_000 + b"\n",
    lambda line: line.replace(b'"end": "20"', b'"end": "19"') + line,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=range(len(DAMAGES)))
def test_damage_is_refused(tmp_path: Path, damage: object) -> None:
    """P6 P9 a record whose lines are not all its own says which one; the file stays as it is, and can be opened once it
    is repaired."""
    assert callable(damage)
    record = SigningRecord(tmp_path / "signed.jsonl")
    add(record, checkpoint(1), checkpoint(2), checkpoint(3))
    record.close()
    good = record.path.read_bytes()
    first, second, third = good.splitlines(keepends=True)
    bad = first + damage(second) + third
    record.path.write_bytes(bad)
    for _ in range(2):
        with pytest.raises(SigningRecordError, match=r"damaged in line [23] .*: sign nothing") as refused:
            SigningRecord(record.path)
        assert "\n" not in str(refused.value)
    assert record.path.read_bytes() == bad
    record.path.write_bytes(good)
    SigningRecord(record.path).close()


def test_a_record_has_one_process(tmp_path: Path) -> None:
    """P6 a second process can't open it, before and after it is used; when the first has ended, it can."""
    path = tmp_path / "folder" / "of" / "signed.jsonl"
    code = f"from pathlib import Path; from offchain.plasma.signing_record import *; SigningRecord(Path({str(path)!r}))"
    record = SigningRecord(path)
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
        assert done.returncode != 0
        assert "is in use: an authority must run once only" in done.stderr
        add(record, checkpoint(1))
    record.close()
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)


def test_a_full_disk_signs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6 if a line can't be written nothing is given out, then or later; a restart cuts it off and goes on."""
    record = SigningRecord(tmp_path / "signed.jsonl")
    add(record, checkpoint(1))
    write = os.write

    def full(file: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(28, "No space left on device")
        return write(file, data[: len(data) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(SigningRecordError, match="No space left"):
            add(record, checkpoint(2))
    with pytest.raises(SigningRecordError, match="start the authority again"):
        add(record, checkpoint(2))
    assert record.signature(DOMAIN, checkpoint(1)) == signed(checkpoint(1))
    record.close()
    record = SigningRecord(record.path)
    add(record, checkpoint(2, end=19))
    record.close()


def test_it_is_synced_before_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6 every line is synced to the disk, and so is the folder that has a new file."""
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))

    monkeypatch.setattr(os, "fsync", fsync)
    record = SigningRecord(tmp_path / "new" / "signed.jsonl")
    assert {str(tmp_path), str(tmp_path / "new")} <= set(synced)
    synced.clear()
    add(record, checkpoint(1))
    assert synced == [str(record.path)]
    record.close()


def test_what_is_withheld_stays_so(tmp_path: Path) -> None:
    """P6 G3 over restarts, for one contract alone; a restored record is one until an epoch is withheld."""
    path = tmp_path / "signed.jsonl"
    record = SigningRecord(path)
    add(record, checkpoint(1))
    record.close()
    path.write_bytes(marked_as_restored(path.read_bytes() + b'{"domain": {"chainId'))
    record = SigningRecord(path)
    assert record.restored
    assert record.signature(DOMAIN, checkpoint(1)) == signed(checkpoint(1))
    record.withhold(DOMAIN, 3)
    for _ in range(2):
        assert (record.restored, record.withheld(DOMAIN), record.withheld(ELSEWHERE)) == (False, 3, 0)
        record.close()
        record = SigningRecord(path)
    add(record, checkpoint(4))
    record.close()
    path.write_bytes(marked_as_restored(path.read_bytes()))
    record = SigningRecord(path)
    assert (record.restored, record.withheld(DOMAIN)) == (True, 3)
    record.close()


@pytest.mark.parametrize("line", [b'{"restored": false}', b'{"restored": true, "more": 1}', b'{"withheld": 3}'])
def test_other_marks_are_damage(tmp_path: Path, line: bytes) -> None:
    """P6 nothing but the two lines that restoring writes."""
    (tmp_path / "signed.jsonl").write_bytes(line + b"\n")
    with pytest.raises(SigningRecordError, match="damaged in line 1"):
        SigningRecord(tmp_path / "signed.jsonl")


@pytest.mark.parametrize("place", ["/proc/signed.jsonl", "/dev/null/signed.jsonl", "/"])
def test_a_place_that_is_none(place: str) -> None:
    """P9 one line."""
    with pytest.raises(SigningRecordError, match="can't be used"):
        SigningRecord(Path(place))
