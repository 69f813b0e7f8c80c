"""Keys of the API: what each may do, and whose meters are its own.

A key is `omg_<id>_<secret>`, both in hexadecimal, the secret of 256 random bits. Only its SHA-256 is kept: of a secret
that nobody can guess that is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import insert, select, update

from offchain.errors import UserError
from offchain.history import tables
from offchain.history.database import Database
from offchain.history.meters import find_meters

TEXT = re.compile(r"omg_([0-9a-f]{16})_([0-9a-f]{64})")
ID_BYTES, SECRET_BYTES = 8, 32
LONGEST_NAME = 64


class Scope(StrEnum):
    """What a key may do."""

    READINGS_WRITE = "readings:write"
    OWN_READ = "own:read"
    OWN_ERASE = "own:erase"
    MARKET_READ = "market:read"
    OPERATOR_READ = "operator:read"


OWN = frozenset({Scope.OWN_READ, Scope.OWN_ERASE})


class ApiKeyError(UserError):
    """Says in one line why a key can't be made or revoked."""


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret; meters by the ids of the database."""

    id: str
    name: str
    scopes: frozenset[Scope]
    meters: tuple[int, ...]
    created: int
    revoked: int | None


class KeyRing:
    """The keys in a database. Every method raises HistoryError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def new(self, name: str, scopes: Iterable[Scope], meters: Sequence[bytes] = ()) -> str:
        """Makes a key and returns its text, which is kept nowhere; `meters` are commitments. Raises ApiKeyError."""
        chosen, number, secret = sorted(set(scopes)), secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES)
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise ApiKeyError(f"a key's name has 1 to {LONGEST_NAME} printable characters")
        if not chosen:
            raise ApiKeyError("a key needs at least one scope")
        if bool(OWN & set(chosen)) != bool(meters):
            raise ApiKeyError("own:read and own:erase need the key's own meters, and a key without them takes none")
        row = {"id": number, "digest": _digest(secret), "name": name, "scopes": " ".join(chosen)}
        with self._database.write() as connection:
            known = find_meters(connection, meters)
            missing = [meter for meter in meters if meter not in known]
            if missing:
                raise ApiKeyError(f"meter 0x{missing[0].hex()} is not registered here: `openmg api meter add` first")
            connection.execute(insert(tables.api_keys), {**row, "created": int(time.time()), "revoked": None})
            if known:
                links = [{"key": number, "meter": meter.id} for meter in known.values()]
                connection.execute(insert(tables.api_key_meters), links)
        return f"omg_{number}_{secret}"

    def find(self, text: str) -> ApiKey | None:
        """The key of a text, None if there is none, it was revoked, or the secret is another."""
        parts = TEXT.fullmatch(text)
        if parts is None:
            return None
        found = self._read(parts[1])
        if not found or not hmac.compare_digest(found[0][1], _digest(parts[2])) or found[0][0].revoked is not None:
            return None
        return found[0][0]

    def all(self) -> list[ApiKey]:
        """All keys, also revoked ones, the oldest first."""
        return [key for key, _ in self._read(None)]

    def revoke(self, number: str) -> None:
        """Ends a key, by its id. Raises ApiKeyError if there is no such key, or it was revoked."""
        table = tables.api_keys
        with self._database.write() as connection:
            query = update(table).where(table.c.id == number, table.c.revoked.is_(None))
            if not connection.execute(query.values(revoked=int(time.time()))).rowcount:
                raise ApiKeyError(f"there is no key {number} that could be revoked: see `openmg api key list`")

    def _read(self, number: str | None) -> list[tuple[ApiKey, bytes]]:
        table, links = tables.api_keys, tables.api_key_meters
        query, owned = select(table).order_by(table.c.created, table.c.id), select(links).order_by(links.c.meter)
        if number is not None:
            query, owned = query.where(table.c.id == number), owned.where(links.c.key == number)
        with self._database.read() as connection:
            rows, pairs = connection.execute(query).all(), connection.execute(owned).all()
        meters: dict[str, list[int]] = {}
        for pair in pairs:
            meters.setdefault(pair.key, []).append(pair.meter)
        return [
            (
                ApiKey(
                    row.id,
                    row.name,
                    frozenset(map(Scope, row.scopes.split())),
                    tuple(meters.get(row.id, ())),
                    row.created,
                    row.revoked,
                ),
                row.digest,
            )
            for row in rows
        ]


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
