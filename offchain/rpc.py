"""JSON-RPC over one kept-alive connection, several requests at a time."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from offchain.errors import UserError

Request = tuple[str, list[Any]]


@dataclass(frozen=True)
class RpcError:
    """An answer that is an error, with the revert data if it has any."""

    message: str
    data: bytes


class RpcFailed(UserError):
    """Says in one line what the node answered where no error is expected, or that it doesn't answer."""


class Rpc:
    """Talks to one node. Requests of one batch may run in any order."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def close(self) -> None:
        self._connection.close()

    def batch(self, requests: list[Request]) -> list[Any]:
        """The results in the order of the requests, each possibly an RpcError. Raises RpcFailed without an answer."""
        body = [
            {"jsonrpc": "2.0", "id": index, "method": method, "params": params}
            for index, (method, params) in enumerate(requests)
        ]
        try:
            self._connection.request("POST", "/", json.dumps(body), {"Content-Type": "application/json"})
            content = json.loads(self._connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise RpcFailed(f"the node at {self.url} doesn't answer ({type(error).__name__})") from error
        answers = sorted(content, key=lambda answer: int(answer["id"]))
        return [_error(answer["error"]) if "error" in answer else answer["result"] for answer in answers]

    def call(self, method: str, *params: Any) -> Any:
        """One request. Raises RpcFailed on an error."""
        (result,) = self.batch([(method, list(params))])
        if isinstance(result, RpcError):
            raise RpcFailed(f"{method}: {result.message}")
        return result


def _error(error: dict[str, Any]) -> RpcError:
    data = error.get("data")
    return RpcError(error["message"], bytes.fromhex(data[2:]) if isinstance(data, str) else b"")
