"""Who may call what: keys with scopes, and limits on how often."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from offchain.api.keys import ApiKey, KeyRing, Scope
from offchain.api.problem import Problem, problem_answer
from offchain.rate import Rate

BURST = 60
"""Requests of a key or an address at once."""

BEARER = HTTPBearer(
    auto_error=False, scheme_name="key", bearerFormat="omg_<id>_<secret>", description="A key of the API."
)
TOO_MANY = "too many requests: wait a moment"
RETRY = {"Retry-After": "10"}


class Access:
    """Finds callers by their keys. `per_minute` is how many requests a key may send."""

    def __init__(self, keys: KeyRing, per_minute: int) -> None:
        self._keys = keys
        self._rate = Rate(per_minute, BURST)

    async def caller(self, text: str | None, scope: Scope) -> ApiKey:
        """The key of a request that needs a scope. Raises Problem: 401 without a valid key, 403 without the scope, 429
        if it asks too often."""
        key = await run_in_threadpool(self._keys.find, text) if text else None
        if key is None:
            missing = {"WWW-Authenticate": 'Bearer realm="openmg"'}
            raise Problem(HTTPStatus.UNAUTHORIZED, "send a valid key: `Authorization: Bearer omg_...`", missing)
        if not self._rate.allows(key.id):
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, TOO_MANY, RETRY)
        if scope not in key.scopes:
            raise Problem(HTTPStatus.FORBIDDEN, f"this key may not do that: {scope} is needed")
        return key


def needs(scope: Scope) -> Any:
    """What a route depends on that only callers with that scope may use; gives it the caller's key."""

    async def caller(
        http: Request, given: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)] = None
    ) -> ApiKey:
        access: Access = http.app.state.access
        return await access.caller(given.credentials if given else None, scope)

    return Depends(caller)


class AddressLimit:
    """Refuses addresses that send too many requests, before anything of a request is looked at."""

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self._app = app
        self._rate = Rate(per_minute, BURST)

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._rate.allows(scope["client"][0] if scope.get("client") else ""):
            await problem_answer(HTTPStatus.TOO_MANY_REQUESTS, TOO_MANY, RETRY)(scope, receive, send)
            return
        await self._app(scope, receive, send)
