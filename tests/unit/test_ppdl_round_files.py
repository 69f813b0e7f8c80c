"""Nothing stays on the disk of a round that is over, but what can't be removed is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from offchain.ppdl.model_chain.blobs import BlobError
from offchain.ppdl.network.round_files import forget_before


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_is_of_earlier_rounds_is_removed(tmp_path: Path) -> None:
    """P8: by numbers, not by letters; whatever else lies there stays."""
    for name in ("9.jsonl", "9.seen", "10.jsonl", "11.jsonl", "notes", ".10.jsonl"):
        (tmp_path / name).write_text("secret")
    for number in (2, 10, 30):
        (tmp_path / str(number) / "update").mkdir(parents=True)
        (tmp_path / str(number) / "update" / "one").write_text("masked")
    forget_before(tmp_path, 10)
    assert names(tmp_path) == {"10.jsonl", "11.jsonl", "10", "30", "notes", ".10.jsonl"}
    forget_before(tmp_path, 11)
    assert names(tmp_path) == {"11.jsonl", "30", "notes", ".10.jsonl"}
    forget_before(tmp_path / "nowhere", 11)


def test_what_stays_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P8, P9"""

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "3.jsonl").write_text("secret")
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(BlobError, match=r"^.*3\.jsonl can't be removed, though its round is over: Permission denied$"):
        forget_before(tmp_path, 4)
