"""What the operator of the service sees of requests: counters for Prometheus, and a line of JSON for each.

Neither shows who asked, what for or what was answered: a request is its route as the API describes it, never its path,
query, key or address.
"""

from __future__ import annotations

import sys
import time
import traceback
from http import HTTPStatus
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from offchain.api.problem import problem_answer
from offchain.history.intake import Outcome

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The counters of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "openmg_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "openmg_request_seconds",
            "Seconds to the end of an answer.",
            ("route",),
            registry=self.registry,
            buckets=SECONDS,
        )
        self._readings = Counter(
            "openmg_readings", "Readings that came.", ("way", "status", "reason"), registry=self.registry
        )

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts an answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_readings(self, way: str, outcomes: list[Outcome]) -> None:
        """Counts what became of readings that came over `way`."""
        for outcome in outcomes:
            self._readings.labels(way, outcome.status.value, outcome.reason.value if outcome.reason else "").inc()

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)


def json_log(stream: TextIO | None = None) -> Any:
    """A log of one JSON object a line, with time and level; on stderr unless told otherwise."""
    return structlog.wrap_logger(
        structlog.WriteLogger(stream or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
    )


class Watch:
    """Counts and logs each request, and answers 500 where the program has a fault."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log: Any) -> None:
        self._app, self._metrics, self._log = app, metrics, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:  # noqa: BLE001  # whatever the fault, the caller gets an answer and the log no data
            self._log.error("fault", kind=type(error).__name__, place=_place(error))
            if not status:
                answer = problem_answer(HTTPStatus.INTERNAL_SERVER_ERROR, "the service failed: tell its operator")
                await answer(scope, receive, noting)
        seconds = time.monotonic() - began
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = getattr(scope.get("route"), "path", "unknown")
        self._metrics.count_request(method, route, status, seconds)
        self._log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _place(error: Exception) -> str:
    """Where an error was raised; its own text may hold somebody's data."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno}"
