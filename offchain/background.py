"""A step that is taken again and again beside other work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from offchain.errors import UserError

ENDING_SECONDS = 30

log = logging.getLogger("openmg.background")


@contextmanager
def again_and_again(step: Callable[[], object], seconds: float) -> Iterator[None]:
    """Takes a step in a thread, `seconds` after the one before, until the block ends. An error is logged, once while it
    stays the same, and doesn't hinder the next step."""
    ended = Event()

    def work() -> None:
        told = ""
        while not ended.wait(seconds):
            try:
                step()
                told = ""
            except Exception as error:
                if repr(error) != told:
                    log.error("a step failed: %s", error, exc_info=not isinstance(error, UserError))
                told = repr(error)

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(ENDING_SECONDS)
