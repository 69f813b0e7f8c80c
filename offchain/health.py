"""How the parts of this process do: each tells when it works and why it doesn't, for health checks and Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock, Thread

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from offchain.errors import UserError

PATIENCE_SECONDS = 300.0
"""After so long without a word a part counts as stuck."""

PROBE_SECONDS = 5.0

Check = Callable[[], object]


@dataclass
class _Part:
    told: float
    lasts: float
    problem: str = ""
    worked: int = 0
    failed: int = 0


class Health(Collector):
    """The parts that have told of themselves. Any thread may tell and ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._parts: dict[str, _Part] = {}

    def works(self, part: str, lasts: float = PATIENCE_SECONDS) -> None:
        """A part has done what it is there for, and does so again within `lasts` seconds."""
        with self._lock:
            known = self._told(part, lasts)
            known.problem, known.worked = "", known.worked + 1

    def fails(self, part: str, problem: str, lasts: float = PATIENCE_SECONDS) -> None:
        """A part can't do what it is there for now; `problem` says why, in one line."""
        with self._lock:
            known = self._told(part, lasts)
            known.problem, known.failed = problem, known.failed + 1

    def beating(self, part: str, step: Callable[[], object]) -> Callable[[], None]:
        """The step, which tells each time whether the part works: one that hangs is found by its silence."""

        def beat() -> None:
            try:
                step()
            except Exception as error:
                self.fails(part, str(error) if isinstance(error, UserError) else repr(error))
                raise
            self.works(part)

        return beat

    def problems(self) -> dict[str, str]:
        """Why parts don't work, by part. A process none of whose parts has told anything yet is one that starts."""
        with self._lock:
            found = {name: self._problem(part) for name, part in self._parts.items()}
        if not found:
            return {"process": "it is starting"}
        return {name: problem for name, problem in found.items() if problem}

    def collect(self) -> Iterator[Metric]:
        """All parts as Prometheus' metrics."""
        works = GaugeMetricFamily("openmg_part_works", "1 if a part does what it is there for.", labels=("part",))
        rounds = CounterMetricFamily("openmg_part_rounds", "What a part told.", labels=("part", "outcome"))
        age = GaugeMetricFamily("openmg_part_silent_seconds", "Since a part told anything.", labels=("part",))
        with self._lock:
            for name, part in self._parts.items():
                works.add_metric((name,), not self._problem(part))
                rounds.add_metric((name, "worked"), part.worked)
                rounds.add_metric((name, "failed"), part.failed)
                age.add_metric((name,), self._clock() - part.told)
        yield from (works, rounds, age)

    def _told(self, name: str, lasts: float) -> _Part:
        known = self._parts.setdefault(name, _Part(0, 0))
        known.told, known.lasts = self._clock(), lasts
        return known

    def _problem(self, part: _Part) -> str:
        silent = self._clock() - part.told
        return part.problem or (f"silent for {silent:.0f} s" if silent > part.lasts else "")


health = Health()
"""Of this process."""


@contextmanager
def probing(part: str, check: Check) -> Iterator[None]:
    """Has `check` done every few seconds in a thread until the block ends: what it raises as UserError is why the part
    doesn't work."""
    ended = Event()

    def probe() -> None:
        while not ended.is_set():
            try:
                check()
                health.works(part)
            except UserError as error:
                health.fails(part, str(error))
            ended.wait(PROBE_SECONDS)

    Thread(target=probe, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
