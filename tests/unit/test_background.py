"""Steps taken beside other work."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event

import pytest

from offchain.background import again_and_again
from offchain.errors import UserError
from offchain.health import Health

PATIENCE = 10


def taken(*outcomes: Exception | None, around: Callable[..., Callable[[], object]] = lambda step: step) -> None:
    """Steps that end as told, one after the other; returns after the last one."""
    left, done = list(outcomes), Event()

    def step() -> None:
        if not left:
            done.set()
            return
        outcome = left.pop(0)
        if outcome is not None:
            raise outcome

    with again_and_again(around(step), 0.001):
        assert done.wait(PATIENCE)


def test_a_step_that_fails_is_reported_and_taken_again(caplog: pytest.LogCaptureFixture) -> None:
    """G2 an error that nobody expected with its place in the code, one that a user can cause in one line."""
    taken(KeyError("unexpected"), UserError("the node doesn't answer"))
    unexpected, caused = caplog.records
    assert (unexpected.levelno, caused.levelno) == (logging.ERROR, logging.ERROR)
    assert "unexpected" in unexpected.getMessage()
    assert unexpected.exc_info
    assert "the node doesn't answer" in caused.getMessage()
    assert not caused.exc_info


def test_an_error_that_stays_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """G2 until it has gone, or is another one."""
    one, other = UserError("one"), UserError("other")
    taken(one, one, one, other, other, None, other)
    assert [record.getMessage().split()[-1] for record in caplog.records] == ["one", "other", "other"]


def test_a_part_tells_what_hinders_it() -> None:
    """G2 and that it works again."""
    told, problems = Health(), []

    def watched(step: Callable[[], object]) -> Callable[[], object]:
        beat = told.beating("outlet", step)

        def look() -> None:
            try:
                beat()
            finally:
                problems.append(told.problems())

        return look

    taken(KeyError("unexpected"), UserError("no power"), None, around=watched)
    assert problems[:3] == [{"outlet": "KeyError('unexpected')"}, {"outlet": "no power"}, {}]
