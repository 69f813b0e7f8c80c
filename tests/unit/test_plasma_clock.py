"""The clock of a simulation, which several processes read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from offchain.plasma.clock import SPEED, ClockError, SimulatedClock

BEGIN = 1_800_000_000


@pytest.fixture
def clock(tmp_path: Path) -> SimulatedClock:
    found = SimulatedClock(tmp_path / "clock")
    found.set(BEGIN)
    return found


def test_it_runs_faster_than_the_wall_s(clock: SimulatedClock) -> None:
    began, before = time.monotonic(), clock()
    time.sleep(0.2)
    passed, took = clock() - before, time.monotonic() - began
    assert 0.2 * SPEED <= passed <= took * SPEED
    assert before < BEGIN + took * SPEED + 60


def test_it_is_set_forward_and_never_back(clock: SimulatedClock) -> None:
    """E5 whoever reads the file has the same time."""
    other = SimulatedClock(clock.path)
    clock.set(BEGIN + 3600)
    assert BEGIN + 3600 <= other() <= clock()
    other.set(BEGIN + 1800)
    assert clock() >= BEGIN + 3600


@pytest.mark.parametrize("content", [None, "", "noon", "1", "1 2 3", "\xff"])
def test_a_file_without_a_time(tmp_path: Path, content: str | None) -> None:
    """P9 one clear line."""
    if content is not None:
        (tmp_path / "clock").write_text(content, encoding="latin-1")
    with pytest.raises(ClockError, match="clock is no clock"):
        SimulatedClock(tmp_path / "clock")()
