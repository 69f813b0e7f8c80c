"""A station as a car's client sees it."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from offchain.charging.quote import Quote
from offchain.charging.statement import Units
from offchain.charging.station import Offer
from offchain.errors import UserError
from offchain.http_client import HTTPClient
from offchain.metering.signed_reading import Word, first_fault

Model = TypeVar("Model", bound=BaseModel)

ANSWER_SECONDS = 20


class ChargeError(UserError):
    """Says in one line why a session can't go on."""


class Silent(ChargeError):
    """The station doesn't answer."""


class NotYet(ChargeError):
    """The station doesn't see a payment yet, or knows no such session."""


class Ended(ChargeError):
    """The session takes no payment any more."""


class Status(BaseModel):
    """How a session stands, as its station says; `allowed` Wh are paid for."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    session: Word
    paid: Units
    allowed: int
    reading: dict[str, JsonValue] | None
    flowing: bool
    ended: bool
    receipt: dict[str, JsonValue] | None


class StationClient:
    """A station at a URL. Methods raise ChargeError if it doesn't answer, or refuses."""

    def __init__(self, url: str) -> None:
        self._service = HTTPClient(url, "charging station", Silent)

    @property
    def url(self) -> str:
        """Where it is."""
        return self._service.url

    def offer(self) -> Offer:
        """What it offers. Whoever answers says so: only a quote is signed."""
        return _read(Offer, self._ask("GET", "/offer"))

    def quote(self, asset: str, order: int, refund_address: str, *, stream: bool) -> Quote:
        """A signed quote. Raises StatementError."""
        asked = {"asset": asset, "order": order, "stream": stream, "refund_address": refund_address}
        return Quote.of(self._ask("POST", "/sessions", asked))

    def status(self, session: str) -> Status:
        """How a session stands."""
        return _read(Status, self._ask("GET", f"/sessions/{session}"))

    def pay(self, session: str, transaction: str, salt: str) -> Status:
        """Shows a payment. Raises NotYet, Ended."""
        shown = {"transaction": transaction, "salt": salt}
        return _read(Status, self._ask("POST", f"/sessions/{session}/payments", shown))

    def end(self, session: str) -> Status:
        """Ends a session."""
        return _read(Status, self._ask("POST", f"/sessions/{session}/end", {}))

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._service.ask(method, path, ANSWER_SECONDS, json.dumps(body) if body is not None else None)
        if answer.refusal is None:
            return answer.content
        kinds: dict[int, type[ChargeError]] = {HTTPStatus.NOT_FOUND: NotYet, HTTPStatus.GONE: Ended}
        raise kinds.get(answer.status, ChargeError)(f"the station refuses: {answer.refusal}")


def _read(model: type[Model], content: dict[str, Any]) -> Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ChargeError(f"the station's answer can't be read: {first_fault(error)}") from None
