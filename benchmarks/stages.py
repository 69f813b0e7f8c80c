"""Stages of a benchmark's hour: how long each took, and how often it would fit into its time."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from rich.console import Console

HOUR = 3_600
CONSOLE = Console(stderr=True)


@dataclass
class Stages:
    """What was measured."""

    figures: dict[str, dict[str, Any]] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, items: int, what: str, hours: float = 1.0, *, within: bool = True) -> Iterator[None]:
        """Times a block that does `items` things, which are those of so many hours. `within`: they must be done in that
        time, on the operator's machine."""
        CONSOLE.print(f"{name}: {items:,} {what}", highlight=False)
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        self.figures[name] = {
            "items": items,
            "what": what,
            "seconds": round(seconds, 2),
            "per_second": round(items / seconds, 1),
            "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }
        if within:
            self.figures[name]["times_real_time"] = round(hours * HOUR / seconds, 1)

    @property
    def bottleneck(self) -> str:
        """The stage that fits into its time the fewest times."""
        within = {name: stage for name, stage in self.figures.items() if "times_real_time" in stage}
        return min(within, key=lambda name: float(within[name]["times_real_time"]))


def timed(call: Callable[[], object]) -> float:
    """Milliseconds, the median of five."""
    found = []
    for _ in range(5):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return round(1000 * median(found), 1)
