"""A step that is taken again and again beside other work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

ENDING_SECONDS = 30


@contextmanager
def again_and_again(step: Callable[[], object], seconds: float) -> Iterator[None]:
    """Takes a step in a thread, `seconds` after the one before, until the block ends. An error ends the thread."""
    ended = Event()

    def work() -> None:
        while not ended.wait(seconds):
            step()

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(ENDING_SECONDS)
