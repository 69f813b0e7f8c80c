"""JSON-RPC 2.0: reading what clients send, and the form of what they get. Codes are those of EIP-1474."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from offchain.errors import UserError

PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMETERS = -32700, -32600, -32601, -32602
INTERNAL_ERROR, SERVER_ERROR, LIMIT_EXCEEDED = -32603, -32000, -32005


class Refusal(UserError):
    """An error of JSON-RPC: code, message and, from an engine, data."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


@dataclass(frozen=True)
class Call:
    """A call. Its answer bears the `id`; a call without one has `answered` false."""

    method: str
    parameters: list[Any]
    id: Any
    answered: bool


@dataclass(frozen=True)
class BadCall:
    """What should be a call and isn't, with its id as far as it can be read."""

    id: Any
    refusal: Refusal


Result = msgspec.Raw | Refusal


def parse(text: bytes, most: int) -> list[Call | BadCall] | Call | BadCall:
    """A call, or a batch of at most `most` of them. Raises Refusal if it is neither."""
    try:
        content = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(PARSE_ERROR, f"not JSON: {str(error).splitlines()[0]}") from error
    if not isinstance(content, list):
        return _call(content)
    if not content:
        raise Refusal(INVALID_REQUEST, "an empty batch")
    if len(content) > most:
        raise Refusal(LIMIT_EXCEEDED, f"a batch has at most {most:,} calls")
    return [_call(one) for one in content]


def _call(content: Any) -> Call | BadCall:
    if not isinstance(content, dict):
        return BadCall(None, Refusal(INVALID_REQUEST, "a call is a JSON object"))
    identity = content.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int | float | None):
        return BadCall(None, Refusal(INVALID_REQUEST, "id must be a string, a number or null"))
    if content.get("jsonrpc") != "2.0":
        return BadCall(identity, Refusal(INVALID_REQUEST, 'jsonrpc must be "2.0"'))
    method, parameters = content.get("method"), content.get("params", [])
    if not isinstance(method, str):
        return BadCall(identity, Refusal(INVALID_REQUEST, "method must be a string"))
    if parameters is None:
        parameters = []
    if not isinstance(parameters, list):
        return BadCall(identity, Refusal(INVALID_PARAMETERS, "params must be an array"))
    return Call(method, parameters, identity, "id" in content)


def answer(identity: Any, result: Result) -> bytes:
    """The answer to a call."""
    shown = msgspec.json.encode(identity)
    if isinstance(result, Refusal):
        return b'{"jsonrpc":"2.0","id":%s,"error":%s}' % (shown, _error(result))
    return b'{"jsonrpc":"2.0","id":%s,"result":%s}' % (shown, bytes(result))


def notification(subscription: str, result: bytes) -> bytes:
    """What a subscriber is sent."""
    shown = msgspec.json.encode(subscription)
    form = b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":%s,"result":%s}}'
    return form % (shown, result)


def _error(refusal: Refusal) -> bytes:
    content = {"code": refusal.code, "message": " ".join(refusal.message.split())}
    return msgspec.json.encode(content if refusal.data is None else content | {"data": refusal.data})
