"""From when until when a route is asked."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Query
from starlette.requests import Request

from offchain.api.followed import now
from offchain.api.problem import Problem
from offchain.metering.signed_reading import LATEST

DAY = 24 * 60 * 60

Moment = Annotated[int | None, Query(ge=0, lt=LATEST, description="Unix time.", examples=[1767225600])]
Last = Annotated[
    int | None,
    Query(ge=1, lt=LATEST, description="Instead of both times: so many seconds until now.", examples=[DAY]),
]


def span(http: Request, since: int | None, until: int | None, last: int | None, usual: int) -> tuple[int, int]:
    """When it begins, and before when it ends; `usual` is how many seconds it has if nobody says. Raises Problem."""
    if last is not None and not since is until is None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "last stands in the place of since and until")
    end = now(http) if until is None else until
    begin = max(0, end - (last or usual)) if since is None else since
    if not begin < end:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "until must come after since")
    return begin, end


def check_span(begin: int, end: int, longest: int) -> None:
    """Raises Problem for more than `longest` seconds."""
    if end - begin > longest:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"ask for at most {longest // DAY} days at once")
