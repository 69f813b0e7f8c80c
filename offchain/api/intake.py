"""Readings over HTTP."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from offchain.api.access import needs
from offchain.api.keys import ApiKey, Scope
from offchain.api.problem import Problem, described
from offchain.api.watch import Metrics
from offchain.history.intake import MOST_AT_ONCE, Intake, Outcome, Reason, Status
from offchain.http_service import read_body
from offchain.metering.signed_reading import EXAMPLE, FormatError, SignedReading, first_fault

Writer = Annotated[ApiKey, needs(Scope.READINGS_WRITE)]
LARGEST_BODY = 512 * 1024
"""Bytes; as many readings as may come at once have less."""


class Batch(BaseModel):
    """Readings that come together; each is looked at on its own."""

    model_config = ConfigDict(strict=True, extra="forbid")

    readings: list[Any] = Field(min_length=1, max_length=MOST_AT_ONCE)


class Answer(BaseModel):
    """What became of the reading at a place of the batch, from 0 on."""

    index: int = Field(examples=[0])
    status: Status = Field(description="`late`, `corrected` and `duplicate` are accepted too.")
    reason: Reason | None = Field(default=None, description="Why it was rejected.")
    detail: str = Field(default="", description="One line on that.")

    @classmethod
    def of(cls, outcome: Outcome) -> Answer:
        """The answer for an outcome."""
        return cls(index=outcome.index, status=outcome.status, reason=outcome.reason, detail=outcome.detail)


class Answers(BaseModel):
    """What became of a batch."""

    accepted: int = Field(description="How many readings stand in the history now, also before.", examples=[1])
    rejected: int = Field(examples=[1])
    readings: list[Answer] = Field(
        examples=[
            [
                {"index": 0, "status": "accepted", "reason": None, "detail": ""},
                {
                    "index": 1,
                    "status": "rejected",
                    "reason": "bad_signature",
                    "detail": "the signature is not the meter's",
                },
            ]
        ]
    )

    @classmethod
    def of(cls, outcomes: list[Outcome]) -> Answers:
        """The answer for a batch."""
        rejected = sum(outcome.status is Status.REJECTED for outcome in outcomes)
        return cls(accepted=len(outcomes) - rejected, rejected=rejected, readings=[*map(Answer.of, outcomes)])


def parse_batch(body: bytes) -> list[Any]:
    """The readings of a message, not looked at yet. Raises FormatError."""
    try:
        return Batch.model_validate_json(body).readings
    except ValidationError as error:
        raise FormatError(first_fault(error)) from None


def _described() -> dict[str, Any]:
    """The schema of a batch, with its readings as they should be."""
    readings = {
        "type": "array",
        "minItems": 1,
        "maxItems": MOST_AT_ONCE,
        "items": SignedReading.model_json_schema(),
    }
    schema = {
        "type": "object",
        "properties": {"readings": readings},
        "required": ["readings"],
        "additionalProperties": False,
    }
    example = {"readings": [EXAMPLE]}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}}


def routes() -> APIRouter:
    """The route that takes readings."""
    router = APIRouter(tags=["readings"])

    @router.post(
        "/v1/readings",
        summary="Takes signed readings of any meters",
        description="Each reading is accepted or rejected on its own. The same reading again is a `duplicate` and "
        "changes nothing, so a batch whose answer was lost is simply sent again.",
        response_model=Answers,
        responses=described(*_ERRORS),
        openapi_extra=_described(),
    )
    async def take(http: Request, key: Writer) -> Answers:
        intake: Intake = http.app.state.intake
        metrics: Metrics = http.app.state.metrics
        body = await read_body(http, LARGEST_BODY)
        try:
            batch = await run_in_threadpool(parse_batch, body)
        except FormatError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None
        outcomes = await run_in_threadpool(intake.take, batch)
        metrics.count_readings("http", outcomes)
        return Answers.of(outcomes)

    return router


_ERRORS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
