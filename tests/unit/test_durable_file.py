"""A file is replaced as a whole or not at all, and who may read it is said."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from offchain import durable_file


@pytest.mark.parametrize(("private", "rights"), [(True, 0o600), (False, 0o644)])
def test_content_and_rights(tmp_path: Path, private: bool, rights: int) -> None:
    """P6 the newest content is there, nothing else is."""
    path = tmp_path / "new" / "file"
    for content in (b"old and longer", b"new"):
        durable_file.replace(path, content, private=private)
        assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == rights
    assert os.listdir(path.parent) == ["file"]


def test_a_failure_leaves_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6 a disk that is full, or breaks, before the new content is safe leaves the old file, and no draft."""
    path = tmp_path / "file"
    durable_file.replace(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        durable_file.replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_crash_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6 a process killed while it writes leaves the old file and a draft, which is removed when asked."""
    path = tmp_path / "file"
    durable_file.replace(path, b"old")

    class Killed(BaseException):
        pass

    def dies(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(os, "replace", dies)
    with pytest.raises(Killed):
        durable_file.replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert len(os.listdir(tmp_path)) == 2
    durable_file.clear(tmp_path)
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    """P9"""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        durable_file.replace(tmp_path / "file" / "below", b"new")
