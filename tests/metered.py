"""A small microgrid for tests of the history: meters with their devices' keys, and the API on top."""

from __future__ import annotations

import io
import json
import time
from dataclasses import dataclass, field
from typing import Any

from fastapi.testclient import TestClient
from nacl.signing import SigningKey

from offchain.api.application import Rules, application
from offchain.api.followed import Chains
from offchain.api.keys import KeyRing, Scope
from offchain.api.watch import json_log
from offchain.history.database import Database
from offchain.history.meters import add_meter
from offchain.metering.signed_reading import SignedReading, sign

INTERVAL = 900
CAPACITY = 4000


@dataclass(frozen=True)
class Device:
    """A meter's device."""

    number: int

    @property
    def commitment(self) -> bytes:
        """Made up: the history takes any 32 bytes."""
        return self.number.to_bytes(32, "big")

    @property
    def key(self) -> SigningKey:
        """Its own."""
        return SigningKey(bytes([self.number]) * 32)

    def added_to(self, database: Database, microgrid: str = "MG1") -> Device:
        """This device, which the history knows then."""
        add_meter(database, self.commitment, bytes(self.key.verify_key), microgrid, CAPACITY, INTERVAL)
        return self

    def reading(self, start: int, imported: int = 100, exported: int = 0, sequence: int = 1) -> SignedReading:
        """What it sends of an interval."""
        return sign(self.key, self.commitment, start, INTERVAL, imported, exported, sequence)

    def content(self, start: int, imported: int = 100, exported: int = 0, sequence: int = 1) -> dict[str, Any]:
        """The same as a JSON object."""
        return self.reading(start, imported, exported, sequence).model_dump()


def last_interval(back: int = 1) -> int:
    """When the interval before the current one began, or one further back."""
    return (int(time.time()) // INTERVAL - back) * INTERVAL


@dataclass
class Api:
    """The API on a database, and what it logs. Each role has a key: a household of one meter, its neighbour, a
    concentrator, a service firm, and the operator."""

    database: Database
    rules: Rules = field(default_factory=lambda: Rules(per_minute=1_000_000))
    log: io.StringIO = field(default_factory=io.StringIO)
    chains: Chains | None = None

    def __post_init__(self) -> None:
        self.home, self.neighbour = Device(1).added_to(self.database), Device(2).added_to(self.database)
        ring = KeyRing(self.database)
        own = (Scope.OWN_READ, Scope.OWN_ERASE)
        self.keys = {
            "household": ring.new("household", own, [self.home.commitment]),
            "neighbour": ring.new("neighbour", own, [self.neighbour.commitment]),
            "concentrator": ring.new("concentrator", [Scope.READINGS_WRITE]),
            "firm": ring.new("firm", [Scope.MARKET_READ]),
            "operator": ring.new("operator", [Scope.OPERATOR_READ]),
        }
        self.app = application(self.database, self.rules, json_log(self.log), self.chains)
        self.client = TestClient(self.app)

    def ask(self, role: str, method: str, path: str, **more: Any) -> Any:
        """The answer to a request with a role's key; nobody is the role without one."""
        headers = {"Authorization": f"Bearer {self.keys[role]}"} if role in self.keys else {}
        return self.client.request(method, path, headers=headers | more.pop("headers", {}), **more)

    def send(self, *readings: Any, role: str = "concentrator") -> Any:
        """The answer to a batch."""
        return self.ask(role, "POST", "/v1/readings", content=json.dumps({"readings": readings}))


def problem(answer: Any, status: int) -> str:
    """The one line of an error."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    content = answer.json()
    assert set(content) == {"title", "status", "detail"}
    assert content["status"] == status
    assert content["detail"]
    assert "\n" not in content["detail"]
    return str(content["detail"])
