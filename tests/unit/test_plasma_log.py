"""The plasma chain's log: what a crash can and can't take, and that damage is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.plasma.log import HEAD, Log, LogError, SealedBlock

GENESIS = bytes(range(32))
Commit = list[tuple[str, list[bytes]]]
"""What is added before one sync: transactions; then how many of the waiting ones go into a block, or are dropped."""

RAWS = st.lists(st.binary(max_size=60), max_size=4)
COMMITS = st.lists(
    st.lists(st.tuples(st.sampled_from(["add", "seal", "drop"]), RAWS), min_size=1, max_size=4), min_size=1, max_size=6
)


@dataclass
class State:
    """What a log must hold."""

    end: int
    blocks: list[SealedBlock] = field(default_factory=list)
    waiting: dict[int, bytes] = field(default_factory=dict)

    def holds(self, log: Log) -> None:
        assert log.height == len(self.blocks)
        assert list(log.blocks()) == self.blocks
        assert dict(log.waiting()) == self.waiting
        assert log.head == (self.blocks[-1].hash if self.blocks else GENESIS)


@contextmanager
def opened(folder: Path) -> Iterator[Log]:
    log = Log(folder, GENESIS)
    try:
        yield log
    finally:
        log.close()


def write(folder: Path, commits: list[Commit]) -> list[State]:
    """Writes a log; returns what it holds after each commit, beginning with none."""
    with opened(folder) as log:
        states = [State(HEAD.size)]
        for commit in commits:
            blocks, waiting = list(states[-1].blocks), dict(states[-1].waiting)
            for what, raws in commit:
                if what == "add":
                    waiting |= dict(zip(log.add_transactions(raws), raws, strict=True))
                    continue
                taken = [(index, waiting.pop(index)) for index in list(waiting)[: len(raws)]]
                indices = [index for index, _ in taken]
                if what == "drop":
                    log.add_dropped(indices)
                    continue
                number = len(blocks) + 1
                digest, parent = bytes([number]) * 32, blocks[-1].hash if blocks else GENESIS
                log.add_block(number, 1000 + number, digest, indices)
                blocks.append(SealedBlock(number, 1000 + number, digest, parent, tuple(raw for _, raw in taken)))
            log.commit()
            states.append(State(log.path.stat().st_size, blocks, waiting))
            states[-1].holds(log)
        return states


@given(COMMITS, st.data())
@settings(deadline=None, max_examples=150)
def test_a_cut_anywhere_leaves_all_that_was_synced_before(commits: list[Commit], data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        states = write(folder, commits)
        size = data.draw(st.integers(HEAD.size, states[-1].end))
        os.truncate(folder / "plasma.log", size)
        kept = [state for state in states if state.end <= size][-1]
        with opened(folder) as log:
            kept.holds(log)
            assert log.cut == size - kept.end
        with opened(folder) as log:
            kept.holds(log)
            assert log.cut == 0


@given(COMMITS, st.data())
@settings(deadline=None, max_examples=200)
def test_a_changed_byte_is_an_error_and_only_the_last_frame_is_cut(commits: list[Commit], data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        states = write(folder, commits)
        path = folder / "plasma.log"
        content = bytearray(path.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        before = [state for state in states if state.end < states[-1].end] or [
            states[-1]
        ]  # an empty commit writes nothing
        if place < before[-1].end:
            with pytest.raises(LogError, match=r"is damaged at byte|belongs to a chain"):
                Log(folder, GENESIS)
            assert path.read_bytes() == content
        else:
            with opened(folder) as log:
                before[-1].holds(log)


@given(COMMITS, st.binary(min_size=1, max_size=300) | st.integers(1, 300).map(bytes))
@settings(deadline=None, max_examples=50)
def test_rubbish_after_the_last_frame_is_cut(commits: list[Commit], rubbish: bytes) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        states = write(folder, commits)
        with (folder / "plasma.log").open("ab") as file:
            file.write(rubbish)
        with opened(folder) as log:
            states[-1].holds(log)
            log.add_transactions([b"more"])
            log.commit()
        with opened(folder) as log:
            assert b"more" in dict(log.waiting()).values()


def test_a_damaged_frame_before_a_torn_one_is_an_error(tmp_path: Path) -> None:
    states = write(tmp_path, [[("add", [b"one"])], [("add", [b"two"])]])
    path = tmp_path / "plasma.log"
    content = bytearray(path.read_bytes()[:-1])
    content[states[1].end - 1] ^= 1
    path.write_bytes(content)
    with pytest.raises(LogError, match="is damaged at byte"):
        Log(tmp_path, GENESIS)


def test_a_transaction_cannot_pass_for_a_frame(tmp_path: Path) -> None:
    write(tmp_path / "other", [[("add", [b"a"])], [("add", [b"b"])], [("add", [b"c"])]])
    frames = (tmp_path / "other" / "plasma.log").read_bytes()[HEAD.size :]
    states = write(tmp_path / "log", [[("add", [b"first"])], [("add", [frames])]])
    os.truncate(tmp_path / "log" / "plasma.log", states[-1].end - 1)
    with opened(tmp_path / "log") as log:
        states[1].holds(log)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(LogError, match="in use by another process"):
        Log(tmp_path, GENESIS)
    with opened(tmp_path) as log:
        assert log.height == 0


def test_the_log_of_another_chain_is_refused(tmp_path: Path) -> None:
    write(tmp_path, [[("add", [b"one"])]])
    with pytest.raises(LogError, match="belongs to a chain with genesis block 0x000102"):
        Log(tmp_path, bytes(32))


def test_what_is_not_committed_is_not_there(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        log.add_transactions([b"one"])
        assert list(log.waiting()) == []
        log.commit()
        log.add_transactions([b"two"])
        assert dict(log.waiting()) == {0: b"one"}
    with opened(tmp_path) as log:
        assert dict(log.waiting()) == {0: b"one"}


def test_a_failed_write_ends_the_log_and_takes_nothing(tmp_path: Path) -> None:
    class Full(Log):
        def _write(self, data: bytes) -> None:
            super()._write(data[:9])
            raise OSError(28, "No space left on device")

    write(tmp_path, [[("add", [b"one"])]])
    log = Full(tmp_path, GENESIS)
    log.add_transactions([b"two"])
    with pytest.raises(LogError, match="No space left"):
        log.commit()
    with pytest.raises(LogError, match="start again"):
        log.commit()
    assert dict(log.waiting()) == {0: b"one"}
    log.close()
    with opened(tmp_path) as again:
        assert dict(again.waiting()) == {0: b"one"}
        assert again.cut == 9


def test_damage_that_comes_while_the_log_is_open_is_told(tmp_path: Path) -> None:
    states = write(tmp_path, [[("add", [b"one"]), ("seal", [b""])], [("add", [b"two"])]])
    with opened(tmp_path) as log:
        content = bytearray(log.path.read_bytes())
        content[content.index(b"one")] ^= 1
        log.path.write_bytes(content)
        with pytest.raises(LogError, match="is damaged at byte"):
            log.sealed(1)
        assert log.transaction(1) == b"two"
    assert states[-1].waiting == {1: b"two"}


def test_blocks_follow_each_other(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        log.add_block(1, 5, bytes(32), [])
        for number in (0, 1, 3):
            with pytest.raises(LogError, match=f"block {number} can't be logged where block 2 belongs"):
                log.add_block(number, 6, bytes(32), [])
        log.commit()
        for number in (0, 2):
            with pytest.raises(LogError, match="the log has blocks 1 to 1"):
                log.sealed(number)


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LogError, match="can't be used"):
        Log(tmp_path / "file", GENESIS)
