"""Errors of the API: problem details of RFC 9457, with one line that says what is wrong and never a value sent."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from offchain.advice.errors import AdviceError
from offchain.advice.usage import NothingReadError
from offchain.errors import UserError
from offchain.http_service import Refusal

MEDIA_TYPE = "application/problem+json"


class ProblemDetails(BaseModel):
    """What is wrong with a request."""

    title: str = Field(description="The name of the status.", examples=["Forbidden"])
    status: int = Field(description="The status of the answer.", examples=[403])
    detail: str = Field(description="One line on what to do.", examples=["this key may not do that"])


class Problem(Refusal):
    """A request that isn't answered: its status, a line, and headers that go with it."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail)
        self.headers = headers


def problem_answer(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error as problem details."""
    content = {"title": HTTPStatus(status).phrase, "status": status, "detail": " ".join(detail.split())}
    return JSONResponse(content, status, headers, MEDIA_TYPE)


def described(*statuses: HTTPStatus) -> dict[int | str, dict[str, object]]:
    """What the description of a route says of its errors."""
    return {
        int(status): {
            "description": status.phrase,
            "content": {MEDIA_TYPE: {"schema": ProblemDetails.model_json_schema()}},
        }
        for status in statuses
    }


def answer_problems(app: FastAPI) -> None:
    """Has the application answer every foreseeable error as problem details; 503 where its database fails."""

    @app.exception_handler(UserError)
    async def refused(http: Request, error: UserError) -> JSONResponse:
        if isinstance(error, Refusal):
            return problem_answer(error.status, str(error), getattr(error, "headers", None))
        if isinstance(error, AdviceError):
            unread = isinstance(error, NothingReadError)
            return problem_answer(HTTPStatus.NOT_FOUND if unread else HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        return problem_answer(HTTPStatus.SERVICE_UNAVAILABLE, "the service can't do that now: try again later")

    @app.exception_handler(HTTPException)
    async def unknown(http: Request, error: HTTPException) -> JSONResponse:
        return problem_answer(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(http: Request, error: RequestValidationError) -> JSONResponse:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        return problem_answer(HTTPStatus.UNPROCESSABLE_ENTITY, f"{place}: {fault['msg']}")
