"""A process's health over HTTP, for health checks and Prometheus alone: not for the public."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from starlette.responses import JSONResponse, Response

from offchain.health import Health
from offchain.http_service import answer_errors


def service(health: Health, counters: CollectorRegistry | None = None) -> FastAPI:
    """The application; `counters` are further metrics of the process."""
    app = FastAPI(title="Enhanced Open MG health", docs_url=None, redoc_url=None, openapi_url=None)
    own = CollectorRegistry()
    own.register(health)
    ProcessCollector(registry=own)

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        problems = health.problems()
        if problems:
            return JSONResponse({"status": "failing", "problems": problems}, HTTPStatus.SERVICE_UNAVAILABLE)
        return JSONResponse({"status": "ok"})

    @app.get("/metrics")
    def metrics() -> Response:
        more = b"" if counters is None else generate_latest(counters)
        return Response(generate_latest(own) + more, media_type=CONTENT_TYPE_LATEST)

    answer_errors(app, {})
    return app
